-- Acts on schedules of watched programs: accepted with their event, applied to Redis after the commit, and again until
-- they are done, refused or too old.
set local role wheelhouse_owner;

create table wheelhouse.schedule_commands (
  id uuid primary key default wheelhouse.uuidv7(),
  org_id uuid not null references wheelhouse.organizations (id),
  schedule text not null check (length(schedule) between 1 and 1000),
  name text not null,
  command text not null check (command in ('run', 'pause', 'resume', 'edit', 'remove')),
  -- What is needed to carry it out, as in watched/commands.ts.
  act jsonb not null,
  reason text not null,
  actor_display text not null,
  created_at timestamptz(3) not null default now(),
  expires_at timestamptz not null default now() + interval '1 minute',
  state text not null default 'accepted' check (state in ('accepted', 'done', 'refused')),
  detail text check (length(detail) <= 1000),
  ended_at timestamptz,
  check ((state = 'accepted') = (ended_at is null))
);
create index schedule_commands_open on wheelhouse.schedule_commands (created_at) where state = 'accepted';
create index schedule_commands_ended on wheelhouse.schedule_commands (ended_at) where ended_at is not null;
select wheelhouse.own_by_organization('wheelhouse.schedule_commands');
grant select, insert on wheelhouse.schedule_commands to wheelhouse_app;
grant select, update, delete on wheelhouse.schedule_commands to wheelhouse_system;

-- Runs asked for by a person that have not ended.
create index schedule_runs_asked on wheelhouse.schedule_runs (due_at)
  where trigger = 'person' and outcome in ('waiting', 'running');

reset role;
