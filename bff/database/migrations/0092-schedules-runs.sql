-- Runs of schedules, Wheelhouse's own and watched ones, and what is known of a schedule beside them.
set local role wheelhouse_owner;

create table wheelhouse.schedule_runs (
  org_id uuid not null references wheelhouse.organizations (id),
  -- As in the list of schedules: `own~<name>`, or `<source>~<prefix>~<queue>~<key>`.
  schedule text not null check (length(schedule) between 1 and 1000),
  due_at timestamptz(3) not null,
  started_at timestamptz(3),
  ended_at timestamptz(3),
  outcome text not null
    check (outcome in ('waiting', 'running', 'completed', 'failed', 'timed_out', 'missed', 'unknown')),
  -- What it did, or why it failed.
  detail text check (length(detail) <= 1000),
  trigger text not null default 'due' check (trigger in ('due', 'first', 'person', 'parent')),
  asked_by text,
  -- The rest is for own schedules: the process that runs it, until when it is alive, and what it has finished.
  runner text,
  lease_until timestamptz,
  attempts int not null default 0,
  steps_done text[] not null default '{}',
  primary key (org_id, schedule, due_at),
  check (lease_until is null or outcome in ('waiting', 'running'))
);
-- Never two at a time.
create unique index schedule_runs_open on wheelhouse.schedule_runs (org_id, schedule) where lease_until is not null;
create index schedule_runs_oldest on wheelhouse.schedule_runs (due_at);
select wheelhouse.own_by_organization('wheelhouse.schedule_runs');
grant select, insert on wheelhouse.schedule_runs to wheelhouse_app;
grant select, insert, update, delete on wheelhouse.schedule_runs to wheelhouse_system;

create table wheelhouse.schedule_states (
  org_id uuid not null references wheelhouse.organizations (id),
  schedule text not null check (length(schedule) between 1 and 1000),
  name text not null,
  -- Of an own schedule: up to when every due time has been claimed, or skipped while it was paused.
  handled_until timestamptz(3),
  paused_at timestamptz(3),
  paused_by text,
  pause_reason text,
  -- Of a watched schedule: what was removed from its Redis, so that it can be put back.
  template jsonb,
  -- When its program created it again although it is paused here.
  recreated_at timestamptz(3),
  primary key (org_id, schedule)
);
select wheelhouse.own_by_organization('wheelhouse.schedule_states');
grant select, insert, update, delete on wheelhouse.schedule_states to wheelhouse_app, wheelhouse_system;

reset role;
