set local role wheelhouse_search;

-- Deliveries whose error message holds all these words, or words that begin with them: newest first, from `from_at`
-- until before `until_at` and after the place, at most `max_rows`. Only the index over words can answer this: the
-- organization is compared as text, so that no other index is read. A day is searched first, then ever more at once.
create or replace function wheelhouse.find_webhook_words(
  asked_words text[], filter jsonb, visible uuid[], from_at timestamptz, until_at timestamptz, place_at timestamptz,
  place_id uuid, max_rows int
) returns table (id uuid, created_at timestamptz)
language plpgsql stable security definer rows 50 set search_path = wheelhouse, pg_temp set work_mem = '32MB'
set plan_cache_mode = force_generic_plan set enable_seqscan = off set enable_indexscan = off set jit = off
set max_parallel_workers_per_gather = 0 as $$
#variable_conflict use_column
declare
  statuses constant text[] := case when filter ? 'statuses' then array(select jsonb_array_elements_text(filter -> 'statuses')) end;
  endpoints constant uuid[] := case when filter ? 'endpoints' then array(select jsonb_array_elements_text(filter -> 'endpoints')::uuid) end;
  types constant text[] := case when filter ? 'types' then array(select jsonb_array_elements_text(filter -> 'types')) end;
  errors constant text[] := case when filter ? 'errors' then array(select jsonb_array_elements_text(filter -> 'errors')) end;
  -- One for each organization, because a word stands behind its mark.
  queries constant tsquery[] := array(
    select string_agg(quote_literal(right(org::text, 6) || w) || ':*', ' & ')::tsquery
    from unnest(visible) with ordinality as o (org, n) cross join unnest(asked_words) as w group by n order by n);
  days int := 1;
  until_now timestamptz := until_at;
  since timestamptz;
  got int;
  left_over int := max_rows;
begin
  while until_now > from_at and left_over > 0 loop
    since := greatest(from_at, date_bin('1 day', until_now - interval '1 microsecond', timestamptz 'epoch')
      - make_interval(days => days - 1));
    return query
    select m.id, m.created_at from unnest(visible, queries) as o (org_id, query) cross join lateral (
      select d.id, d.created_at from webhook_delivery_log d
      where webhook_words(d.org_id, d.error_message) @@ o.query and d.error_message is not null
        and d.org_id::text = o.org_id::text
        and d.created_at >= since and d.created_at < until_now and (d.created_at, d.id) < (place_at, place_id)
        and (statuses is null or d.status = any (statuses))
        and (endpoints is null or d.endpoint_id = any (endpoints))
        and (types is null or d.event_type = any (types))
        and (errors is null or d.error_class = any (errors))
      order by d.created_at desc, d.id desc limit left_over) m
    order by m.created_at desc, m.id desc limit left_over;
    get diagnostics got = row_count;
    left_over := left_over - got;
    until_now := since;
    days := least(days * 3, 120);
  end loop;
end
$$;
revoke all on function wheelhouse.find_webhook_words(text[], jsonb, uuid[], timestamptz, timestamptz, timestamptz, uuid, int)
  from public;
