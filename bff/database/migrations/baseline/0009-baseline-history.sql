-- Observations: figures in chunks, changes of state, answers of the status endpoints, and deployments.
set local role wheelhouse_owner;

-- Leases for writes that only one process may make. The epoch increases with each new owner; each writing transaction
-- locks the row with its epoch (`for share`), so that a former owner's write is refused and a takeover waits for a
-- running one.
create table wheelhouse.leases (
  name text primary key,
  owner text not null,
  epoch bigint not null,
  expires_at timestamptz not null
);
grant select, insert, update on wheelhouse.leases to wheelhouse_system;

-- Figures of one entity over one closed chunk: 10 min of 10 s, 6 h of minutes, 10 d of hours (`step_s` 10, 60, 3600).
-- The values of metric n start at n * (chunk / step) + 1; null where there is no data. Steps of 10 s have means alone.
create table wheelhouse.history_chunks (
  org_id uuid not null references wheelhouse.organizations (id),
  kind text not null,
  entity text not null,
  step_s int not null check (step_s in (10, 60, 3600)),
  starts_at timestamptz not null,
  metrics text[] not null,
  means real[] not null,
  mins real[] not null,
  maxs real[] not null,
  primary key (org_id, kind, entity, step_s, starts_at)
);
create index history_chunks_oldest on wheelhouse.history_chunks (step_s, starts_at);
select wheelhouse.own_by_organization('wheelhouse.history_chunks');
grant select on wheelhouse.history_chunks to wheelhouse_app;
grant select, insert, update, delete on wheelhouse.history_chunks to wheelhouse_system;

-- The current chunk of 10 min, written each minute: it survives a crash, and readers see the chunk through it. One row
-- per entity, overwritten in place.
create table wheelhouse.history_open (
  org_id uuid not null references wheelhouse.organizations (id),
  kind text not null,
  entity text not null,
  starts_at timestamptz not null,
  metrics text[] not null,
  means real[] not null,
  primary key (org_id, kind, entity)
) with (fillfactor = 40);
select wheelhouse.own_by_organization('wheelhouse.history_open');
grant select on wheelhouse.history_open to wheelhouse_app;
grant select, insert, update, delete on wheelhouse.history_open to wheelhouse_system;

-- Windows of 6 h whose 10 s chunks have been summed up into minutes and hours.
create table wheelhouse.history_rollups (
  starts_at timestamptz primary key
);
grant select, insert, delete on wheelhouse.history_rollups to wheelhouse_system;
grant select on wheelhouse.history_rollups to wheelhouse_app;

create table wheelhouse.history_journal (
  id uuid primary key default wheelhouse.uuidv7(),
  org_id uuid not null references wheelhouse.organizations (id),
  -- When the collector saw it, by the server's clock.
  at timestamptz not null,
  kind text not null,
  subject_id text,
  subject text not null,
  from_state text,
  to_state text,
  text text not null,
  cause text not null
);
create index history_journal_newest on wheelhouse.history_journal (org_id, at desc, id desc);
create index history_journal_oldest on wheelhouse.history_journal (at);
-- The journal of one thing, newest first, by its id or its name.
create index history_journal_subject_id on wheelhouse.history_journal (org_id, subject_id, at desc, id desc);
create index history_journal_subject on wheelhouse.history_journal (org_id, subject, at desc, id desc);
select wheelhouse.own_by_organization('wheelhouse.history_journal');
grant select on wheelhouse.history_journal to wheelhouse_app;
grant select, insert, delete on wheelhouse.history_journal to wheelhouse_system;

-- Answers of the status endpoints at a moment, compressed; the first byte of each says how: 0 whole, 1 as the
-- difference to the frame at `base_at`.
create table wheelhouse.history_frames (
  org_id uuid not null references wheelhouse.organizations (id),
  at timestamptz not null,
  base_at timestamptz,
  keep_until timestamptz not null,
  overview bytea not null,
  health bytea not null,
  breakers bytea not null,
  caches bytea not null,
  queues bytea not null,
  -- Redis servers (keyspace, slow log, latency), and the components that instances reported; null in older frames.
  servers bytea,
  details bytea,
  primary key (org_id, at)
);
create index history_frames_expired on wheelhouse.history_frames (keep_until);
select wheelhouse.own_by_organization('wheelhouse.history_frames');
grant select on wheelhouse.history_frames to wheelhouse_app;
grant select, insert, delete on wheelhouse.history_frames to wheelhouse_system;

create table wheelhouse.deployments (
  id uuid primary key default wheelhouse.uuidv7(),
  org_id uuid not null references wheelhouse.organizations (id),
  service text not null check (length(service) between 1 and 100),
  version text not null check (length(version) between 1 and 100),
  -- The reported time of the roll-out.
  deployed_at timestamptz not null,
  deployed_by text not null check (length(deployed_by) between 1 and 100),
  url text check (length(url) <= 500),
  created_at timestamptz not null default now()
);
create index deployments_newest on wheelhouse.deployments (org_id, created_at desc, id desc);
create index deployments_deployed on wheelhouse.deployments (org_id, deployed_at desc, id desc);
select wheelhouse.own_by_organization('wheelhouse.deployments');
grant select, insert on wheelhouse.deployments to wheelhouse_app;
grant select on wheelhouse.deployments to wheelhouse_system;

reset role;
