-- Apart from foreign keys, nothing gives a session to somebody else: only the holder of its token can replace it.
create or replace function wheelhouse.rotate_session(
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
