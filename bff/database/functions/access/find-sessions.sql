-- A function keeps the plan of its statement in the server, where a pooler allows no named statements. `unnest` keeps one
-- plan for any number of tokens; an index serves either hash.
create or replace function wheelhouse.find_sessions(
  hashes bytea[], valid_at timestamptz, used_after timestamptz, confirmed_after timestamptz, created_after timestamptz
) returns table (
  id uuid, previous boolean, "tokenHash" text, "defaultOrganizationId" uuid, "expiresAt" timestamptz,
  "lastSeenAt" timestamptz, confirmed boolean, "signedInBy" text, "user" json, memberships json
)
language plpgsql stable set search_path = wheelhouse, pg_temp as $$
begin
  return query
  select s.id, asked.hash <> s.token_hash, encode(asked.hash, 'hex'), s.default_org_id, s.expires_at, s.last_seen_at,
    s.confirmed_at > confirmed_after, s.auth_method, json_build_object('id', u.id, 'email', u.email, 'name', u.name),
    (select coalesce(json_agg(json_build_object('organizationId', m.org_id, 'role', m.role) order by m.created_at, m.org_id), '[]')
     from memberships m where m.user_id = u.id)
  from unnest(hashes) as asked (hash)
  join sessions s on s.token_hash = asked.hash or (s.previous_token_hash = asked.hash and s.previous_until > valid_at)
  join users u on u.id = s.user_id
  where s.revoked_at is null and u.disabled_at is null and s.expires_at > valid_at and s.last_seen_at > used_after
    and s.created_at > created_after;
end
$$;
revoke all on function wheelhouse.find_sessions(bytea[], timestamptz, timestamptz, timestamptz, timestamptz) from public;
grant execute on function wheelhouse.find_sessions(bytea[], timestamptz, timestamptz, timestamptz, timestamptz)
  to wheelhouse_system;
