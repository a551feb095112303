-- Accounts, sessions and identities belong to no single organization, so no row-level security stands before them
-- (docs/decisions/0003). Instead the application's role may touch few of their columns, and what it changes there has
-- to be in the trail: at COMMIT each changed row demands an event of the same transaction by or about its person.
set local role wheelhouse_owner;

-- What a session is opened with, and from where somebody came, is read by the system role alone.
revoke select, insert, update on wheelhouse.sessions from wheelhouse_app;
grant select (id, user_id, created_at, last_seen_at, expires_at, revoked_at) on wheelhouse.sessions to wheelhouse_app;
grant insert (id, token_hash, user_id, default_org_id, auth_method, address, user_agent, created_at, last_seen_at,
  confirmed_at, expires_at) on wheelhouse.sessions to wheelhouse_app;
grant update (revoked_at) on wheelhouse.sessions to wheelhouse_app;
revoke select on wheelhouse.oidc_identities from wheelhouse_app;
grant select (user_id) on wheelhouse.oidc_identities to wheelhouse_app;

-- Foreign keys aside, nothing gives a session to somebody else: only who knows its token gives it another one.
create function wheelhouse.rotate_session(
  session_id uuid, from_hash bytea, to_hash bytea, old_until timestamptz, organization_id uuid, confirmed timestamptz
) returns boolean
language sql security definer set search_path = wheelhouse, pg_temp as $$
  with rotated as (
    update sessions set token_hash = to_hash, previous_token_hash = from_hash, previous_until = old_until,
      default_org_id = coalesce(organization_id, default_org_id), confirmed_at = coalesce(confirmed, confirmed_at)
    where id = session_id and token_hash = from_hash and revoked_at is null
    returning 1
  )
  select exists (select from rotated)
$$;
revoke all on function wheelhouse.rotate_session(uuid, bytea, bytea, timestamptz, uuid, timestamptz) from public;
grant execute on function wheelhouse.rotate_session(uuid, bytea, bytea, timestamptz, uuid, timestamptz)
  to wheelhouse_app;

reset role;
grant create on schema wheelhouse to wheelhouse_search;
set local role wheelhouse_search;
-- As wheelhouse_search, which sees every event; the organization is the one that this transaction wrote an event of.
create function wheelhouse.demand_record() returns trigger
language plpgsql security definer set search_path = wheelhouse, pg_temp as $$
declare
  organization uuid := nullif(current_setting('wheelhouse.audit_organization', true), '')::uuid;
  changed jsonb := to_jsonb(case when tg_op = 'DELETE' then old else new end);
  person text := changed ->> (case when tg_table_name = 'users' then 'id' else 'user_id' end);
begin
  if not exists (
    select from audit_events e
    where e.org_id = organization and e.recorded_at = date_trunc('milliseconds', now())
      and e.xmin = pg_current_xact_id()::xid and (e.actor_id = person or person = any (e.target_keys))
  ) then
    raise exception 'a change to % without an event about the person is refused', tg_table_name
      using errcode = 'insufficient_privilege';
  end if;
  return null;
end
$$;
revoke all on function wheelhouse.demand_record() from public;
grant execute on function wheelhouse.demand_record() to wheelhouse_owner;
reset role;
revoke create on schema wheelhouse from wheelhouse_search;

set local role wheelhouse_owner;
-- Whoever is also the owner runs the installation (migrations, the first administrator); the system role signs nobody
-- in and only notes when a session was used.
do $$
declare
  relation text;
begin
  foreach relation in array array['users', 'memberships', 'sessions', 'oidc_identities'] loop
    execute format(
      'create constraint trigger demand_record after insert or update or delete on wheelhouse.%I '
      'deferrable initially deferred for each row '
      'when (pg_has_role(current_user, ''wheelhouse_app'', ''usage'') '
      'and not pg_has_role(current_user, ''wheelhouse_owner'', ''usage'')) '
      'execute function wheelhouse.demand_record()', relation);
  end loop;
end
$$;
reset role;
