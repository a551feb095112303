-- Removes the content of the organization's events up to this number, at most 50 000 of them per call, together with
-- the export lines built from it. Returns the number up to which content is removed now. Refuses with WH001 under a
-- legal hold, with WH002 if no signed checkpoint covers the events. The application calls it as wheelhouse_system in
-- the transaction that records `audit.content.expire`, because verification accepts the gap only with that event.
create or replace function wheelhouse.audit_expire(org uuid, upto_seq bigint) returns bigint
language plpgsql security definer set search_path = wheelhouse, pg_temp as $$
declare
  expired_to bigint;
  reach bigint;
begin
  perform lock_audit_expiry(org);
  select coalesce(max(x.upto_seq), 0) into expired_to from audit_expirations x where x.org_id = org;
  reach := least(audit_expire.upto_seq, expired_to + 50000);
  if reach <= expired_to then
    return expired_to;
  end if;
  insert into audit_expirations (org_id, upto_seq, checkpoint_number) values (org, reach, 0);
  delete from audit_blocks b where b.org_id = org and b.number * 256 < reach;
  delete from audit_events e using audit_chain l
    where l.org_id = org and l.seq > expired_to and l.seq <= reach
      and e.id = l.audit_id and e.recorded_at = l.recorded_at;
  return reach;
end
$$;
revoke all on function wheelhouse.audit_expire(uuid, bigint) from public;
grant execute on function wheelhouse.audit_expire(uuid, bigint) to wheelhouse_system;
