-- Filters of the trail that are turned around.
grant create on schema wheelhouse to wheelhouse_search;
set local role wheelhouse_search;

-- Text, target and mixed filters: their operators are not leakproof, so under row-level security no index serves them.
-- This runs outside it and adds the organizations of the transaction by itself.
-- Keys of `filter`: q (text: words or their beginnings), actors, actions, classes, outcomes, targets, slots (arrays of
-- text), not (those of the arrays that an event must not match), from, to (time), organizations (array of ids, narrowed to
-- those of the transaction).
-- First the newest events are looked through, which is quick where many match and tells how many do. Then the index over
-- words is asked, one month after the other, more at once where it finds few: finds have no order, so all are read. It is
-- asked alone: reading an organization's month in the index by time, only to narrow the finds, takes twenty times as long
-- (hence the comparison as text). Beginnings that many events hold are left out of the question and looked for in what
-- the others find. What an event must not match is in no index; a filter of nothing else walks the events in their order.
-- Without `max_rows` all are returned. Content on demand.
create or replace function wheelhouse.find_audit(
  filter jsonb, before_at timestamptz, before_id uuid, max_rows int, with_content boolean default false
) returns table (id uuid, recorded_at timestamptz, content text)
language plpgsql stable security definer rows 100 set search_path = wheelhouse, pg_temp set work_mem = '32MB'
set max_parallel_workers_per_gather = 0 as $$
declare
  visible uuid[] := array(
    select jsonb_array_elements_text(filter -> 'organizations')::uuid
    intersect select unnest(wheelhouse.current_organizations())
  );
  words constant text := 'wheelhouse.audit_words(e.org_id, e.recorded_at, e.action, e.outcome, e.actor_id, '
    'e.actor_display, e.target_keys, e.search_text)';
  asked_words text[] := array(
    select left(w, 60) from regexp_split_to_table(lower(filter ->> 'q'), '[^[:alnum:]]+') w where w <> '');
  searched text[] := array(select '(^|[^[:alnum:]])' || w from unnest(asked_words) w);
  has_text constant boolean := cardinality(asked_words) > 0;
  actors text[] := array(select jsonb_array_elements_text(filter -> 'actors'));
  actions text[] := array(select jsonb_array_elements_text(filter -> 'actions'));
  classes text[] := array(select jsonb_array_elements_text(filter -> 'classes'));
  outcomes text[] := array(select jsonb_array_elements_text(filter -> 'outcomes'));
  targets text[] := array(select jsonb_array_elements_text(filter -> 'targets'));
  slots text[] := array(select jsonb_array_elements_text(filter -> 'slots'));
  negated constant text[] := array(select jsonb_array_elements_text(filter -> 'not'));
  query tsquery;
  conditions text := 'true';
  left_out text := '';
  part record;
  -- Without a place everything is behind it.
  place_at timestamptz := coalesce(before_at, 'infinity');
  place_id uuid := coalesce(before_id, 'ffffffff-ffff-ffff-ffff-ffffffffffff');
  bounds constant text := ' and e.recorded_at >= $3 and e.recorded_at < $4 and (e.recorded_at, e.id) < ($5, $6)';
  found_columns constant text := 'e.id, e.recorded_at, '
    || case when with_content then 'e.content' else 'null::text as content' end;
  in_order constant text := ' order by e.recorded_at desc, e.id desc limit $15';
  statement text;
  begins timestamptz := greatest(audit_begins(visible), (filter ->> 'from')::timestamptz);
  until_at timestamptz := least(before_at + interval '1 millisecond', (filter ->> 'to')::timestamptz, now() + interval '1 day');
  since_at timestamptz := date_trunc('month', until_at - interval '1 microsecond', 'UTC');
  months int := 1;
  candidate record;
  newest_at timestamptz;
  -- Looking through a text costs more than comparing columns.
  trying int := case when has_text then 200 else 400 end;
  trying_max constant int := case when has_text then 800 else 4000 end;
  tried int := 0;
  matched int := 0;
  hits int[] := array_fill(0, array[cardinality(searched)]);
  rare text[];
  got int;
