set local role wheelhouse_search;

-- The first and the last delivery of each of these streams; the counters say in which hours they are.
create or replace function wheelhouse.seen_webhook_streams(streams bigint[]) returns table (
  stream bigint, first_at timestamptz, last_at timestamptz, last_status_code int, error_message text
)
language plpgsql stable security definer rows 100 set search_path = wheelhouse, pg_temp set timezone = 'UTC'
set plan_cache_mode = force_generic_plan set enable_seqscan = off set enable_bitmapscan = off set enable_sort = off
set jit = off as $$
#variable_conflict use_column
declare
  visible constant uuid[] := current_organizations();
  low constant timestamptz := (
    select min(f.at) from unnest(streams) as s (stream) cross join lateral (
      select t.at from webhook_tally t where t.stream = s.stream and t.step = 60 order by t.at limit 1) f);
begin
  return query
  select s.stream, f.created_at, l.created_at, l.last_status_code, l.error_message
  from unnest(streams) as s (stream)
  cross join lateral (
    select min(t.at) as first_hour, max(t.at) as last_hour from webhook_tally t where t.stream = s.stream and t.step = 60
  ) h
  left join lateral (
    select d.created_at from webhook_delivery_log d
    where webhook_stream(d.org_id, d.endpoint_id, d.event_type, d.status, d.error_class) = s.stream
      and d.org_id = any (visible) and d.created_at >= low
      and d.created_at >= h.first_hour and d.created_at < h.first_hour + interval '1 hour'
    order by d.created_at, d.id limit 1
  ) f on true
  left join lateral (
    select d.created_at, d.last_status_code, d.error_message from webhook_delivery_log d
    where webhook_stream(d.org_id, d.endpoint_id, d.event_type, d.status, d.error_class) = s.stream
      and d.org_id = any (visible) and d.created_at >= low
      and d.created_at >= h.last_hour and d.created_at < h.last_hour + interval '1 hour'
    order by d.created_at desc, d.id desc limit 1
  ) l on true;
end
$$;
revoke all on function wheelhouse.seen_webhook_streams(bigint[]) from public;
grant execute on function wheelhouse.seen_webhook_streams(bigint[]) to wheelhouse_app;
