set local role wheelhouse_search;

-- Text, target and mixed filters: their operators are not leakproof, so row-level security keeps them from any index.
-- This runs outside it and restricts to the transaction's organizations by itself.
-- Keys of `filter`: q (text: words or their prefixes), actors, actions, classes, outcomes, targets, slots (arrays of
-- text), not (those of the arrays that an event must not match), from, to (time), organizations (array of ids, within
-- those of the transaction).
-- It first scans the newest events, which is fast if many match and shows how many do. Then it queries the index over
-- words, one month after the other, and more at once if it finds few: matches have no order, so all are read. It uses
-- that index alone: reading an organization's month in the index by time, only to narrow the matches, takes 20 times
-- as long (hence the comparison as text). Prefixes that many events contain are left out of the query and checked in
-- the other matches. Exclusions are in no index; a filter of exclusions alone walks the events in order.
-- Without `max_rows` all are returned. Content on demand.
create or replace function wheelhouse.find_audit(
  filter jsonb, before_at timestamptz, before_id uuid, max_rows int, with_content boolean default false
) returns table (id uuid, recorded_at timestamptz, content text)
language plpgsql stable security definer rows 100 set search_path = wheelhouse, pg_temp set work_mem = '32MB'
set max_parallel_workers_per_gather = 0
-- Statements are planned once, without knowing the values. They would sort whole months although an index has the
-- order, and expect so many matches that also reading the index by time seems worthwhile, so a higher cost is declared.
set plan_cache_mode = force_generic_plan set enable_sort = off set cpu_index_tuple_cost = 1 as $$
#variable_conflict use_column
declare
  visible uuid[] := array(
    select jsonb_array_elements_text(filter -> 'organizations')::uuid
    intersect select unnest(wheelhouse.current_organizations())
  );
  asked_words text[] := array(
    select left(w, 60) from regexp_split_to_table(lower(filter ->> 'q'), '[^[:alnum:]]+') w where w <> '');
  searched text[] := array(select '(^|[^[:alnum:]])' || w from unnest(asked_words) w);
  has_text constant boolean := cardinality(asked_words) > 0;
  -- Null unless requested.
  actors text[] := case when filter ? 'actors' then array(select jsonb_array_elements_text(filter -> 'actors')) end;
  actions text[] := case when filter ? 'actions' then array(select jsonb_array_elements_text(filter -> 'actions')) end;
  classes text[] := case when filter ? 'classes' then array(select jsonb_array_elements_text(filter -> 'classes')) end;
  outcomes text[] := case when filter ? 'outcomes' then array(select jsonb_array_elements_text(filter -> 'outcomes')) end;
  targets text[] := case when filter ? 'targets' then array(select jsonb_array_elements_text(filter -> 'targets')) end;
  slots text[] := case when filter ? 'slots' then array(select jsonb_array_elements_text(filter -> 'slots')) end;
  negated constant text[] := array(select jsonb_array_elements_text(filter -> 'not'));
  not_actors constant boolean := actors is not null and 'actors' = any (negated);
  not_actions constant boolean := actions is not null and 'actions' = any (negated);
  not_classes constant boolean := classes is not null and 'classes' = any (negated);
  not_outcomes constant boolean := outcomes is not null and 'outcomes' = any (negated);
  not_targets constant boolean := targets is not null and 'targets' = any (negated);
  not_slots constant boolean := slots is not null and 'slots' = any (negated);
  has_success constant boolean := outcomes is not null and not not_outcomes and 'success' = any (outcomes);
  -- The part of the filter that the index can answer.
  lookup jsonb := filter - negated;
  -- Words that are checked in the index's matches.
  left_over_words text[];
  place_at timestamptz := coalesce(before_at, 'infinity');
  place_id uuid := coalesce(before_id, 'ffffffff-ffff-ffff-ffff-ffffffffffff');
  begins timestamptz := greatest(audit_begins(visible), (filter ->> 'from')::timestamptz);
  until_at timestamptz := least(before_at + interval '1 millisecond', (filter ->> 'to')::timestamptz, now() + interval '1 day');
  since_at timestamptz := date_trunc('month', until_at - interval '1 microsecond', 'UTC');
  from_at timestamptz;
  -- One for each of the organizations; null if no part of the filter is in the index.
  queries tsquery[];
  months int := 1;
  candidate record;
  -- Searching a text costs more than comparing columns.
  trying int := case when has_text then 100 else 160 end;
  trying_max constant int := case when has_text then 800 else 4000 end;
  tried int := 0;
  matched int := 0;
  hits int[] := array_fill(0, array[cardinality(searched)]);
  rare text[];
  got int;
