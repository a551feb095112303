-- A token is valid only while its creator's account is active, and loses every right that its creator loses. A function
-- keeps the plan of its statement in the server, where a pooler allows no named statements.
create or replace function wheelhouse.find_api_token(hash bytea, valid_at timestamptz) returns table (
  id uuid, name text, "organizationId" uuid, capabilities text[], "lastUsedAt" timestamptz, memberships json
)
language plpgsql stable set search_path = wheelhouse, pg_temp as $$
begin
  return query
  select t.id, t.name, t.org_id, t.capabilities, t.last_used_at,
    (select coalesce(json_agg(json_build_object('organizationId', m.org_id, 'role', m.role)), '[]')
     from memberships m where m.user_id = u.id)
  from api_tokens t join users u on u.id = t.created_by
  where t.token_hash = hash and t.revoked_at is null and u.disabled_at is null
    and (t.expires_at is null or t.expires_at > valid_at);
end
$$;
revoke all on function wheelhouse.find_api_token(bytea, timestamptz) from public;
grant execute on function wheelhouse.find_api_token(bytea, timestamptz) to wheelhouse_system;
