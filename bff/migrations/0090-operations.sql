-- Commands of operators to instances of watched services: accepted with their event, told after the commit, and ended
-- by what the instances answered or by their expiry.
set local role wheelhouse_owner;

create table wheelhouse.operations (
  id uuid primary key default wheelhouse.uuidv7(),
  org_id uuid not null references wheelhouse.organizations (id),
  -- Order of the commands: an instance obeys no older one after a newer one to the same target.
  ordinal bigint generated always as identity,
  kind text not null check (length(kind) between 1 and 60),
  -- Id of the breaker or cache, as its list gives it.
  target_id text not null check (length(target_id) between 1 and 1000),
  target_name text not null,
  -- Redis source on which the instances of the service listen.
  source_id text not null,
  service text not null,
  -- What they are told, as in shared/src/reporter/control.ts.
  act jsonb not null,
  -- Whoever is addressed, each by name.
  instances text[] not null check (cardinality(instances) between 1 and 200),
  reason text not null,
  actor_display text not null,
  created_at timestamptz not null default now(),
  -- Nobody obeys after this.
  expires_at timestamptz not null,
  state text not null default 'accepted' check (state in ('accepted', 'done', 'superseded')),
  -- By instance, what it answered until the end.
  replies jsonb not null default '{}',
  ended_at timestamptz,
  check ((state = 'accepted') = (ended_at is null))
);
create index operations_accepted on wheelhouse.operations (org_id, target_id, ordinal) where state = 'accepted';
select wheelhouse.own_by_organization('wheelhouse.operations');
grant select, insert on wheelhouse.operations to wheelhouse_app;
grant select, update, delete on wheelhouse.operations to wheelhouse_system;

reset role;
