-- One-time links by which a person sets a new password, and the right to write one.
set local role wheelhouse_owner;

create table wheelhouse.password_resets (
  id uuid primary key default wheelhouse.uuidv7(),
  -- Whose administrator made it; the events of the link are in this one's trail.
  org_id uuid not null references wheelhouse.organizations (id),
  user_id uuid not null references wheelhouse.users (id),
  -- sha256 of the secret in the link; the link itself is known to who was given it alone.
  token_hash bytea not null unique check (octet_length(token_hash) = 32),
  created_at timestamptz not null default now(),
  expires_at timestamptz not null,
  -- When it was used, or a newer one or another password made it void.
  ended_at timestamptz
);
create index password_resets_user_id on wheelhouse.password_resets (user_id) where ended_at is null;
select wheelhouse.own_by_organization('wheelhouse.password_resets');
grant select, insert, update on wheelhouse.password_resets to wheelhouse_app;
grant select, insert, update, delete on wheelhouse.password_resets to wheelhouse_system;

-- Written in the transaction that holds the event; reading it stays with the system role.
grant update (password_hash) on wheelhouse.users to wheelhouse_app;

alter table wheelhouse.sessions drop constraint sessions_auth_method_check;
alter table wheelhouse.sessions add constraint sessions_auth_method_check
  check (auth_method in ('password', 'oidc'));
reset role;
