-- Rules, what they found, and the incidents that people handle.
set local role wheelhouse_owner;

-- A built-in rule has a row only once somebody changed it.
create table wheelhouse.alert_rules (
  org_id uuid not null references wheelhouse.organizations (id),
  key text not null check (length(key) between 1 and 63),
  source text not null check (source in ('builtin', 'page', 'file')),
  definition jsonb not null,
  version int not null default 1,
  updated_at timestamptz(3) not null default now(),
  updated_by text not null,
  deleted_at timestamptz(3),
  primary key (org_id, key)
);

create table wheelhouse.alert_rule_versions (
  org_id uuid not null references wheelhouse.organizations (id),
  key text not null,
  version int not null,
  -- Null when the rule was deleted.
  definition jsonb,
  changed_by text not null,
  created_at timestamptz(3) not null default now(),
  primary key (org_id, key, version)
);

-- Incidents are numbered within their organization.
create table wheelhouse.incident_numbers (
  org_id uuid primary key references wheelhouse.organizations (id),
  newest int not null
);

create table wheelhouse.incidents (
  id uuid primary key default wheelhouse.uuidv7(),
  org_id uuid not null references wheelhouse.organizations (id),
  number int not null,
  status text not null default 'open' check (status in ('open', 'resolved')),
  severity text not null check (severity in ('critical', 'warning', 'info')),
  -- Node of the root cause in the dependency graph, or what another program named.
  root text not null,
  subject text not null,
  title text not null,
  cause text not null,
  path text not null,
  rule_key text not null,
  labels jsonb not null default '{}',
  owner text,
  runbook text,
  alerts int not null default 0,
  firing int not null default 0,
  affected jsonb not null default '[]',
  affected_count int not null default 0,
  has_data boolean not null default true,
  is_flapping boolean not null default false,
  started_at timestamptz(3) not null,
  reopened_at timestamptz(3),
  resolved_at timestamptz(3),
  -- Null when it cleared by itself.
  resolved_by text,
  merged_into uuid,
  acknowledged_at timestamptz(3),
  acknowledged_by text,
  assigned_to text,
  snoozed_until timestamptz(3),
  -- When it was last handed to the notifications; null while nothing was, or while it has to be again.
  announced_at timestamptz(3),
  announced_severity text,
  -- Whether anybody was told of it since it began, so that its end is told, too.
  was_announced boolean not null default false,
  -- Why nothing is sent now.
  held_by text,
  version int not null default 1,
  updated_at timestamptz(3) not null default now(),
  unique (org_id, number)
);
create unique index incidents_one_a_root on wheelhouse.incidents (org_id, root) where status = 'open';
create index incidents_open on wheelhouse.incidents (org_id, started_at desc, id desc) where status = 'open';
create index incidents_due on wheelhouse.incidents (org_id) where status = 'open' and announced_at is null;
create index incidents_resolved
  on wheelhouse.incidents (org_id, resolved_at desc, id desc) where status = 'resolved';
create index incidents_of_root on wheelhouse.incidents (org_id, root, started_at desc);

-- One row a rule and thing that is, or lately was, pending or firing.
create table wheelhouse.alert_instances (
  org_id uuid not null references wheelhouse.organizations (id),
  rule_key text not null,
  node text not null,
  state text not null check (state in ('pending', 'firing', 'resolved')),
  severity text not null check (severity in ('critical', 'warning', 'info')),
  name text not null,
  text text not null,
  path text not null,
  value double precision,
  -- Pending: since when the condition holds. Firing: since when it fires. Resolved: since when it does not.
  since timestamptz(3) not null,
  -- Since when the condition no longer holds while it still fires.
  clearing_since timestamptz(3),
  -- Since when there is no data.
  no_data_since timestamptz(3),
  -- The newest moments at which it fired, for the damping of flaps.
  fires timestamptz(3)[] not null default '{}',
  incident_id uuid references wheelhouse.incidents (id),
  labels jsonb not null default '{}',
  updated_at timestamptz(3) not null default now(),
  primary key (org_id, rule_key, node)
);
create index alert_instances_of_incident on wheelhouse.alert_instances (org_id, incident_id);
create index alert_instances_old on wheelhouse.alert_instances (updated_at) where state = 'resolved';

create table wheelhouse.incident_entries (
  id uuid primary key default wheelhouse.uuidv7(),
  org_id uuid not null references wheelhouse.organizations (id),
  incident_id uuid not null references wheelhouse.incidents (id),
  at timestamptz(3) not null default now(),
  kind text not null,
  text text not null,
  -- Null for Wheelhouse itself.
  by text
);
create index incident_entries_of_incident on wheelhouse.incident_entries (org_id, incident_id, at desc, id desc);
create index incident_entries_newest on wheelhouse.incident_entries (org_id, at desc, id desc);

create table wheelhouse.silences (
  id uuid primary key default wheelhouse.uuidv7(),
  org_id uuid not null references wheelhouse.organizations (id),
  matchers jsonb not null,
  reason text not null,
  starts_at timestamptz(3) not null,
  ends_at timestamptz(3) not null check (ends_at > starts_at),
  created_by text not null,
  created_at timestamptz(3) not null default now(),
  ended_at timestamptz(3),
  ended_by text
);
create index silences_open on wheelhouse.silences (org_id, ends_at) where ended_at is null;
create index silences_newest on wheelhouse.silences (org_id, created_at desc, id desc);

select wheelhouse.own_by_organization(format('wheelhouse.%I', name)::regclass)
from unnest(array['alert_rules', 'alert_rule_versions', 'incident_numbers', 'incidents', 'alert_instances',
  'incident_entries', 'silences']) as name;

grant select, insert, update on wheelhouse.alert_rules to wheelhouse_app;
grant select, insert on wheelhouse.alert_rule_versions to wheelhouse_app;
grant select on wheelhouse.alert_rules, wheelhouse.alert_rule_versions to wheelhouse_system;
grant select, insert, update on wheelhouse.incident_numbers to wheelhouse_app, wheelhouse_system;
grant select, insert, update on wheelhouse.incidents to wheelhouse_app, wheelhouse_system;
grant select on wheelhouse.alert_instances to wheelhouse_app;
grant select, insert, update, delete on wheelhouse.alert_instances to wheelhouse_system;
grant select, insert on wheelhouse.incident_entries to wheelhouse_app, wheelhouse_system;
grant select, insert, update on wheelhouse.silences to wheelhouse_app;
grant select on wheelhouse.silences to wheelhouse_system;

reset role;
