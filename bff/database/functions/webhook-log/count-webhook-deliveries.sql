set local role wheelhouse_search;

-- Deliveries accepted from `from_at` until before `to_at` by status, in bars of `bar_ms` (null: all in bar 0), and on
-- demand by stream. Keys of `filter` as in find_webhook_deliveries, without text. Bars begin at `from_at`,
-- a multiple of their length.
-- Whole days, hours and five minutes come from the counters; only what is left at the edges is counted in the log.
create or replace function wheelhouse.count_webhook_deliveries(
  filter jsonb, from_at timestamptz, to_at timestamptz, bar_ms bigint, by_stream boolean
) returns table (bar int, endpoint_id uuid, event_type text, status text, error_class text, count bigint)
language plpgsql stable security definer rows 100 set search_path = wheelhouse, pg_temp set timezone = 'UTC'
set plan_cache_mode = force_generic_plan set enable_seqscan = off set jit = off
set max_parallel_workers_per_gather = 0 as $$
#variable_conflict use_column
declare
  visible constant uuid[] := array(
    select jsonb_array_elements_text(filter -> 'organizations')::uuid intersect select unnest(current_organizations()));
  statuses constant text[] := case when filter ? 'statuses' then array(select jsonb_array_elements_text(filter -> 'statuses')) end;
  endpoints constant uuid[] := case when filter ? 'endpoints' then array(select jsonb_array_elements_text(filter -> 'endpoints')::uuid) end;
  types constant text[] := case when filter ? 'types' then array(select jsonb_array_elements_text(filter -> 'types')) end;
  errors constant text[] := case when filter ? 'errors' then array(select jsonb_array_elements_text(filter -> 'errors')) end;
  is_narrowed constant boolean := by_stream or coalesce(types, errors) is not null or endpoints is not null;
  -- Nothing was accepted in the future, so a range that ends there ends with the day.
  ends constant timestamptz := case when to_at >= now() then date_trunc('day', now()) + interval '1 day' else to_at end;
  bar_length constant interval := bar_ms * interval '1 millisecond';
  streams bigint[];
  step int := 0;
  low timestamptz := from_at;
  high timestamptz := ends;
  inner_low timestamptz;
  inner_high timestamptz;
  -- Parts of the range and how each is counted; 0 for the log itself.
  steps smallint[] := '{}';
  lows timestamptz[] := '{}';
  highs timestamptz[] := '{}';
begin
  if cardinality(visible) = 0 or from_at >= ends then return; end if;
  if is_narrowed then
    streams := array(select m.stream from match_webhook_streams(filter, visible) m);
  else
    streams := array(
      select s.stream from webhook_streams s
      where s.org_id = any (visible) and s.endpoint_id is null and (statuses is null or s.status = any (statuses)));
  end if;
  for step_minutes in 1 .. 3 loop
    declare
      minutes constant int := (array[5, 60, 1440])[step_minutes];
      length constant interval := make_interval(mins => minutes);
    begin
      continue when minutes = 5 and from_at < now() - interval '25 hours';
      continue when bar_ms is not null and bar_ms % (minutes * 60000) <> 0;
      inner_low := date_bin(length, low + length - interval '1 microsecond', timestamptz 'epoch');
      inner_high := date_bin(length, high, timestamptz 'epoch');
      continue when inner_low >= inner_high;
      steps := steps || array[step, step]::smallint[];
      lows := lows || array[low, inner_high];
      highs := highs || array[inner_low, high];
      step := minutes;
      low := inner_low;
      high := inner_high;
    end;
  end loop;
  steps := steps || step::smallint;
  lows := lows || low;
  highs := highs || high;

  return query
  with part as materialized (
    select * from unnest(steps, lows, highs) as p (step, low, high) where p.low < p.high
  ), counted as (
    -- `offset 0`: each stream by its key, as in find_webhook_deliveries.
    select t.stream, t.at, t.count from part p cross join unnest(streams) as s (stream) cross join lateral (
      select t.stream, t.at, t.count from webhook_tally t
      where t.stream = s.stream and t.step = p.step and t.at >= p.low and t.at < p.high offset 0) t
    where p.step > 0
  ), found as (
    select s.endpoint_id, s.event_type, s.status, s.error_class, c.at, c.count
    from counted c join webhook_streams s on s.stream = c.stream
    union all
    select c.endpoint_id, c.event_type, c.status, c.error_class, c.at, c.change
    from webhook_tally_changes c join part p on p.step > 0 and c.at >= p.low and c.at < p.high
    where c.org_id = any (visible)
    union all
    select e.endpoint_id, e.event_type, e.status, e.error_class, e.created_at, 1
    from part p cross join unnest(visible) as o (org_id) cross join lateral (
      select d.endpoint_id, d.event_type, d.status, d.error_class, d.created_at from webhook_delivery_log d
      where d.org_id = o.org_id and d.created_at >= p.low and d.created_at < p.high
        and d.created_at >= from_at and d.created_at < ends
    ) e where p.step = 0
    union all
    select d.endpoint_id, d.event_type, case when k.n = 1 then 'processing' else d.status end, d.error_class, d.created_at, k.n
    from webhook_claims c
    join webhook_delivery_log d on d.id = c.delivery_id and d.created_at = c.delivery_created_at
    cross join unnest(array[1, -1]) as k (n)
    where c.org_id = any (visible) and d.created_at >= from_at and d.created_at < ends
  )
  select case when bar_ms is null then 0 else floor(extract(epoch from f.at - from_at) * 1000 / bar_ms)::int end,
    case when by_stream then f.endpoint_id end, case when by_stream then f.event_type end, f.status,
    case when by_stream then f.error_class end, sum(f.count)::bigint
  from found f
  where (statuses is null or f.status = any (statuses))
    and (endpoints is null or f.endpoint_id = any (endpoints))
    and (types is null or f.event_type = any (types))
    and (errors is null or f.error_class = any (errors))
  group by 1, 2, 3, 4, 5 having sum(f.count) > 0;
end
$$;
revoke all on function wheelhouse.count_webhook_deliveries(jsonb, timestamptz, timestamptz, bigint, boolean) from public;
grant execute on function wheelhouse.count_webhook_deliveries(jsonb, timestamptz, timestamptz, bigint, boolean)
  to wheelhouse_app;
