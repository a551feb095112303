-- Organizations, people, memberships, sessions, invitations and API tokens.
--
-- Accounts, sessions and identities belong to no single organization (docs/decisions/0003). The application's role may
-- use few of their columns, sees only people of the transaction's organizations, and must record its changes there: at
-- COMMIT each changed row requires an audit event by or about its person (`demand_record` in 0003-baseline-audit.sql).
set local role wheelhouse_owner;

-- The acting person of the current transaction; none by default.
create function wheelhouse.current_person() returns uuid language sql stable parallel safe as $$
  select nullif(current_setting('wheelhouse.person_id', true), '')::uuid
$$;

create table wheelhouse.organizations (
  id uuid primary key default wheelhouse.uuidv7(),
  slug text not null unique check (slug ~ '^[a-z0-9]([a-z0-9-]*[a-z0-9])?$' and length(slug) <= 63),
  name text not null check (length(name) between 1 and 100),
  parent_id uuid references wheelhouse.organizations (id),
  depth int not null check (depth between 1 and 5),
  created_at timestamptz not null default now()
);
create index organizations_parent_id on wheelhouse.organizations (parent_id);

-- A parent must exist before its child and never changes, so cycles are impossible and depth is final.
create function wheelhouse.place_organization() returns trigger language plpgsql as $$
begin
  if tg_op = 'UPDATE' and new.parent_id is distinct from old.parent_id then
    raise exception 'an organization cannot be moved' using errcode = 'check_violation';
  end if;
  new.depth := 1 + coalesce((select depth from wheelhouse.organizations where id = new.parent_id), 0);
  return new;
end
$$;
create trigger place before insert or update on wheelhouse.organizations
  for each row execute function wheelhouse.place_organization();

alter table wheelhouse.organizations enable row level security;
alter table wheelhouse.organizations force row level security;
create policy by_organization on wheelhouse.organizations to wheelhouse_app
  using (id = any (wheelhouse.current_organizations()))
  with check (id = any (wheelhouse.current_organizations()));
create policy by_system on wheelhouse.organizations to wheelhouse_system using (true) with check (true);
-- Foreign keys and the placement trigger read as the owner.
create policy by_owner on wheelhouse.organizations to wheelhouse_owner using (true) with check (true);
grant select, insert (id, slug, name, parent_id, depth), update (name) on wheelhouse.organizations to wheelhouse_app;
grant select, insert, update on wheelhouse.organizations to wheelhouse_system;

-- The installation itself; its id is fixed, so that an action without a target always has a trail.
insert into wheelhouse.organizations (id, slug, name, depth)
  values ('00000000-0000-7000-8000-000000000001', 'platform', 'Platform', 1);

create table wheelhouse.users (
  id uuid primary key default wheelhouse.uuidv7(),
  email text not null check (length(email) between 3 and 254 and email = btrim(email)),
  name text not null check (length(name) between 1 and 100),
  -- argon2id in PHC form; null when the person cannot sign in with a password.
  password_hash text,
  disabled_at timestamptz,
  created_at timestamptz not null default now(),
  -- What lists need to know about the password, which only the system role may read.
  has_password boolean generated always as (password_hash is not null) stored
);
create unique index users_email on wheelhouse.users (lower(email));
-- Only the system role, which signs people in, may read password hashes; a new password is written in the transaction
-- that holds its event.
grant select (id, email, name, disabled_at, created_at, has_password), insert (id, email, name, password_hash),
  update (password_hash, disabled_at) on wheelhouse.users to wheelhouse_app;
grant select, insert, update on wheelhouse.users to wheelhouse_system;

create table wheelhouse.memberships (
  org_id uuid not null references wheelhouse.organizations (id),
  user_id uuid not null references wheelhouse.users (id),
  role text not null check (role in ('viewer', 'operator', 'admin', 'auditor', 'superadmin')),
  created_at timestamptz not null default now(),
  primary key (user_id, org_id),
  check (role <> 'superadmin' or org_id = '00000000-0000-7000-8000-000000000001')
);
create index memberships_org_id on wheelhouse.memberships (org_id);
select wheelhouse.own_by_organization('wheelhouse.memberships');
-- The command for the first administrator runs as a member of the owner, and may not be a superuser.
create policy by_owner on wheelhouse.memberships to wheelhouse_owner using (true) with check (true);
grant select, insert, update (role), delete on wheelhouse.memberships to wheelhouse_app;
grant select, insert, update, delete on wheelhouse.memberships to wheelhouse_system;

