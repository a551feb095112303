-- States of breakers and their instances over time. A row of a tick keeps only the newest 20, so counts over a window
-- are read from here.
set local role wheelhouse_owner;

create table wheelhouse.history_moves (
  id uuid primary key default wheelhouse.uuidv7(),
  org_id uuid not null references wheelhouse.organizations (id),
  kind text not null,
  entity text not null,
  name text not null,
  -- The instance; empty for the thing as a whole.
  part text not null,
  at timestamptz not null,
  state text not null,
  -- Null for the state that was found first, which is no change.
  from_state text,
  -- 0–1, at that moment.
  failure_ratio real,
  -- A new observer writes again what it found.
  unique (org_id, kind, entity, part, at, state)
);
create index history_moves_of_entity on wheelhouse.history_moves (org_id, kind, entity, at desc, id desc);
create index history_moves_newest on wheelhouse.history_moves (org_id, kind, at desc, id desc);
create index history_moves_oldest on wheelhouse.history_moves (at);
select wheelhouse.own_by_organization('wheelhouse.history_moves');
grant select on wheelhouse.history_moves to wheelhouse_app;
grant select, insert, delete on wheelhouse.history_moves to wheelhouse_system;

reset role;
