-- Secrets at the end of heartbeat addresses, of services in wheelhouse.yaml as of those that were added by API.
set local role wheelhouse_owner;

create table wheelhouse.heartbeat_secrets (
  org_id uuid not null references wheelhouse.organizations (id),
  -- As it is called in the list of sources; no reference, since a service may stand in the file alone.
  service text not null check (length(service) between 1 and 130),
  instance text not null check (length(instance) between 1 and 100),
  -- sha256; the secret itself is random, so that its hash needs no salt.
  secret_hash bytea not null check (length(secret_hash) = 32),
  secret_hint text not null check (length(secret_hint) = 4),
  issued_at timestamptz(3) not null,
  primary key (org_id, service, instance)
);
select wheelhouse.own_by_organization('wheelhouse.heartbeat_secrets');
grant select, insert, update, delete on wheelhouse.heartbeat_secrets to wheelhouse_app;
grant select on wheelhouse.heartbeat_secrets to wheelhouse_system;

reset role;
