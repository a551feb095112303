-- Events of these organizations, newest first, after the place (before_at, before_id), at most `max_rows`. A null filter
-- narrows nothing. Each combination of the wanted values is read in order from the index that begins with them, and the
-- plan is kept, so that a filter that matches nothing costs one probe for each day and combination. Each
-- order names the nulls as the index that is meant does. The caller's row-level security applies.
create or replace function wheelhouse.find_webhook_events(
  organizations uuid[], sources uuid[], types text[], fates text[], from_at timestamptz, to_at timestamptz,
  before_at timestamptz, before_id text, max_rows int
) returns table (event_id text, created_at timestamptz)
language plpgsql stable rows 100 set search_path = wheelhouse, pg_temp set plan_cache_mode = force_generic_plan
set enable_seqscan = off set enable_bitmapscan = off set enable_sort = off set enable_incremental_sort = off
set max_parallel_workers_per_gather = 0 as $$
#variable_conflict use_column
declare
  of_fates text[] := coalesce(fates, array['matched', 'disabled', 'filter', 'none', 'later', 'unrecorded']);
  until_at timestamptz := least(before_at + interval '1 millisecond', to_at, now() + interval '1 day');
  place_at timestamptz := coalesce(before_at, 'infinity');
  place_id text := coalesce(before_id, '');
begin
  from_at := coalesce(from_at, '-infinity');
  if sources is not null and types is not null then
    return query
      select m.event_id, m.created_at from unnest(organizations) as o (org_id) cross join unnest(sources) as s (source_id) cross join unnest(types) as t (event_type) cross join unnest(of_fates) as f (fate)
      cross join lateral (
        select e.event_id, e.created_at from webhook_events e
        where e.org_id = o.org_id and e.source_id = s.source_id and e.event_type = t.event_type and e.fate = f.fate
          and e.created_at >= from_at and e.created_at < until_at
          and (e.created_at, e.event_id) < (place_at, place_id)
        order by e.created_at desc, e.event_id desc nulls last limit max_rows) m
      order by m.created_at desc, m.event_id desc limit max_rows;
  elsif types is not null then
    return query
      select m.event_id, m.created_at from unnest(organizations) as o (org_id) cross join unnest(types) as t (event_type) cross join unnest(of_fates) as f (fate)
      cross join lateral (
        select e.event_id, e.created_at from webhook_events e
        where e.org_id = o.org_id and e.event_type = t.event_type and e.fate = f.fate
          and e.created_at >= from_at and e.created_at < until_at
          and (e.created_at, e.event_id) < (place_at, place_id)
        order by e.created_at desc nulls last, e.event_id desc nulls last limit max_rows) m
      order by m.created_at desc, m.event_id desc limit max_rows;
  elsif sources is not null then
    return query
      select m.event_id, m.created_at from unnest(organizations) as o (org_id) cross join unnest(sources) as s (source_id) cross join unnest(of_fates) as f (fate)
      cross join lateral (
        select e.event_id, e.created_at from webhook_events e
        where e.org_id = o.org_id and e.source_id = s.source_id and e.fate = f.fate
          and e.created_at >= from_at and e.created_at < until_at
          and (e.created_at, e.event_id) < (place_at, place_id)
        order by e.created_at desc nulls last, e.event_id desc limit max_rows) m
      order by m.created_at desc, m.event_id desc limit max_rows;
  else
    return query
      select m.event_id, m.created_at from unnest(organizations) as o (org_id) cross join unnest(of_fates) as f (fate)
      cross join lateral (
        select e.event_id, e.created_at from webhook_events e
        where e.org_id = o.org_id and e.fate = f.fate
          and e.created_at >= from_at and e.created_at < until_at
          and (e.created_at, e.event_id) < (place_at, place_id)
        order by e.created_at desc, e.event_id desc limit max_rows) m
      order by m.created_at desc, m.event_id desc limit max_rows;
  end if;
end
$$;
revoke all on function wheelhouse.find_webhook_events(
  uuid[], uuid[], text[], text[], timestamptz, timestamptz, timestamptz, text, int) from public;
grant execute on function wheelhouse.find_webhook_events(
  uuid[], uuid[], text[], text[], timestamptz, timestamptz, timestamptz, text, int) to wheelhouse_app;