create table wheelhouse.sessions (
  id uuid primary key default wheelhouse.uuidv7(),
  -- sha256 of the token; only its holder knows the token itself.
  token_hash bytea not null unique check (octet_length(token_hash) = 32),
  -- The token before the last rotation, valid for reads until `previous_until`.
  previous_token_hash bytea check (octet_length(previous_token_hash) = 32),
  previous_until timestamptz,
  user_id uuid not null references wheelhouse.users (id),
  -- The default organization for requests that name none.
  default_org_id uuid not null references wheelhouse.organizations (id),
  auth_method text not null check (auth_method in ('password', 'oidc')),
  address text,
  user_agent text,
  created_at timestamptz not null default now(),
  last_seen_at timestamptz not null default now(),
  expires_at timestamptz not null,
  revoked_at timestamptz,
  -- When the person last confirmed their identity, by password or at the identity provider.
  confirmed_at timestamptz not null default now()
);
create unique index sessions_previous_token_hash on wheelhouse.sessions (previous_token_hash)
  where previous_token_hash is not null;
create index sessions_user_id on wheelhouse.sessions (user_id) where revoked_at is null;
create index sessions_expires_at on wheelhouse.sessions (expires_at);
-- Lists show when a person was last active, including ended sessions.
create index sessions_last_seen on wheelhouse.sessions (user_id, last_seen_at desc);
-- Only the system role reads session tokens and the addresses that people came from.
grant select (id, user_id, created_at, last_seen_at, expires_at, revoked_at),
  insert (id, token_hash, user_id, default_org_id, auth_method, address, user_agent, created_at, last_seen_at,
    confirmed_at, expires_at),
  update (revoked_at) on wheelhouse.sessions to wheelhouse_app;
grant select, insert, update, delete on wheelhouse.sessions to wheelhouse_system;

-- A person's identity at an OpenID Connect provider. The e-mail address links once; from then on the subject counts, so
-- that an address which the provider gives to another person opens nothing.
create table wheelhouse.oidc_identities (
  issuer text not null,
  subject text not null check (length(subject) between 1 and 255),
  user_id uuid not null references wheelhouse.users (id),
  linked_at timestamptz not null default now(),
  primary key (issuer, subject),
  unique (user_id, issuer)
);
grant select (user_id), insert on wheelhouse.oidc_identities to wheelhouse_app;
grant select, insert, delete on wheelhouse.oidc_identities to wheelhouse_system;

-- One-time links by which a person sets a new password.
create table wheelhouse.password_resets (
  id uuid primary key default wheelhouse.uuidv7(),
  -- The organization of the administrator who created it; its trail holds the link's events.
  org_id uuid not null references wheelhouse.organizations (id),
  user_id uuid not null references wheelhouse.users (id),
  -- sha256 of the secret in the link; only the recipient knows the link itself.
  token_hash bytea not null unique check (octet_length(token_hash) = 32),
  created_at timestamptz not null default now(),
  expires_at timestamptz not null,
  -- When it was used, or invalidated by a newer link or another password.
  ended_at timestamptz
);
create index password_resets_user_id on wheelhouse.password_resets (user_id) where ended_at is null;
select wheelhouse.own_by_organization('wheelhouse.password_resets');
grant select, insert, update on wheelhouse.password_resets to wheelhouse_app;
grant select, insert, update, delete on wheelhouse.password_resets to wheelhouse_system;

-- Failed sign-ins of the last 15 minutes, counted here only while Redis is away.
create table wheelhouse.sign_in_failures (
  bucket text not null,
  window_started_at timestamptz not null,
  failures int not null,
  last_at timestamptz not null,
  primary key (bucket)
);
grant select, insert, update, delete on wheelhouse.sign_in_failures to wheelhouse_system;

