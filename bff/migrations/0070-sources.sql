-- Watched sources that were added by API; those of wheelhouse.yaml are in the file alone.
set local role wheelhouse_owner;

create table wheelhouse.watched_sources (
  id uuid primary key default wheelhouse.uuidv7(),
  org_id uuid not null references wheelhouse.organizations (id),
  slug text not null check (slug ~ '^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$'),
  kind text not null check (kind in ('redis', 'postgres', 'service', 'prometheus')),
  -- As the contract shapes it; never an address with credentials.
  definition jsonb not null,
  -- The address of a server, AES-256-GCM.
  url_box bytea,
  version int not null default 1,
  created_at timestamptz(3) not null default now(),
  unique (org_id, slug),
  check ((url_box is not null) = (kind in ('redis', 'postgres')))
);
select wheelhouse.own_by_organization('wheelhouse.watched_sources');
grant select, insert, update, delete on wheelhouse.watched_sources to wheelhouse_app;
grant select on wheelhouse.watched_sources to wheelhouse_system;

reset role;
