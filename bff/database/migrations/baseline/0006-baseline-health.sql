-- Planned work: until it ends, problems of these services do not count.
set local role wheelhouse_owner;

create table wheelhouse.maintenance_windows (
  id uuid primary key default wheelhouse.uuidv7(),
  org_id uuid not null references wheelhouse.organizations (id),
  -- Ids of watched services and servers, as in their list.
  services text[] not null check (cardinality(services) between 1 and 100),
  starts_at timestamptz(3) not null,
  ends_at timestamptz(3) not null,
  reason text not null,
  -- Display name of the person who announced it.
  created_by text not null,
  created_at timestamptz(3) not null default now(),
  -- Set if it ended early or was cancelled.
  ended_at timestamptz(3),
  check (ends_at > starts_at)
);
create index maintenance_windows_list on wheelhouse.maintenance_windows (org_id, starts_at desc, id desc);
-- Read every two seconds by the observing process.
create index maintenance_windows_open on wheelhouse.maintenance_windows (ends_at) where ended_at is null;
select wheelhouse.own_by_organization('wheelhouse.maintenance_windows');
grant select, insert on wheelhouse.maintenance_windows to wheelhouse_app;
grant update (ended_at) on wheelhouse.maintenance_windows to wheelhouse_app;
grant select on wheelhouse.maintenance_windows to wheelhouse_system;

reset role;
