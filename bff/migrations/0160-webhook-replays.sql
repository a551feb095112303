-- Replays of many deliveries: a set frozen by a plan, sent step by step by whichever worker holds the run's row.
set local role wheelhouse_owner;

create table wheelhouse.webhook_replays (
  id uuid primary key default wheelhouse.uuidv7(),
  org_id uuid not null references wheelhouse.organizations (id),
  state text not null default 'planned'
    check (state in ('planned', 'running', 'paused', 'completed', 'cancelled', 'expired')),
  -- As it was asked for, and what the plan found beside the frozen set.
  filter jsonb not null,
  plan jsonb not null,
  reason text,
  -- Most deliveries a second to each endpoint; null: as fast as they can be handed over.
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
  -- Milliseconds, as the cursors of the list carry it.
  created_at timestamptz(3) not null,
  expires_at timestamptz not null,
  -- Until then a started run can be cancelled before anything is sent; null while it is a plan.
  starts_at timestamptz,
  ended_at timestamptz
);
create index webhook_replays_page on wheelhouse.webhook_replays (org_id, created_at desc, id desc);
-- What the workers look at: runs that send, and ended ones whose last answers are still to come.
create index webhook_replays_going on wheelhouse.webhook_replays (id)
  where state = 'running' or sent > succeeded + failed;
create index webhook_replays_planned on wheelhouse.webhook_replays (expires_at) where state = 'planned';

-- The part of a run that goes to one endpoint, with a pace of its own.
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
  -- Deliveries a second now, and how many may be sent at once; null without a limit.
  rate double precision,
  budget double precision not null default 0,
  paced_at timestamptz not null,
  -- Outcomes since `window_at`, by which the rate is changed.
  window_at timestamptz not null,
  window_ok int not null default 0,
  window_bad int not null default 0,
  primary key (replay_id, endpoint_id)
);

-- One delivery of a run: the lineage. `generation` is the one that was frozen; a send begins the next.
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
  id bigint generated always as identity,
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