begin
  -- What holds no letter and no digit can be no word.
  if cardinality(visible) = 0 or (filter ? 'q' and not has_text) then return; end if;
  for part in
    select * from (values
      ('actors', '(e.actor_id = any ($7) or e.actor_display = any ($7))'), ('actions', 'e.action = any ($8)'),
      ('classes', 'e.class = any ($9)'), ('outcomes', 'e.outcome = any ($10)'), ('targets', 'e.target_keys && $11'),
      ('slots', 'to_char(e.recorded_at at time zone ''UTC'', ''ID-HH24'') = any ($12)')
    ) as c (name, condition) where filter ? c.name
  loop
    if part.name = any (negated) then left_out := left_out || ' and (' || part.condition || ') is not true';
    else conditions := conditions || ' and ' || part.condition; end if;
  end loop;
  conditions := conditions || left_out;
  filter := filter - negated;
  query := audit_query(filter, visible[1]);

  if max_rows is not null then
    statement := 'select ' || found_columns || ', ' || conditions || ' as matches, '
      || case when has_text then 'array(select (lower(e.search_text) ~ w)::int from unnest($13) with ordinality as s (w, n) order by n)'
        else '''{}''::int[]' end || ' as hits from ' || case when cardinality(visible) = 1
      then 'wheelhouse.audit_events e where e.org_id = $1' || bounds || in_order
      else 'unnest($2) as o (org_id) cross join lateral (select * from wheelhouse.audit_events e where e.org_id = o.org_id'
        || bounds || in_order || ') e' || in_order end;
    while until_at > begins and tried < trying loop
      for candidate in execute statement using visible[1], visible, greatest(since_at, begins), until_at, place_at, place_id,
        actors, actions, classes, outcomes, targets, slots, searched, query, trying - tried, filter
      loop
        newest_at := coalesce(newest_at, candidate.recorded_at);
        tried := tried + 1;
        place_at := candidate.recorded_at;
        place_id := candidate.id;
        for n in 1 .. cardinality(searched) loop
          hits[n] := hits[n] + candidate.hits[n];
        end loop;
        continue when candidate.matches is not true or 0 = any (candidate.hits);
        matched := matched + 1;
        id := candidate.id;
        recorded_at := candidate.recorded_at;
        content := candidate.content;
        return next;
        if matched >= max_rows then return; end if;
      end loop;
      if tried < trying then
        until_at := since_at;
        since_at := (since_at at time zone 'UTC' - make_interval(months => months)) at time zone 'UTC';
        months := least(months * 2, 12);
      -- Where enough match, looking on is quicker than the index, whose finds have to be sorted.
      elsif matched > 0 and tried::float8 * max_rows / matched <= trying_max then
        trying := least(tried * 2, trying_max);
      end if;
    end loop;
    if tried < trying then return; end if;
    until_at := place_at + interval '1 millisecond';
    since_at := date_trunc('month', place_at, 'UTC');
    months := 1;
    conditions := 'true' || left_out;
    rare := array(select w from unnest(asked_words, hits) as h (w, hit) where hit * 10 <= tried);
    if cardinality(rare) < cardinality(asked_words) then
      if rare = '{}' then rare := array(select w from unnest(asked_words, hits) as h (w, hit) order by hit limit 1); end if;
      filter := filter || jsonb_build_object('q', array_to_string(rare, ' '));
      query := audit_query(filter, visible[1]);
      conditions := 'lower(e.search_text) ~ all ($13)' || left_out;
    end if;
  else
    since_at := begins;
    conditions := 'true' || left_out;
  end if;

  statement := ' from wheelhouse.audit_events e where '
    || case when query is null then 'e.org_id = %2$s' else words || ' @@ %1$s and e.org_id::text = %2$s::text' end || bounds
    || case when filter ? 'outcomes' and outcomes && array['success'] then ' and e.outcome = any ($10)' else '' end
    || ' and ' || conditions || in_order;
  statement := case when cardinality(visible) = 1 then 'select ' || found_columns || format(statement, '$14', '$1')
    else 'select e.* from unnest($2) as o (org_id) cross join lateral (select ' || found_columns
      || format(statement, 'wheelhouse.audit_query($16, o.org_id)', 'o.org_id') || ') e' || in_order end;
  while until_at > begins and (max_rows is null or matched < max_rows) loop
    return query execute statement using visible[1], visible, greatest(since_at, begins), until_at, place_at, place_id,
      actors, actions, classes, outcomes, targets, slots, searched, query, max_rows - matched, filter;
    get diagnostics got = row_count;
    matched := matched + got;
    months := case when got * 4 > max_rows - matched then 1 else least(months * 2, 12) end;
    until_at := since_at;
    since_at := (since_at at time zone 'UTC' - make_interval(months => months)) at time zone 'UTC';
  end loop;
end
$$;
reset role;
revoke create on schema wheelhouse from wheelhouse_search;
