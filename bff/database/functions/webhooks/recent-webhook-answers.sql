-- How the latest `most` deliveries of an endpoint since a time went: their number, those delivered, and the durations of
-- their last answers. The caller's row-level security applies. The plan is kept.
create or replace function wheelhouse.recent_webhook_answers(organization uuid, endpoint uuid, since timestamptz, most int)
returns table (deliveries int, succeeded int, p50 int, p95 int)
language plpgsql stable rows 1 set search_path = wheelhouse, pg_temp set plan_cache_mode = force_generic_plan
set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off set enable_bitmapscan = off set jit = off
as $$
#variable_conflict use_column
begin
  return query
  with recent as materialized (
    select d.id, d.created_at, d.status, d.generation, d.attempts from webhook_delivery_log d
    where d.org_id = organization and d.endpoint_id = endpoint and d.created_at > since and d.attempts > 0
    order by d.created_at desc, d.id desc limit most
  ), answers as (
    select a.latency_ms from recent r cross join lateral (
      select v.latency_ms from webhook_attempts v
      where v.delivery_id = r.id and v.delivery_created_at = r.created_at and v.delivery_created_at > since
        and v.generation = r.generation and v.attempt = r.attempts
        and v.latency_ms is not null and v.status_code is not null
      limit 1) a
  )
  select (select count(*) from recent)::int, (select count(*) from recent where status = 'completed')::int,
    (select percentile_disc(0.5) within group (order by latency_ms) from answers),
    (select percentile_disc(0.95) within group (order by latency_ms) from answers);
end
$$;
revoke all on function wheelhouse.recent_webhook_answers(uuid, uuid, timestamptz, int) from public;
grant execute on function wheelhouse.recent_webhook_answers(uuid, uuid, timestamptz, int) to wheelhouse_app;
