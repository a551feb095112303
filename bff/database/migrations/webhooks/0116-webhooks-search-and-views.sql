-- Events are found by values of fields that their source names, and a person keeps filters of the log under a name.
set local role wheelhouse_owner;

alter table wheelhouse.webhook_sources add column search_fields text[] not null default '{}';
-- `path=value` for each field that a source names and the event has, in clear text.
alter table wheelhouse.webhook_events add column search_values text[] not null default '{}';
create index webhook_events_values on wheelhouse.webhook_events using gin (search_values) where search_values <> '{}';
grant select (search_values) on wheelhouse.webhook_events to wheelhouse_search;
grant select (search_fields) on wheelhouse.webhook_sources to wheelhouse_search;
grant update (search_values) on wheelhouse.webhook_events to wheelhouse_app;

create table wheelhouse.webhook_views (
  id uuid primary key default wheelhouse.uuidv7(),
  org_id uuid not null references wheelhouse.organizations (id),
  owner_id text not null,
  name text not null check (length(name) between 1 and 80),
  filter jsonb not null,
  created_at timestamptz not null default now()
);
create unique index webhook_views_name on wheelhouse.webhook_views (org_id, owner_id, lower(name));
select wheelhouse.own_by_organization('wheelhouse.webhook_views');
grant select, insert, delete on wheelhouse.webhook_views to wheelhouse_app;

reset role;
