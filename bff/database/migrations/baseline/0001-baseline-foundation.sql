-- Schema, roles and the basis of row-level security. Runs as an administrator, in one transaction per file.
--
-- Convention for every table that belongs to organizations (`wheelhouse.own_by_organization` sets it up):
--   * a column `org_id uuid not null`, the table owned by wheelhouse_owner;
--   * row-level security enabled and forced; wheelhouse_app sees and writes only rows of the organizations that
--     the current transaction names (setting `wheelhouse.organization_ids`), wheelhouse_system sees all of them;
--   * grants are given by name, table by table, and nothing is granted to public.
-- A migration of a feature therefore reads:
--   set local role wheelhouse_owner;
--   create table wheelhouse.things (id uuid primary key default wheelhouse.uuidv7(), org_id uuid not null …);
--   select wheelhouse.own_by_organization('wheelhouse.things');
--   grant select, insert, update on wheelhouse.things to wheelhouse_app, wheelhouse_system;
--   reset role;
-- Files are named `NNNN-<feature>-<what>.sql`. A function that is called, and that no table, policy or index needs, has
-- its own file in `functions/`, applied after the migrations, as wheelhouse_owner unless it says otherwise.

-- Roles belong to the whole cluster: another of its databases may have created them already, or be creating them now.
do $$
declare
  role_name text;
begin
  foreach role_name in array array['wheelhouse_owner', 'wheelhouse_app', 'wheelhouse_system', 'wheelhouse_search'] loop
    if not exists (select from pg_roles where rolname = role_name) then
      begin
        execute format('create role %I %s', role_name,
          case when role_name in ('wheelhouse_app', 'wheelhouse_system') then 'login' else 'nologin' end);
      exception when duplicate_object or unique_violation then
        null;
      end;
    end if;
  end loop;
  -- An administrator who is not a superuser may act as the owner only as its member.
  if not (select rolsuper from pg_roles where rolname = current_user) then
    execute format('grant wheelhouse_owner, wheelhouse_search to %I', current_user);
  end if;
end
$$;

create schema if not exists wheelhouse;
alter schema wheelhouse owner to wheelhouse_owner;
revoke all on schema wheelhouse from public;
grant usage on schema wheelhouse to wheelhouse_app, wheelhouse_system, wheelhouse_search;

-- Trigrams speed up text search if the server has them; the embedded server does not, and scans.
do $$
begin
  if exists (select from pg_available_extensions where name = 'pg_trgm') then
    create extension if not exists pg_trgm with schema public;
  end if;
end
$$;

set local role wheelhouse_owner;

-- Time-ordered ids (RFC 9562): the server's own function from Postgres 18 on, otherwise from clock and random bits.
do $$
begin
  if exists (select from pg_proc where proname = 'uuidv7' and pronamespace = 'pg_catalog'::regnamespace) then
    create function wheelhouse.uuidv7() returns uuid language sql volatile parallel safe
      return pg_catalog.uuidv7();
  else
    create function wheelhouse.uuidv7() returns uuid language sql volatile parallel safe
      return (
        lpad(to_hex((extract(epoch from clock_timestamp()) * 1000)::bigint), 12, '0')
        || '7'
        || substr(replace(gen_random_uuid()::text, '-', ''), 14)
      )::uuid;
  end if;
end
$$;

-- Organizations that the current transaction may see; none unless it said so.
create function wheelhouse.current_organizations() returns uuid[] language sql stable parallel safe as $$
  select coalesce(nullif(current_setting('wheelhouse.organization_ids', true), '')::uuid[], '{}'::uuid[])
$$;

-- Applies the convention above to a table. Grants are left to the caller.
create function wheelhouse.own_by_organization(relation regclass) returns void language plpgsql as $$
begin
  execute format('alter table %s enable row level security', relation);
  execute format('alter table %s force row level security', relation);
  execute format(
    'create policy by_organization on %s to wheelhouse_app '
    'using (org_id = any (wheelhouse.current_organizations())) '
    'with check (org_id = any (wheelhouse.current_organizations()))', relation);
  execute format('create policy by_system on %s to wheelhouse_system using (true) with check (true)', relation);
end
$$;
revoke all on function wheelhouse.own_by_organization(regclass) from public;

reset role;
