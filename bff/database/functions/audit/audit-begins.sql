-- These organizations have no older event with content; null if they have none. Numbers follow the commits and times
-- follow the starts of transactions, hence the margin of a day.
create or replace function wheelhouse.audit_begins(organizations uuid[]) returns timestamptz
language plpgsql stable set search_path = wheelhouse, pg_temp as $$
begin
  return (
    select min(oldest.recorded_at) - interval '1 day' from unnest(organizations) as o (org_id) cross join lateral (
      select c.recorded_at from audit_chain c
      where c.org_id = o.org_id
        and c.seq > coalesce((select max(x.upto_seq) from audit_expirations x where x.org_id = o.org_id), 0)
      order by c.seq limit 1) oldest);
end
$$;
revoke all on function wheelhouse.audit_begins(uuid[]) from public;
grant execute on function wheelhouse.audit_begins(uuid[]) to wheelhouse_app, wheelhouse_search;
