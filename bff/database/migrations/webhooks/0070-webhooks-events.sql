-- Events become a list of their own: whether an endpoint took them, which disabled ones missed them, and what a person
-- delivered later.
set local role wheelhouse_owner;

alter table wheelhouse.webhook_events
  -- `matched`: an endpoint took it. `disabled`: only disabled ones would have. `filter`: the filters of all endpoints leave
  -- it out. `none`: there was no endpoint. `later`: nobody took it, and a person delivered it. `unrecorded`: nobody took
  -- it, and it is older than this column.
  add column fate text not null default 'matched'
    check (fate in ('matched', 'disabled', 'filter', 'none', 'later', 'unrecorded')),
  -- Endpoints that were disabled when it came, and whose filter takes it.
  add column missed_by uuid[] not null default '{}',
  -- As received. Null for events older than this column.
  add column size_bytes int,
  -- The payload was removed by a person; what is left is not delivered again.
  add column expunged_at timestamptz(3),
  alter column payload drop not null,
  add constraint webhook_events_expunged check ((payload is null) = (expunged_at is not null));

-- Every mixture of filters is read in order from one of these, so that one that matches nothing costs a probe a day. They
-- differ in where nulls would stand, of which there are none: so only the one that was meant has the order that is asked
-- for, whatever the statistics of a new partition say.
create index webhook_events_fate on wheelhouse.webhook_events (org_id, fate, created_at desc, event_id desc);
create index webhook_events_type
  on wheelhouse.webhook_events (org_id, event_type, fate, created_at desc nulls last, event_id desc nulls last);
create index webhook_events_source
  on wheelhouse.webhook_events (org_id, source_id, fate, created_at desc nulls last, event_id desc);
create index webhook_events_source_type
  on wheelhouse.webhook_events (org_id, source_id, event_type, fate, created_at desc, event_id desc nulls last);
create index webhook_events_sent_id on wheelhouse.webhook_events (org_id, source_event_id, created_at desc);
create index webhook_events_missed on wheelhouse.webhook_events using gin (missed_by) where missed_by <> '{}';

-- The search for missed events uses an operator that row-level security keeps from the index.
grant select (event_id, org_id, created_at, missed_by) on wheelhouse.webhook_events to wheelhouse_search;

grant insert on wheelhouse.webhook_delivery_log to wheelhouse_app;
grant update (fate, payload, expunged_at, headers) on wheelhouse.webhook_events to wheelhouse_app;
grant update (fate) on wheelhouse.webhook_events to wheelhouse_system;

-- Deliveries of past events to an endpoint: a set fixed by a plan, then one delivery for each of its items.
create table wheelhouse.webhook_late_plans (
  id uuid primary key default wheelhouse.uuidv7(),
  org_id uuid not null references wheelhouse.organizations (id),
  endpoint_id uuid not null,
  state text not null default 'planned' check (state in ('planned', 'started', 'cancelled')),
  filter jsonb not null,
  -- Counts of what is left out, bounds in time, whether more events match.
  plan jsonb not null,
  total int not null,
  reason text,
  -- Most deliveries per second; null without a limit.
  rate int check (rate between 1 and 10000),
  planned_by text not null,
  started_by text,
  created_at timestamptz(3) not null,
  expires_at timestamptz(3) not null,
  -- Nothing is sent before this time.
  starts_at timestamptz(3)
);
create index webhook_late_plans_old on wheelhouse.webhook_late_plans (created_at);

create table wheelhouse.webhook_late_items (
  plan_id uuid not null references wheelhouse.webhook_late_plans (id) on delete cascade,
  event_id text not null,
  event_created_at timestamptz not null,
  org_id uuid not null,
  -- Null until the plan is started.
  delivery_id uuid,
  primary key (plan_id, event_id)
);

select wheelhouse.own_by_organization(format('wheelhouse.%I', name)::regclass)
from unnest(array['webhook_late_plans', 'webhook_late_items']) as name;
grant select, insert, update on wheelhouse.webhook_late_plans, wheelhouse.webhook_late_items to wheelhouse_app;
grant select, delete on wheelhouse.webhook_late_plans, wheelhouse.webhook_late_items to wheelhouse_system;

-- Rows of all organizations, which the owner's policy shows.
update wheelhouse.webhook_events e set fate = 'unrecorded'
where not exists (
  select from wheelhouse.webhook_delivery_log d
  where d.org_id = e.org_id and d.created_at = e.created_at and d.event_id = e.event_id);

reset role;
