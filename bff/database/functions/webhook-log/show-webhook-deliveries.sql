set local role wheelhouse_search;

-- These deliveries, newest first, with the names of their source and endpoint and the start of a running attempt. Rows of
-- organizations that the transaction does not see are left out. The plan is kept and looks each row up by its key, in
-- the partitions between the oldest and the newest of them.
create or replace function wheelhouse.show_webhook_deliveries(ids uuid[], times timestamptz[]) returns table (
  id uuid, org_id uuid, event_id text, event_type text, source_id uuid, source_name text, endpoint_id uuid,
  endpoint_name text, endpoint_url text, status text, attempts int, max_attempts int, generation int, version int,
  received_at timestamptz, last_attempt_at timestamptz, next_attempt_at timestamptz, completed_at timestamptz,
  last_status_code int, error_class text, error_message text, created_at timestamptz, claimed_at timestamptz
)
language plpgsql stable security definer rows 50 set search_path = wheelhouse, pg_temp
set plan_cache_mode = force_generic_plan set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off
set enable_bitmapscan = off set jit = off as $$
#variable_conflict use_column
declare
  visible constant uuid[] := wheelhouse.current_organizations();
  first_at constant timestamptz := (select min(t) from unnest(times) t);
  last_at constant timestamptz := (select max(t) from unnest(times) t);
begin
  return query
  select d.id, d.org_id, d.event_id, d.event_type, d.source_id, s.name, d.endpoint_id, e.name, e.url, d.status,
    d.attempts, d.max_attempts, d.generation, d.version, d.received_at, d.last_attempt_at, d.next_attempt_at,
    d.completed_at, d.last_status_code, d.error_class, d.error_message, d.created_at, c.started_at
  from unnest(ids, times) as w (id, at)
  -- The limit within keeps each look-up one by key: joined, all rows of the organization in that time are read.
  cross join lateral (
    select * from webhook_delivery_log l
    where l.id = w.id and l.created_at = w.at and l.created_at between first_at and last_at limit 1
  ) d
  left join webhook_sources s on s.id = d.source_id
  left join webhook_endpoints e on e.id = d.endpoint_id
  left join webhook_claims c on c.delivery_id = d.id
  where d.org_id = any (visible)
  order by d.created_at desc, d.id desc;
end
$$;
revoke all on function wheelhouse.show_webhook_deliveries(uuid[], timestamptz[]) from public;
grant execute on function wheelhouse.show_webhook_deliveries(uuid[], timestamptz[]) to wheelhouse_app;
