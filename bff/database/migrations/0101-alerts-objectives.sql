-- Service objectives: a target over a window, with alerts on how fast its error budget burns.
set local role wheelhouse_owner;

create table wheelhouse.alert_objectives (
  org_id uuid not null references wheelhouse.organizations (id),
  key text not null check (length(key) between 1 and 50),
  definition jsonb not null,
  version int not null default 1,
  updated_at timestamptz(3) not null default now(),
  updated_by text not null,
  deleted_at timestamptz(3),
  primary key (org_id, key)
);
select wheelhouse.own_by_organization('wheelhouse.alert_objectives');
grant select, insert, update on wheelhouse.alert_objectives to wheelhouse_app;
grant select on wheelhouse.alert_objectives to wheelhouse_system;

reset role;