begin
  -- A text without letters and digits is not a word.
  if cardinality(visible) = 0 or (filter ? 'q' and not has_text) then return; end if;

  if max_rows is null then
    since_at := begins;
  else
    while until_at > begins and tried < trying loop
      from_at := greatest(since_at, begins);
      for candidate in
        select m.* from unnest(visible) as o (org_id) cross join lateral (
          select e.id, e.recorded_at, case when with_content then e.content end as content,
            (actors is null or ((e.actor_id = any (actors) or e.actor_display = any (actors)) is true) <> not_actors)
            and (actions is null or (e.action = any (actions)) <> not_actions)
            and (classes is null or (e.class = any (classes)) <> not_classes)
            and (outcomes is null or (e.outcome = any (outcomes)) <> not_outcomes)
            and (targets is null or (e.target_keys && targets) <> not_targets)
            and (slots is null or (to_char(e.recorded_at at time zone 'UTC', 'ID-HH24') = any (slots)) <> not_slots) as matches,
            case when has_text then array(
              select (lower(e.search_text) ~ w)::int from unnest(searched) with ordinality as s (w, n) order by n) end as hits
          from audit_events e
          where e.org_id = o.org_id and e.recorded_at >= from_at and e.recorded_at < until_at
            and (e.recorded_at, e.id) < (place_at, place_id)
          order by e.recorded_at desc, e.id desc limit trying - tried) m
        order by m.recorded_at desc, m.id desc limit trying - tried
      loop
        tried := tried + 1;
        place_at := candidate.recorded_at;
        place_id := candidate.id;
        if has_text then
          for n in 1 .. cardinality(searched) loop
            hits[n] := hits[n] + candidate.hits[n];
          end loop;
          continue when 0 = any (candidate.hits);
        end if;
        continue when candidate.matches is not true;
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
      -- If enough match, scanning on is faster than the index, whose matches must be sorted.
      elsif matched > 0 and tried::float8 * max_rows / matched <= trying_max then
        trying := least(tried * 2, trying_max);
      end if;
    end loop;
    if tried < trying then return; end if;
    until_at := place_at + interval '1 millisecond';
    since_at := date_trunc('month', place_at, 'UTC');
    months := 1;
    rare := array(select w from unnest(asked_words, hits) as h (w, hit) where hit * 10 <= tried);
    if cardinality(rare) < cardinality(asked_words) then
      if rare = '{}' then rare := array(select w from unnest(asked_words, hits) as h (w, hit) order by hit limit 1); end if;
      lookup := lookup || jsonb_build_object('q', array_to_string(rare, ' '));
      left_over_words := searched;
    end if;
  end if;

  queries := array(select audit_query(lookup, v) from unnest(visible) v);
  while until_at > begins and (max_rows is null or matched < max_rows) loop
    from_at := greatest(since_at, begins);
    if queries[1] is not null then
      return query
        select m.* from unnest(visible, queries) as o (org_id, query) cross join lateral (
          select e.id, e.recorded_at, case when with_content then e.content end as content
          from audit_events e
          where audit_words(e.org_id, e.recorded_at, e.action, e.outcome, e.actor_id, e.actor_display, e.target_keys,
              e.search_text) @@ o.query
            and e.org_id::text = o.org_id::text
            and e.recorded_at >= any (array[from_at, from_at]) and e.recorded_at < any (array[until_at, until_at])
            and (e.recorded_at, e.id) < (place_at, place_id)
            and (not not_actors or (e.actor_id = any (actors) or e.actor_display = any (actors)) is not true)
            and (not not_actions or e.action <> all (actions))
            and (not not_classes or e.class <> all (classes))
            and (not not_outcomes or e.outcome <> all (outcomes))
            and (not not_targets or not e.target_keys && targets)
            and (not not_slots or to_char(e.recorded_at at time zone 'UTC', 'ID-HH24') <> all (slots))
            -- Success is not in the index, because nearly everything succeeds.
            and (not has_success or e.outcome = any (outcomes))
            and (left_over_words is null or lower(e.search_text) ~ all (left_over_words))
          order by e.recorded_at desc, e.id desc limit max_rows - matched) m
        order by m.recorded_at desc, m.id desc limit max_rows - matched;
    else
      return query
        select m.* from unnest(visible) as o (org_id) cross join lateral (
          select e.id, e.recorded_at, case when with_content then e.content end as content
          from audit_events e
          where e.org_id = o.org_id
            and e.recorded_at >= from_at and e.recorded_at < until_at and (e.recorded_at, e.id) < (place_at, place_id)
            and (not not_actors or (e.actor_id = any (actors) or e.actor_display = any (actors)) is not true)
            and (not not_actions or e.action <> all (actions))
            and (not not_classes or e.class <> all (classes))
            and (not not_outcomes or e.outcome <> all (outcomes))
            and (not not_targets or not e.target_keys && targets)
            and (not not_slots or to_char(e.recorded_at at time zone 'UTC', 'ID-HH24') <> all (slots))
            and (not has_success or e.outcome = any (outcomes))
          order by e.recorded_at desc, e.id desc limit max_rows - matched) m
        order by m.recorded_at desc, m.id desc limit max_rows - matched;
    end if;
    get diagnostics got = row_count;
    matched := matched + got;
    months := case when got * 4 > max_rows - matched then 1 else least(months * 3, 12) end;
    until_at := since_at;
    since_at := (since_at at time zone 'UTC' - make_interval(months => months)) at time zone 'UTC';
  end loop;
end
$$;
revoke all on function wheelhouse.find_audit(jsonb, timestamptz, uuid, int, boolean) from public;
grant execute on function wheelhouse.find_audit(jsonb, timestamptz, uuid, int, boolean) to wheelhouse_app;
