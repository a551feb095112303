-- Holds and expiry of one organization wait for each other, so that none is missed.
create or replace function wheelhouse.lock_audit_expiry(org_id uuid) returns void
language sql volatile security definer set search_path = wheelhouse, pg_temp as $$
  select pg_advisory_xact_lock(hashtextextended('wheelhouse.audit_expiry:' || org_id, 0))
$$;
revoke all on function wheelhouse.lock_audit_expiry(uuid) from public;
grant execute on function wheelhouse.lock_audit_expiry(uuid) to wheelhouse_app, wheelhouse_system;
