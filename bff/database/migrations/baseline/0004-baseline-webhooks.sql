-- The webhook gateway: sources, endpoints, and the deliveries between them.
--
-- `created_at` of an event and of its deliveries is the millisecond inside their UUIDv7, so an id alone identifies the
-- daily partition. The big tables have no foreign keys: a key share lock on the organization per event would make all
-- commits queue for the same row.
set local role wheelhouse_owner;

create table wheelhouse.webhook_sources (
  id uuid primary key default wheelhouse.uuidv7(),
  org_id uuid not null references wheelhouse.organizations (id),
  slug text not null,
  name text not null,
  scheme text not null check (scheme in ('standard', 'github')),
  -- AES-256-GCM; null once deleted.
  secret_box bytea,
  secret_hint text not null,
  version int not null default 1,
  -- Milliseconds, like the cursors of the lists.
  created_at timestamptz(3) not null default now(),
  -- The row stays, so that the log can still name it.
  deleted_at timestamptz
);
create unique index webhook_sources_slug on wheelhouse.webhook_sources (org_id, slug) where deleted_at is null;
create index webhook_sources_page on wheelhouse.webhook_sources (org_id, created_at desc, id desc);

create table wheelhouse.webhook_endpoints (
  id uuid primary key default wheelhouse.uuidv7(),
  org_id uuid not null references wheelhouse.organizations (id),
  slug text not null,
  name text not null,
  url text not null,
  event_types text[] not null default '{}',
  secret_box bytea,
  secret_hint text not null,
  enabled boolean not null default true,
  disabled_reason text,
  version int not null default 1,
  -- Milliseconds, like the cursors of the lists.
  created_at timestamptz(3) not null default now(),
  deleted_at timestamptz
);
create unique index webhook_endpoints_slug on wheelhouse.webhook_endpoints (org_id, slug) where deleted_at is null;
create index webhook_endpoints_page on wheelhouse.webhook_endpoints (org_id, created_at desc, id desc);

-- Received events as they came: the bytes that are signed again for each receiver.
create table wheelhouse.webhook_events (
  event_id text not null,
  org_id uuid not null,
  source_id uuid not null,
  -- The provider's own id.
  source_event_id text not null,
  event_type text not null,
  content_type text not null,
  -- Redacted at capture.
  headers jsonb not null,
  payload bytea not null,
  received_at timestamptz not null,
  created_at timestamptz not null,
  primary key (event_id, created_at)
) partition by range (created_at);

create table wheelhouse.webhook_delivery_log (
  id uuid not null,
  org_id uuid not null,
  source_id uuid not null,
  endpoint_id uuid not null,
  event_type text not null,
  event_id text not null,
  received_at timestamptz not null,
  -- `processing` is not stored: it is a row with a claim.
  status text not null check (status in ('pending', 'completed', 'failed', 'dead_letter', 'discarded')),
  -- Attempts in this generation; a replay starts the next generation.
  attempts int not null default 0,
  max_attempts int not null,
  generation int not null default 1,
  -- Start of the generation's schedule; after its end, a delivery that an open breaker holds back is given up.
  generation_started_at timestamptz not null,
  version int not null default 1,
  next_attempt_at timestamptz,
  next_trigger text not null default 'schedule' check (next_trigger in ('schedule', 'replay', 'recovery')),
  last_attempt_at timestamptz,
  completed_at timestamptz,
  last_status_code int,
  error_class text,
  error_message text,
  job_id text,
  created_at timestamptz not null,
  primary key (id, created_at)
) partition by range (created_at);
create index webhook_delivery_log_page on wheelhouse.webhook_delivery_log (org_id, created_at desc, id desc);
create index webhook_delivery_log_status on wheelhouse.webhook_delivery_log (org_id, status, created_at desc, id desc);
create index webhook_delivery_log_endpoint on wheelhouse.webhook_delivery_log (org_id, endpoint_id, created_at desc, id desc);
create index webhook_delivery_log_type on wheelhouse.webhook_delivery_log (org_id, event_type, created_at desc, id desc);
create index webhook_delivery_log_error on wheelhouse.webhook_delivery_log (org_id, error_class, created_at desc, id desc)
  where error_class is not null;
create index webhook_delivery_log_dead on wheelhouse.webhook_delivery_log (org_id, endpoint_id, error_class, last_status_code)
  where status = 'dead_letter';
-- Read by the sweeper: rows that wait for an attempt, in the order in which they fall due.
create index webhook_delivery_log_due on wheelhouse.webhook_delivery_log (next_attempt_at, id)
  where status in ('pending', 'failed');

