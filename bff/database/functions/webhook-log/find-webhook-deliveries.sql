set local role wheelhouse_search;

-- The delivery log: matches of a filter, newest first, after the place (before_at, before_id), at most `max_rows`. Runs
-- outside row-level security, which would keep it from its indexes, and restricts to the transaction's organizations by
-- itself.
-- Keys of `filter`: organizations (ids, within those of the transaction), statuses (`processing` is a row with a claim;
-- every other status has none), endpoints, types, errors (arrays of text), q (text), from, to (time).
-- A text matches the event type, the endpoint's name, the error's class, words of the error's message or their
-- beginnings, the ids of the delivery, of the event, and of the event at its sender, and values of the fields that
-- sources are searched by; the caller adds `id` and
-- `eventAt`, the times within the first two.
--
-- It first walks the newest deliveries, which finds enough if many match. Then it asks the counters in which hours which
-- streams have matches, and reads just those. So what never occurs is answered by counters alone.
create or replace function wheelhouse.find_webhook_deliveries(
  filter jsonb, before_at timestamptz, before_id uuid, max_rows int
) returns table (id uuid, created_at timestamptz)
language plpgsql stable security definer rows 50 set search_path = wheelhouse, pg_temp set timezone = 'UTC'
set plan_cache_mode = force_generic_plan set enable_seqscan = off set enable_bitmapscan = off set enable_hashjoin = off
set enable_mergejoin = off set jit = off set max_parallel_workers_per_gather = 0 as $$
#variable_conflict use_column
declare
  visible constant uuid[] := array(
    select jsonb_array_elements_text(filter -> 'organizations')::uuid intersect select unnest(current_organizations()));
  statuses constant text[] := case when filter ? 'statuses' then array(select jsonb_array_elements_text(filter -> 'statuses')) end;
  endpoints constant uuid[] := case when filter ? 'endpoints' then array(select jsonb_array_elements_text(filter -> 'endpoints')::uuid) end;
  types constant text[] := case when filter ? 'types' then array(select jsonb_array_elements_text(filter -> 'types')) end;
  errors constant text[] := case when filter ? 'errors' then array(select jsonb_array_elements_text(filter -> 'errors')) end;
  asked constant text := filter ->> 'q';
  pattern constant text := '%' || replace(replace(replace(asked, '\', '\\'), '%', '\%'), '_', '\_') || '%';
  asked_words constant text[] := array(
    select left(w, 60) from regexp_split_to_table(lower(asked), '[^[:alnum:]]+') w where w <> '');
  searched constant text[] := array(select '(^|[^[:alnum:]])' || w from unnest(asked_words) w);
  is_narrowed constant boolean := coalesce(statuses, types, errors) is not null or endpoints is not null or asked is not null;
  -- Only these may have a claim.
  may_be_claimed constant boolean := statuses && array['pending', 'failed', 'discarded'];
  named uuid[];
  begins timestamptz;
  until_at timestamptz := least(before_at + interval '1 millisecond', (filter ->> 'to')::timestamptz, now() + interval '1 day');
  place_at timestamptz := coalesce(before_at, 'infinity');
  place_id uuid := coalesce(before_id, 'ffffffff-ffff-ffff-ffff-ffffffffffff');
  ids uuid[] := '{}';
  times timestamptz[] := '{}';
  extra_ids uuid[] := '{}';
  extra_times timestamptz[] := '{}';
  more_ids uuid[];
  more_times timestamptz[];
  streams bigint[];
  -- Streams and the hours in which they are read.
  chosen bigint[];
  hours timestamptz[];
  first_hour timestamptz;
  last_hour timestamptz;
  left_over int;
  since timestamptz;
  days int := 2;
  trying int := case when is_narrowed then least(2 * max_rows + 100, 2000) else max_rows end;
  trying_max constant int := greatest(4000, max_rows);
  tried int := 0;
  got int;
begin
  if cardinality(visible) = 0 then return; end if;
  begins := least(
    (select min(f.at) from webhook_streams s cross join lateral (
       select t.at from webhook_tally t where t.stream = s.stream and t.step = 1440 order by t.at limit 1) f
     where s.org_id = any (visible) and s.endpoint_id is null),
    (select min(date_trunc('day', c.at)) from webhook_tally_changes c where c.org_id = any (visible)));
  begins := greatest(begins, (filter ->> 'from')::timestamptz);
  if begins is null then return; end if;

  if 'processing' = any (statuses) or asked is not null then
    if asked is not null then
      named := array(select e.id from webhook_endpoints e where e.org_id = any (visible) and e.name ilike pattern);
    end if;
    select coalesce(array_agg(f.id), '{}'), coalesce(array_agg(f.created_at), '{}') into extra_ids, extra_times from (
      select d.id, d.created_at from (
        select c.delivery_id as id, c.delivery_created_at as created_at, true as is_claim, null::text as event_id
        from webhook_claims c where 'processing' = any (statuses) and c.org_id = any (visible)
        union all
        select (filter ->> 'id')::uuid, (filter ->> 'idAt')::timestamptz, false, null where filter ? 'id'
      ) w
      cross join lateral (
        select * from webhook_delivery_log l where l.id = w.id and l.created_at = w.created_at limit 1) d
      left join webhook_claims k on k.delivery_id = d.id
      where d.org_id = any (visible) and (d.created_at, d.id) < (place_at, place_id)
        and d.created_at >= begins and d.created_at < until_at
        and (w.is_claim or statuses is null or case when k.delivery_id is null then d.status else 'processing' end = any (statuses))
        and (endpoints is null or d.endpoint_id = any (endpoints))
        and (types is null or d.event_type = any (types))
        and (errors is null or d.error_class = any (errors))
        and (asked is null or not w.is_claim or d.event_type ilike pattern or d.error_class ilike pattern
          or d.endpoint_id = any (named)
          or (cardinality(searched) > 0 and lower(d.error_message) ~ all (searched)))
      order by d.created_at desc, d.id desc limit max_rows) f;
  end if;
  if asked is not null then
    -- The limit within keeps the look-up by time from being turned into a scan of the whole log.
    select extra_ids || coalesce(array_agg(f.id), '{}'), extra_times || coalesce(array_agg(f.created_at), '{}')
      into extra_ids, extra_times
    from (
      select asked as event_id, (filter ->> 'eventAt')::timestamptz as created_at where filter ? 'eventAt'
      union all
      select h.event_id, h.created_at from unnest(visible) as o (org_id) cross join lateral (
        select ev.event_id, ev.created_at from webhook_events ev
        where ev.org_id = o.org_id and ev.source_event_id = asked and ev.created_at >= begins and ev.created_at < until_at
        limit 1000) h
      union all
      select v.event_id, v.created_at from find_webhook_values(asked, visible, begins, until_at, 1000) v
    ) w
    cross join lateral (
      select d.id, d.created_at from unnest(visible) as o (org_id) cross join lateral (
        select l.* from webhook_delivery_log l
        where l.org_id = o.org_id and l.created_at = w.created_at
          and (l.created_at, l.id) < (place_at, place_id) and l.created_at >= begins and l.created_at < until_at
        limit 1000
      ) d
      left join webhook_claims k on k.delivery_id = d.id
      where d.event_id = w.event_id
        and (statuses is null or case when k.delivery_id is null then d.status else 'processing' end = any (statuses))
        and (endpoints is null or d.endpoint_id = any (endpoints))
        and (types is null or d.event_type = any (types))
        and (errors is null or d.error_class = any (errors))
    ) f;
  end if;

  <<search>>
  begin
    exit search when statuses = array['processing'];

    -- Walk.
    while until_at > begins and tried < trying loop
      since := greatest(begins, date_trunc('day', until_at - interval '1 microsecond') - make_interval(days => days - 1));
      select count(*), array_agg(w.id order by w.created_at desc, w.id desc) filter (where w.matches),
          array_agg(w.created_at order by w.created_at desc, w.id desc) filter (where w.matches),
          (array_agg(w.id order by w.created_at, w.id))[1], min(w.created_at)
        into got, more_ids, more_times, id, created_at
      from (
        select m.* from unnest(visible) as o (org_id) cross join lateral (
          select d.id, d.created_at,
            ((statuses is null or d.status = any (statuses))
            and (endpoints is null or d.endpoint_id = any (endpoints))
            and (types is null or d.event_type = any (types))
            and (errors is null or d.error_class = any (errors))
            and (asked is null or d.event_type ilike pattern or d.error_class ilike pattern or d.endpoint_id = any (named)
              or (cardinality(searched) > 0 and lower(d.error_message) ~ all (searched)))
            and (may_be_claimed is not true or not exists (select from webhook_claims c where c.delivery_id = d.id))
            ) is true as matches
          from webhook_delivery_log d
          where d.org_id = o.org_id and d.created_at >= since and d.created_at < until_at
            and (d.created_at, d.id) < (place_at, place_id)
          order by d.created_at desc, d.id desc limit trying - tried) m
        order by m.created_at desc, m.id desc limit trying - tried) w;
      tried := tried + got;
      if got > 0 then
        place_at := created_at;
        place_id := id;
        ids := ids || coalesce(more_ids, '{}');
        times := times || coalesce(more_times, '{}');
      end if;
      exit search when cardinality(ids) >= max_rows;
      if tried < trying then
        until_at := since;
        days := days * 4;
      -- If enough match, walking on is faster than anything else.
      elsif cardinality(ids) > 0 and tried::float8 * max_rows / cardinality(ids) <= trying_max then
        trying := least(tried * 2, trying_max);
      end if;
    end loop;
    exit search when tried < trying or not is_narrowed;
    until_at := least(until_at, place_at + interval '1 millisecond');

    if cardinality(asked_words) > 0 then
      select extra_ids || coalesce(array_agg(f.id), '{}'), extra_times || coalesce(array_agg(f.created_at), '{}')
        into extra_ids, extra_times
      from find_webhook_words(asked_words, filter, visible, begins, until_at, place_at, place_id, max_rows) f
      where may_be_claimed is not true or not exists (select from webhook_claims c where c.delivery_id = f.id);
    end if;

    -- Streams.
    streams := array(select m.stream from match_webhook_streams(filter, visible) m);
    exit search when streams = '{}';
    -- Each look at the counters costs by the number of streams.
    days := case when cardinality(streams) > 200 then 7 else 1 end;
    while until_at > begins and cardinality(ids) < max_rows loop
      left_over := max_rows - cardinality(ids);
      since := date_trunc('day', until_at - interval '1 microsecond') - make_interval(days => days - 1);
      -- From the newest hour on, as many as together hold enough matches. `offset 0` keeps the look-up of each stream from
      -- becoming a walk over the counters of all streams in that time.
      with counted as materialized (
        select c.stream, c.at, sum(c.count) as count from (
          select t.stream, t.at, t.count from unnest(streams) as s (stream) cross join lateral (
            select t.stream, t.at, t.count from webhook_tally t
            where t.stream = s.stream and t.step = 60 and t.at >= since and t.at < until_at offset 0) t
          union all
          select webhook_stream(c.org_id, c.endpoint_id, c.event_type, c.status, c.error_class),
            date_trunc('hour', c.at), c.change
          from webhook_tally_changes c
          where c.org_id = any (visible) and c.change > 0 and c.at >= since and c.at < until_at
            and webhook_stream(c.org_id, c.endpoint_id, c.event_type, c.status, c.error_class) = any (streams)
        ) c group by 1, 2
      ), by_hour as (
        select at, sum(sum(count)) over (order by at desc) - sum(count) as newer from counted group by at
      )
      select array_agg(c.stream), array_agg(c.at), min(c.at), max(c.at) into chosen, hours, first_hour, last_hour
      from by_hour h join counted c on c.at = h.at where h.newer < left_over;
      if chosen is not null then
        select ids || coalesce(array_agg(f.id), '{}'), times || coalesce(array_agg(f.created_at), '{}') into ids, times
        from (
          select m.* from unnest(chosen, hours) as p (stream, at) cross join lateral (
            select d.id, d.created_at from webhook_delivery_log d
            where webhook_stream(d.org_id, d.endpoint_id, d.event_type, d.status, d.error_class) = p.stream
              and d.created_at >= p.at and d.created_at < p.at + interval '1 hour'
              and d.created_at >= first_hour and d.created_at < last_hour + interval '1 hour'
              and d.created_at >= begins and d.created_at < until_at and (d.created_at, d.id) < (place_at, place_id)
              and d.org_id = any (visible)
              and (may_be_claimed is not true or not exists (select from webhook_claims c where c.delivery_id = d.id))
            order by d.created_at desc, d.id desc limit left_over) m
          order by m.created_at desc, m.id desc limit left_over) f;
      end if;
      if cardinality(ids) >= max_rows then exit search; end if;
      -- Where the counters promised enough, claimed deliveries or the range have left some out.
      until_at := case when chosen is not null and exists (
        select from unnest(streams) as s (stream) cross join lateral (
          select from webhook_tally t
          where t.stream = s.stream and t.step = 60 and t.at >= since and t.at < first_hour limit 1) t
      ) then first_hour else since end;
      if until_at = since then days := days * 3; end if;
    end loop;
  end search;

  return query
    select f.id, f.at from unnest(ids || extra_ids, times || extra_times) as f (id, at)
    group by f.id, f.at order by f.at desc, f.id desc limit max_rows;
end
$$;
revoke all on function wheelhouse.find_webhook_deliveries(jsonb, timestamptz, uuid, int) from public;
grant execute on function wheelhouse.find_webhook_deliveries(jsonb, timestamptz, uuid, int) to wheelhouse_app;
