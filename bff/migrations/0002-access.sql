-- Organizations, users, memberships and sessions.
set local role wheelhouse_owner;

create table wheelhouse.organizations (
  id uuid primary key default wheelhouse.uuidv7(),
  slug text not null unique check (slug ~ '^[a-z0-9]([a-z0-9-]*[a-z0-9])?$' and length(slug) <= 63),
  name text not null check (length(name) between 1 and 100),
  parent_id uuid references wheelhouse.organizations (id),
  depth int not null check (depth between 1 and 5),
  created_at timestamptz not null default now()
);
create index organizations_parent_id on wheelhouse.organizations (parent_id);

-- A parent has to exist before its child and never changes, so there can be no cycle and depth is final.
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
-- Foreign keys and the placement trigger look as the owner.
create policy by_owner on wheelhouse.organizations to wheelhouse_owner using (true) with check (true);
grant select on wheelhouse.organizations to wheelhouse_app;
grant select, insert, update on wheelhouse.organizations to wheelhouse_system;

-- The installation itself; its id is fixed, so that an act without a target has a trail before anything was read.
insert into wheelhouse.organizations (id, slug, name, depth)
  values ('00000000-0000-7000-8000-000000000001', 'platform', 'Platform', 1);

create table wheelhouse.users (
  id uuid primary key default wheelhouse.uuidv7(),
  email text not null check (length(email) between 3 and 254 and email = btrim(email)),
  name text not null check (length(name) between 1 and 100),
  -- argon2id in PHC form; null when the person cannot sign in with a password.
  password_hash text,
  disabled_at timestamptz,
  created_at timestamptz not null default now()
);
create unique index users_email on wheelhouse.users (lower(email));
-- Only the system role, which signs people in, may read what passwords are checked against.
grant select (id, email, name, disabled_at, created_at) on wheelhouse.users to wheelhouse_app;
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
grant select on wheelhouse.memberships to wheelhouse_app;
grant select, insert, update, delete on wheelhouse.memberships to wheelhouse_system;

create table wheelhouse.sessions (
  id uuid primary key default wheelhouse.uuidv7(),
  -- sha256 of the token; the token itself is known to its holder alone.
  token_hash bytea not null unique check (octet_length(token_hash) = 32),
  -- The token before the last rotation, good for reads until `previous_until`.
  previous_token_hash bytea check (octet_length(previous_token_hash) = 32),
  previous_until timestamptz,
  user_id uuid not null references wheelhouse.users (id),
  -- The organization that holds when a request names none.
  default_org_id uuid not null references wheelhouse.organizations (id),
  auth_method text not null check (auth_method in ('password')),
  address text,
  user_agent text,
  created_at timestamptz not null default now(),
  last_seen_at timestamptz not null default now(),
  expires_at timestamptz not null,
  revoked_at timestamptz
);
create unique index sessions_previous_token_hash on wheelhouse.sessions (previous_token_hash)
  where previous_token_hash is not null;
create index sessions_user_id on wheelhouse.sessions (user_id) where revoked_at is null;
create index sessions_expires_at on wheelhouse.sessions (expires_at);
grant select, insert, update on wheelhouse.sessions to wheelhouse_app;
grant select, insert, update, delete on wheelhouse.sessions to wheelhouse_system;

-- Failed sign-ins of the last quarter of an hour, counted here only while Redis is away.
create table wheelhouse.sign_in_failures (
  bucket text not null,
  window_started_at timestamptz not null,
  failures int not null,
  last_at timestamptz not null,
  primary key (bucket)
);
grant select, insert, update, delete on wheelhouse.sign_in_failures to wheelhouse_system;

-- Answers given under an Idempotency-Key, kept 24 h; written in the transaction of the change itself.
create table wheelhouse.idempotency_keys (
  org_id uuid not null references wheelhouse.organizations (id),
  actor_id text not null,
  key text not null check (length(key) between 1 and 200),
  request_hash bytea not null,
  -- Sealed with the installation's key: an answer may hold a secret that is shown once.
  result bytea,
  created_at timestamptz not null default now(),
  primary key (org_id, actor_id, key)
);
create index idempotency_keys_created_at on wheelhouse.idempotency_keys (created_at);
select wheelhouse.own_by_organization('wheelhouse.idempotency_keys');
grant select, insert, update, delete on wheelhouse.idempotency_keys to wheelhouse_app, wheelhouse_system;

reset role;
