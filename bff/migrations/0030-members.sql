-- Membership changes by the application's role, invitations, and API tokens.
set local role wheelhouse_owner;

-- Acts of people run in the application's role, limited to their organization; reading password hashes stays with
-- the system role, so what a list needs to know of them is a column of its own.
alter table wheelhouse.users add column has_password boolean generated always as (password_hash is not null) stored;
grant select (has_password) on wheelhouse.users to wheelhouse_app;
grant insert (id, email, name, password_hash) on wheelhouse.users to wheelhouse_app;
grant update (disabled_at) on wheelhouse.users to wheelhouse_app;
grant insert, update (role), delete on wheelhouse.memberships to wheelhouse_app;
grant insert (id, slug, name, parent_id, depth), update (name) on wheelhouse.organizations to wheelhouse_app;

-- Lists show when somebody was last active, ended sessions included.
create index sessions_last_seen on wheelhouse.sessions (user_id, last_seen_at desc);

create table wheelhouse.invitations (
  id uuid primary key default wheelhouse.uuidv7(),
  org_id uuid not null references wheelhouse.organizations (id),
  email text not null check (length(email) between 3 and 254 and email = btrim(email)),
  role text not null check (role in ('viewer', 'operator', 'admin', 'auditor', 'superadmin')),
  -- sha256 of the secret in the link; the link itself is known to who got it alone.
  token_hash bytea not null unique check (octet_length(token_hash) = 32),
  invited_by uuid not null references wheelhouse.users (id),
  created_at timestamptz not null default now(),
  expires_at timestamptz not null,
  opened_at timestamptz,
  accepted_at timestamptz,
  accepted_by uuid references wheelhouse.users (id),
  revoked_at timestamptz,
  check (role <> 'superadmin' or org_id = '00000000-0000-7000-8000-000000000001')
);
-- One that waits per address; an expired one gets a new link instead of a second row.
create unique index invitations_waiting on wheelhouse.invitations (org_id, lower(email))
  where accepted_at is null and revoked_at is null;
create index invitations_newest on wheelhouse.invitations (org_id, id desc)
  where accepted_at is null and revoked_at is null;
select wheelhouse.own_by_organization('wheelhouse.invitations');
grant select, insert, update on wheelhouse.invitations to wheelhouse_app;
grant select on wheelhouse.invitations to wheelhouse_system;

create table wheelhouse.api_tokens (
  id uuid primary key default wheelhouse.uuidv7(),
  org_id uuid not null references wheelhouse.organizations (id),
  name text not null check (length(name) between 1 and 100),
  -- What is shown of the token; too short to guess the rest by.
  prefix text not null check (length(prefix) between 8 and 16),
  token_hash bytea not null unique check (octet_length(token_hash) = 32),
  capabilities text[] not null check (cardinality(capabilities) between 1 and 100),
  created_by uuid not null references wheelhouse.users (id),
  created_at timestamptz not null default now(),
  expires_at timestamptz,
  last_used_at timestamptz,
  revoked_at timestamptz
);
create index api_tokens_newest on wheelhouse.api_tokens (org_id, id desc) where revoked_at is null;
select wheelhouse.own_by_organization('wheelhouse.api_tokens');
grant select, insert, update on wheelhouse.api_tokens to wheelhouse_app;
grant select, update (last_used_at) on wheelhouse.api_tokens to wheelhouse_system;

reset role;