-- Answers under an Idempotency-Key, kept for 24 h; written in the transaction of the change itself.
create table wheelhouse.idempotency_keys (
  org_id uuid not null references wheelhouse.organizations (id),
  actor_id text not null,
  key text not null check (length(key) between 1 and 200),
  request_hash bytea not null,
  -- Sealed with the installation's key, because an answer may contain a secret that is shown once.
  result bytea,
  created_at timestamptz not null default now(),
  primary key (org_id, actor_id, key)
);
create index idempotency_keys_created_at on wheelhouse.idempotency_keys (created_at);
select wheelhouse.own_by_organization('wheelhouse.idempotency_keys');
grant select, insert, update, delete on wheelhouse.idempotency_keys to wheelhouse_app, wheelhouse_system;

create table wheelhouse.invitations (
  id uuid primary key default wheelhouse.uuidv7(),
  org_id uuid not null references wheelhouse.organizations (id),
  email text not null check (length(email) between 3 and 254 and email = btrim(email)),
  role text not null check (role in ('viewer', 'operator', 'admin', 'auditor', 'superadmin')),
  -- sha256 of the secret in the link; only the recipient knows the link itself.
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
-- One open invitation per address; an expired one gets a new link instead of a second row.
create unique index invitations_waiting on wheelhouse.invitations (org_id, lower(email))
  where accepted_at is null and revoked_at is null;
create index invitations_newest on wheelhouse.invitations (org_id, id desc)
  where accepted_at is null and revoked_at is null;
create index invitations_invited_by on wheelhouse.invitations (invited_by, org_id);
select wheelhouse.own_by_organization('wheelhouse.invitations');
grant select, insert, update on wheelhouse.invitations to wheelhouse_app;
grant select on wheelhouse.invitations to wheelhouse_system;

create table wheelhouse.api_tokens (
  id uuid primary key default wheelhouse.uuidv7(),
  org_id uuid not null references wheelhouse.organizations (id),
  name text not null check (length(name) between 1 and 100),
  -- The shown part of the token; too short to guess the rest.
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
create index api_tokens_created_by on wheelhouse.api_tokens (created_by, org_id);
select wheelhouse.own_by_organization('wheelhouse.api_tokens');
grant select, insert, update on wheelhouse.api_tokens to wheelhouse_app;
grant select, update (last_used_at) on wheelhouse.api_tokens to wheelhouse_system;

-- A transaction of the application sees the members of its organizations, people who invited somebody or created a
-- token there, and the acting person.
do $$
declare
  relation regclass;
begin
  foreach relation in array array['wheelhouse.users', 'wheelhouse.sessions', 'wheelhouse.oidc_identities']::regclass[] loop
    execute format('alter table %s enable row level security', relation);
    execute format('alter table %s force row level security', relation);
    execute format('create policy by_system on %s to wheelhouse_system using (true) with check (true)', relation);
    -- Foreign keys, `rotate_session` and the command for the first administrator act as the owner.
    execute format('create policy by_owner on %s to wheelhouse_owner using (true) with check (true)', relation);
  end loop;
end
$$;

-- Memberships, invitations and tokens are limited to the transaction's organizations.
create policy seen on wheelhouse.users for select to wheelhouse_app using (
  id = (select wheelhouse.current_person())
  or exists (select from wheelhouse.memberships m where m.user_id = users.id)
  or exists (select from wheelhouse.invitations i where i.invited_by = users.id)
  or exists (select from wheelhouse.api_tokens t where t.created_by = users.id)
);
create policy changed on wheelhouse.users for update to wheelhouse_app using (
  id = (select wheelhouse.current_person())
  or exists (select from wheelhouse.memberships m where m.user_id = users.id)
);
-- Accounts, sessions and identities are created only by the person they belong to.
create policy made on wheelhouse.users for insert to wheelhouse_app
  with check (id = (select wheelhouse.current_person()));

create policy seen on wheelhouse.sessions for select to wheelhouse_app
  using (exists (select from wheelhouse.users u where u.id = sessions.user_id));
create policy changed on wheelhouse.sessions for update to wheelhouse_app
  using (exists (select from wheelhouse.users u where u.id = sessions.user_id));
create policy made on wheelhouse.sessions for insert to wheelhouse_app
  with check (user_id = (select wheelhouse.current_person()));

create policy seen on wheelhouse.oidc_identities for select to wheelhouse_app
  using (exists (select from wheelhouse.users u where u.id = oidc_identities.user_id));
create policy made on wheelhouse.oidc_identities for insert to wheelhouse_app
  with check (user_id = (select wheelhouse.current_person()));

reset role;
