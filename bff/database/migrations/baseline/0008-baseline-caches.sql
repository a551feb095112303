-- Removal of keys from the Redis of a declared cache by operators: accepted with its event, carried out by one process
-- at a time, which stores its progress here.
set local role wheelhouse_owner;

create table wheelhouse.cache_removals (
  id uuid primary key default wheelhouse.uuidv7(),
  org_id uuid not null references wheelhouse.organizations (id),
  -- Id of the cache as in its list, its name, and the Redis source that holds it.
  cache_id text not null check (length(cache_id) between 1 and 1000),
  cache_name text not null,
  source_id text not null,
  -- The declaration at the time of the request.
  prefix text not null check (length(prefix) between 1 and 200),
  store text,
  by text not null check (by in ('key', 'pattern', 'prefix', 'tag')),
  value text not null check (length(value) between 1 and 500),
  reason text not null,
  actor_display text not null,
  created_at timestamptz not null default now(),
  state text not null default 'running' check (state in ('running', 'done', 'cancelled', 'failed')),
  -- Position of SCAN, and the progress up to it.
  place text not null default '0',
  looked bigint not null default 0,
  total_keys bigint,
  removed bigint not null default 0,
  cause text,
  cancel_requested_at timestamptz,
  -- The process that carries it out, and its last progress.
  runner text,
  told_at timestamptz not null default now(),
  ended_at timestamptz,
  check ((state = 'running') = (ended_at is null))
);
create index cache_removals_newest on wheelhouse.cache_removals (org_id, cache_id, created_at desc);
create unique index cache_removals_running on wheelhouse.cache_removals (org_id, cache_id) where state = 'running';
select wheelhouse.own_by_organization('wheelhouse.cache_removals');
grant select, insert on wheelhouse.cache_removals to wheelhouse_app;
grant update (cancel_requested_at) on wheelhouse.cache_removals to wheelhouse_app;
grant select, insert, update, delete on wheelhouse.cache_removals to wheelhouse_system;

reset role;