-- A running attempt. Committed before the request is sent, deleted with its outcome; one per delivery.
create table wheelhouse.webhook_claims (
  delivery_id uuid primary key,
  delivery_created_at timestamptz not null,
  org_id uuid not null,
  endpoint_id uuid not null,
  generation int not null,
  attempt int not null,
  attempt_trigger text not null,
  url text not null,
  worker text not null,
  started_at timestamptz not null,
  -- After this time without an outcome, the outcome is unknown.
  deadline_at timestamptz not null
);
create index webhook_claims_deadline on wheelhouse.webhook_claims (deadline_at);
create index webhook_claims_org on wheelhouse.webhook_claims (org_id);

create table wheelhouse.webhook_attempts (
  delivery_id uuid not null,
  delivery_created_at timestamptz not null,
  org_id uuid not null,
  endpoint_id uuid not null,
  generation int not null,
  attempt int not null,
  attempt_trigger text not null,
  url text not null,
  started_at timestamptz not null,
  finished_at timestamptz not null,
  latency_ms int,
  outcome text not null check (outcome in ('success', 'failure', 'unknown')),
  status_code int,
  error_class text,
  error_message text,
  -- Redacted and capped at capture; the request's body is the event's payload.
  request_headers jsonb not null,
  response_headers jsonb,
  response_body text,
  response_size_bytes int,
  response_truncated boolean,
  primary key (delivery_id, generation, attempt, delivery_created_at)
) partition by range (delivery_created_at);

-- Events that were already received. `body_hash` is empty unless the scheme leaves the id unsigned (GitHub).
create table wheelhouse.processed_webhook_events (
  org_id uuid not null,
  source_id uuid not null,
  source_event_id text not null,
  body_hash text not null,
  event_id text not null,
  day date not null,
  primary key (org_id, source_id, source_event_id, body_hash, day)
) partition by range (day);

-- Open rows and dead letters per organization as a sum of changes: every writer appends, so nobody waits for a counter.
create table wheelhouse.webhook_counts (
  org_id uuid not null,
  status text not null,
  delta bigint not null
);

-- Attempts counted per second and process, then per minute; the basis of rates and percentiles.
create table wheelhouse.webhook_figures (
  org_id uuid not null,
  endpoint_id uuid not null,
  at timestamptz not null,
  success boolean not null,
  first_attempt boolean not null,
  -- The delivery ended with this attempt.
  final boolean not null,
  -- floor(ln(latency in ms) / ln(1.1)); -1 without an answer.
  latency_bucket smallint not null,
  count int not null
);
create index webhook_figures_at on wheelhouse.webhook_figures (at);

create function wheelhouse.webhook_count_inserted() returns trigger language plpgsql as $$
begin
  insert into wheelhouse.webhook_counts (org_id, status, delta)
    select org_id, status, count(*) from new_rows where status <> 'completed' group by org_id, status;
  return null;
end
$$;
create function wheelhouse.webhook_count_updated() returns trigger language plpgsql as $$
begin
  insert into wheelhouse.webhook_counts (org_id, status, delta)
    select org_id, status, sum(change)
    from (
      select org_id, status, 1 as change from new_rows
      union all
      select org_id, status, -1 from old_rows
    ) changes
    where status <> 'completed'
    group by org_id, status having sum(change) <> 0;
  return null;
end
$$;
create trigger count_inserted after insert on wheelhouse.webhook_delivery_log
  referencing new table as new_rows for each statement execute function wheelhouse.webhook_count_inserted();
create trigger count_updated after update on wheelhouse.webhook_delivery_log
  referencing new table as new_rows old table as old_rows
  for each statement execute function wheelhouse.webhook_count_updated();

select wheelhouse.own_by_organization(format('wheelhouse.%I', name)::regclass)
from unnest(array[
  'webhook_sources', 'webhook_endpoints', 'webhook_events', 'webhook_delivery_log', 'webhook_claims',
  'webhook_attempts', 'processed_webhook_events', 'webhook_counts', 'webhook_figures'
]) as name;

grant select, insert, update on wheelhouse.webhook_sources, wheelhouse.webhook_endpoints
  to wheelhouse_app, wheelhouse_system;
grant select, update on wheelhouse.webhook_delivery_log to wheelhouse_app;
grant select on wheelhouse.webhook_events, wheelhouse.webhook_claims, wheelhouse.webhook_attempts to wheelhouse_app;
grant insert on wheelhouse.webhook_counts to wheelhouse_app;
grant select, insert, update on wheelhouse.webhook_delivery_log to wheelhouse_system;
grant select, insert on wheelhouse.webhook_events, wheelhouse.webhook_attempts, wheelhouse.processed_webhook_events
  to wheelhouse_system;
grant select, insert, delete on wheelhouse.webhook_claims, wheelhouse.webhook_counts, wheelhouse.webhook_figures
  to wheelhouse_system;

