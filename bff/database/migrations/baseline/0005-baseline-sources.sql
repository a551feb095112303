-- Watched sources and declared caches added by API; those of wheelhouse.yaml are only in the file.
set local role wheelhouse_owner;

create table wheelhouse.watched_sources (
  id uuid primary key default wheelhouse.uuidv7(),
  org_id uuid not null references wheelhouse.organizations (id),
  slug text not null check (slug ~ '^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$'),
  kind text not null check (kind in ('redis', 'postgres', 'service', 'prometheus', 'cache')),
  -- In the shape of the contract; never an address with credentials.
  definition jsonb not null,
  -- The address of a server, AES-256-GCM.
  url_box bytea,
  version int not null default 1,
  created_at timestamptz(3) not null default now(),
  unique (org_id, slug),
  check ((url_box is not null) = (kind in ('redis', 'postgres')))
);
-- A cache is identified by its service and name, so an organization declares it once.
create unique index watched_sources_caches on wheelhouse.watched_sources
  (org_id, (definition ->> 'service'), (definition ->> 'name')) where kind = 'cache';
select wheelhouse.own_by_organization('wheelhouse.watched_sources');
grant select, insert, update, delete on wheelhouse.watched_sources to wheelhouse_app;
grant select on wheelhouse.watched_sources to wheelhouse_system;

-- Secrets at the end of heartbeat URLs, for services in wheelhouse.yaml and those added by API.
create table wheelhouse.heartbeat_secrets (
  org_id uuid not null references wheelhouse.organizations (id),
  -- Its id in the list of sources; no reference, because a service may exist only in the file.
  service text not null check (length(service) between 1 and 130),
  instance text not null check (length(instance) between 1 and 100),
  -- sha256; the secret itself is random, so its hash needs no salt.
  secret_hash bytea not null check (length(secret_hash) = 32),
  secret_hint text not null check (length(secret_hint) = 4),
  issued_at timestamptz(3) not null,
  primary key (org_id, service, instance)
);
select wheelhouse.own_by_organization('wheelhouse.heartbeat_secrets');
grant select, insert, update, delete on wheelhouse.heartbeat_secrets to wheelhouse_app;
grant select on wheelhouse.heartbeat_secrets to wheelhouse_system;

reset role;
