-- Events of these organizations by bar and fate, `bars` bars of `step` from `from_at` on. Counts at most `most` of each bar,
-- so that the work is bounded whatever the range holds. A null filter narrows nothing. The caller's row-level security
-- applies.
create or replace function wheelhouse.count_webhook_events(
  organizations uuid[], sources uuid[], types text[], fates text[], from_at timestamptz, step interval, bars int, most int
) returns table (bar int, fate text, count int)
language plpgsql stable rows 100 set search_path = wheelhouse, pg_temp set plan_cache_mode = force_generic_plan
set enable_seqscan = off set enable_bitmapscan = off set max_parallel_workers_per_gather = 0 as $$
#variable_conflict use_column
declare
  of_fates text[] := coalesce(fates, array['matched', 'disabled', 'filter', 'none', 'later', 'unrecorded']);
begin
  if sources is not null and types is not null then
    return query
      select b.bar, f.fate, sum(c.count)::int from unnest(organizations) as o (org_id) cross join unnest(sources) as s (source_id) cross join unnest(types) as t (event_type) cross join unnest(of_fates) as f (fate)
      cross join generate_series(0, bars - 1) as b (bar)
      cross join lateral (
        select count(*) from (
          select from webhook_events e
          where e.org_id = o.org_id and e.source_id = s.source_id and e.event_type = t.event_type and e.fate = f.fate
            and e.created_at >= from_at + b.bar * step and e.created_at < from_at + (b.bar + 1) * step
          limit most) capped) c
      where c.count > 0 group by b.bar, f.fate;
  elsif types is not null then
    return query
      select b.bar, f.fate, sum(c.count)::int from unnest(organizations) as o (org_id) cross join unnest(types) as t (event_type) cross join unnest(of_fates) as f (fate)
      cross join generate_series(0, bars - 1) as b (bar)
      cross join lateral (
        select count(*) from (
          select from webhook_events e
          where e.org_id = o.org_id and e.event_type = t.event_type and e.fate = f.fate
            and e.created_at >= from_at + b.bar * step and e.created_at < from_at + (b.bar + 1) * step
          limit most) capped) c
      where c.count > 0 group by b.bar, f.fate;
  elsif sources is not null then
    return query
      select b.bar, f.fate, sum(c.count)::int from unnest(organizations) as o (org_id) cross join unnest(sources) as s (source_id) cross join unnest(of_fates) as f (fate)
      cross join generate_series(0, bars - 1) as b (bar)
      cross join lateral (
        select count(*) from (
          select from webhook_events e
          where e.org_id = o.org_id and e.source_id = s.source_id and e.fate = f.fate
            and e.created_at >= from_at + b.bar * step and e.created_at < from_at + (b.bar + 1) * step
          limit most) capped) c
      where c.count > 0 group by b.bar, f.fate;
  else
    return query
      select b.bar, f.fate, sum(c.count)::int from unnest(organizations) as o (org_id) cross join unnest(of_fates) as f (fate)
      cross join generate_series(0, bars - 1) as b (bar)
      cross join lateral (
        select count(*) from (
          select from webhook_events e
          where e.org_id = o.org_id and e.fate = f.fate
            and e.created_at >= from_at + b.bar * step and e.created_at < from_at + (b.bar + 1) * step
          limit most) capped) c
      where c.count > 0 group by b.bar, f.fate;
  end if;
end
$$;
revoke all on function wheelhouse.count_webhook_events(
  uuid[], uuid[], text[], text[], timestamptz, interval, int, int) from public;
grant execute on function wheelhouse.count_webhook_events(
  uuid[], uuid[], text[], text[], timestamptz, interval, int, int) to wheelhouse_app;