-- Replays of many deliveries: a set fixed by a plan, sent step by step by the worker that holds the run's row.
create table wheelhouse.webhook_replays (
  id uuid primary key default wheelhouse.uuidv7(),
  org_id uuid not null references wheelhouse.organizations (id),
  state text not null default 'planned'
    check (state in ('planned', 'running', 'paused', 'completed', 'cancelled', 'expired')),
  -- The request, and the plan's result besides the fixed set.
  filter jsonb not null,
  plan jsonb not null,
  reason text,
  -- Most deliveries per second to each endpoint; null for no limit.
  rate int check (rate between 1 and 10000),
  -- Why it is paused.
  cause text,
  -- Sums over its endpoints.
  total int not null default 0,
  sent int not null default 0,
  succeeded int not null default 0,
  failed int not null default 0,
  skipped int not null default 0,
  planned_by text not null,
  started_by text,
  -- Milliseconds, like the cursors of the list.
  created_at timestamptz(3) not null,
  expires_at timestamptz not null,
  -- Until then a started run can be cancelled before anything is sent; null while it is a plan.
  starts_at timestamptz,
  ended_at timestamptz
);
create index webhook_replays_page on wheelhouse.webhook_replays (org_id, created_at desc, id desc);
-- Read by the workers: runs that send, and ended ones with answers still to come.
create index webhook_replays_going on wheelhouse.webhook_replays (id)
  where state = 'running' or sent > succeeded + failed;
create index webhook_replays_planned on wheelhouse.webhook_replays (expires_at) where state = 'planned';

-- The part of a run that goes to one endpoint, with its own pace.
create table wheelhouse.webhook_replay_endpoints (
  replay_id uuid not null references wheelhouse.webhook_replays (id) on delete cascade,
  org_id uuid not null,
  endpoint_id uuid not null,
  event_types text[] not null,
  total int not null,
  sent int not null default 0,
  succeeded int not null default 0,
  failed int not null default 0,
  skipped int not null default 0,
  phase text not null default 'canary' check (phase in ('canary', 'sending', 'held', 'done')),
  cause text,
  canary_sent int not null default 0,
  canary_ok int not null default 0,
  canary_bad int not null default 0,
  failed_in_row int not null default 0,
  -- Deliveries per second now, and how many may be sent at once; null without a limit.
  rate double precision,
  budget double precision not null default 0,
  paced_at timestamptz not null,
  -- Outcomes since `window_at`, by which the rate is adjusted.
  window_at timestamptz not null,
  window_ok int not null default 0,
  window_bad int not null default 0,
  primary key (replay_id, endpoint_id)
);

-- One delivery of a run: the lineage. `generation` is the one in the snapshot; sending starts the next.
create table wheelhouse.webhook_replay_items (
  delivery_id uuid not null,
  replay_id uuid not null,
  org_id uuid not null,
  endpoint_id uuid not null,
  delivery_created_at timestamptz not null,
  generation int not null,
  state text not null default 'waiting' check (state in ('waiting', 'sent', 'succeeded', 'failed', 'skipped')),
  -- Why it was skipped.
  why text,
  status_code int,
  error_class text,
  primary key (delivery_id, replay_id)
);
create index webhook_replay_items_waiting on wheelhouse.webhook_replay_items (replay_id, endpoint_id, delivery_id)
  where state = 'waiting';
create index webhook_replay_items_sent on wheelhouse.webhook_replay_items (replay_id, delivery_id)
  where state = 'sent';
create index webhook_replay_items_failed on wheelhouse.webhook_replay_items (replay_id, endpoint_id)
  where state = 'failed';

create table wheelhouse.webhook_replay_journal (
  replay_id uuid not null references wheelhouse.webhook_replays (id) on delete cascade,
  id bigint generated by default as identity,
  org_id uuid not null,
  at timestamptz not null,
  endpoint_id uuid,
  what text not null,
  detail text,
  primary key (replay_id, id)
);

select wheelhouse.own_by_organization(format('wheelhouse.%I', name)::regclass)
from unnest(array[
  'webhook_replays', 'webhook_replay_endpoints', 'webhook_replay_items', 'webhook_replay_journal'
]) as name;

grant select, insert, update on wheelhouse.webhook_replays, wheelhouse.webhook_replay_endpoints to wheelhouse_app;
grant select, insert on wheelhouse.webhook_replay_items, wheelhouse.webhook_replay_journal to wheelhouse_app;
grant select, insert, update, delete on wheelhouse.webhook_replays, wheelhouse.webhook_replay_endpoints,
  wheelhouse.webhook_replay_items, wheelhouse.webhook_replay_journal to wheelhouse_system;

reset role;
