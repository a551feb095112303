-- Reading the trail, one month's partition at a time: planning a statement over all of them takes longer than its work.
set local role wheelhouse_owner;

-- As before, in a quarter of the time: one expression over the whole text instead of a row per word. Each insert pays it.
create or replace function wheelhouse.audit_words(
  org_id uuid, recorded_at timestamptz, action text, outcome text, actor_id text, actor_display text,
  target_keys text[], search_text text
) returns tsvector language plpgsql immutable parallel safe cost 1000 as $$
declare
  mark constant text := right(org_id::text, 6);
  -- What stands between words nearly always; a regular expression alone takes three times as long.
  plain text := replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(
    lower(search_text), '.', ' '), '-', ' '), '_', ' '), '"', ' '), ':', ' '), ',', ' '), '{', ' '), '}', ' '), '/', ' '),
    '[', ' '), ']', ' ');
  words text[];
  word text;
begin
  if plain ~ '[^[:alnum:] ]' then plain := regexp_replace(plain, '[^[:alnum:]]+', ' ', 'g'); end if;
  words := string_to_array(mark || 'w' || replace(plain, ' ', E'\x1f' || mark || 'w'), E'\x1f');
  -- Only a long text can hold a word that is too long for the index; searched are beginnings of up to 60 letters.
  if octet_length(plain) > 1900 then
    words := array(select left(w, length(mark) + 61) from unnest(words) w);
  end if;
  foreach word in array target_keys loop
    if word is not null then words := words || (mark || 't' || left(word, 300)); end if;
  end loop;
  words := words || array[
    mark || 'a' || left(actor_display, 300), mark || 'x' || action,
    mark || 'c' || split_part(split_part(action, '.', 1), ':', 1),
    mark || 'h' || to_char(recorded_at at time zone 'UTC', 'ID-HH24'),
    mark || case when actor_id is null then 'w' else 'a' || left(actor_id, 300) end,
    mark || case when outcome = 'success' then 'w' else 'o' || outcome end];
  -- Empty between two marks.
  return array_to_tsvector(array_remove(words, mark || 'w'));
end
$$;

create policy by_search on wheelhouse.audit_chain for select to wheelhouse_search using (true);
create policy by_search on wheelhouse.audit_expirations for select to wheelhouse_search using (true);
grant select (org_id, seq, recorded_at) on wheelhouse.audit_chain to wheelhouse_search;
grant select (org_id, upto_seq) on wheelhouse.audit_expirations to wheelhouse_search;

-- No event of these organizations that still has content is older; null when they have none. Numbers follow the commits
-- and times the beginnings of transactions, hence the day.
create function wheelhouse.audit_begins(organizations uuid[]) returns timestamptz
language plpgsql stable set search_path = wheelhouse, pg_temp as $$
begin
  return (
    select min(oldest.recorded_at) - interval '1 day' from unnest(organizations) as o (org_id) cross join lateral (
      select c.recorded_at from audit_chain c
      where c.org_id = o.org_id
        and c.seq > coalesce((select max(x.upto_seq) from audit_expirations x where x.org_id = o.org_id), 0)
      order by c.seq limit 1) oldest);
end
$$;

-- Events of these organizations by one index that has them in order, newest first: `walked` is the column of that index
-- (actor_id, action, outcome) with the values `wanted`, or null for all events, of which `outcomes` may leave some out.
-- From `from_at` until before `to_at`, behind the place (before_at, before_id), at most `max_rows`. Content on demand.
-- Row-level security of the caller holds.
create function wheelhouse.browse_audit(
  organizations uuid[], walked text, wanted text[], outcomes text[], from_at timestamptz, to_at timestamptz,
  before_at timestamptz, before_id uuid, max_rows int, with_content boolean
) returns table (id uuid, recorded_at timestamptz, content text)
language plpgsql stable rows 100 set search_path = wheelhouse, pg_temp set max_parallel_workers_per_gather = 0 as $$
declare
  begins timestamptz := greatest(audit_begins(organizations), from_at);
  -- Events of transactions that began a moment ahead of this clock are within.
  until_at timestamptz := least(before_at + interval '1 millisecond', to_at, now() + interval '1 day');
  since_at timestamptz := date_trunc('month', until_at - interval '1 microsecond', 'UTC');
  months int := 1;
  left_over int := max_rows;
  got int;
  of_one constant text := 'select e.id, e.recorded_at, ' || case when with_content then 'e.content' else 'null::text' end
    || ' from wheelhouse.audit_events e where e.org_id = %s and e.recorded_at >= $5 and e.recorded_at < $6'
    || case when before_at is not null then ' and (e.recorded_at, e.id) < ($7, $8)' else '' end
    || case when walked is not null then format(' and e.%I = %%s', walked) else '' end
    -- Word for word the condition of the index over refused acts.
    || case when walked = 'outcome' then ' and e.outcome <> ''success''' else '' end
    || case when outcomes is not null then ' and e.outcome = any ($4)' else '' end
    || ' order by e.recorded_at desc, e.id desc limit $9';
  statement text := case
    when cardinality(organizations) = 1 and coalesce(cardinality(wanted), 1) = 1 then format(of_one, '$1', '$2')
    else 'select m.* from unnest($10) as o (org_id) cross join unnest($3) as v (value) cross join lateral ('
      || format(of_one, 'o.org_id', 'v.value') || ') m order by m.recorded_at desc, m.id desc limit $9' end;
begin
  while until_at > begins and left_over > 0 loop
    return query execute statement using organizations[1], wanted[1], coalesce(wanted, '{all}'), outcomes,
      greatest(since_at, begins), until_at, before_at, before_id, left_over, organizations;
    get diagnostics got = row_count;
    left_over := left_over - got;
    until_at := since_at;
    since_at := (since_at at time zone 'UTC' - make_interval(months => months)) at time zone 'UTC';
    months := least(months * 2, 12);
  end loop;
end
$$;
revoke all on function wheelhouse.audit_begins(uuid[]) from public;
revoke all on function wheelhouse.browse_audit(
  uuid[], text, text[], text[], timestamptz, timestamptz, timestamptz, uuid, int, boolean) from public;
grant execute on function wheelhouse.audit_begins(uuid[]) to wheelhouse_app, wheelhouse_search;
grant execute on function wheelhouse.browse_audit(
  uuid[], text, text[], text[], timestamptz, timestamptz, timestamptz, uuid, int, boolean) to wheelhouse_app;

reset role;

grant create on schema wheelhouse to wheelhouse_search;
set local role wheelhouse_search;
drop function wheelhouse.find_audit(jsonb, timestamptz, uuid, int);

-- Text, target and mixed filters: their operators are not leakproof, so under row-level security no index serves them.
-- This runs outside it and adds the organizations of the transaction by itself.
-- Keys of `filter`: q (text: words or their beginnings), actors, actions, classes, outcomes, targets, slots (arrays of
-- text), from, to (time), organizations (array of ids, narrowed to those of the transaction).
-- First the newest events are looked through, which is quick where many match and tells how many do. Then the index over
-- words is asked, one month after the other, more at once where it finds few: finds have no order, so all are read. It is
-- asked alone: reading an organization's month in the index by time, only to narrow the finds, takes twenty times as long
-- (hence the comparison as text). Beginnings that many events hold are left out of the question and looked for in what
-- the others find. Without `max_rows` all are returned. Content on demand.
create function wheelhouse.find_audit(
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
  query tsquery := audit_query(filter, visible[1]);
  conditions text := 'true';
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
  if filter ? 'actors' then conditions := conditions || ' and (e.actor_id = any ($7) or e.actor_display = any ($7))'; end if;
  if filter ? 'actions' then conditions := conditions || ' and e.action = any ($8)'; end if;
  if filter ? 'classes' then conditions := conditions || ' and e.class = any ($9)'; end if;
  if filter ? 'outcomes' then conditions := conditions || ' and e.outcome = any ($10)'; end if;
  if filter ? 'targets' then conditions := conditions || ' and e.target_keys && $11'; end if;
  if filter ? 'slots' then
    conditions := conditions || ' and to_char(e.recorded_at at time zone ''UTC'', ''ID-HH24'') = any ($12)';
  end if;

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
    conditions := 'true';
    rare := array(select w from unnest(asked_words, hits) as h (w, hit) where hit * 10 <= tried);
    if cardinality(rare) < cardinality(asked_words) then
      if rare = '{}' then rare := array(select w from unnest(asked_words, hits) as h (w, hit) order by hit limit 1); end if;
      filter := filter || jsonb_build_object('q', array_to_string(rare, ' '));
      query := audit_query(filter, visible[1]);
      conditions := 'lower(e.search_text) ~ all ($13)';
    end if;
  else
    since_at := begins;
    conditions := 'true';
  end if;

  statement := ' from wheelhouse.audit_events e where ' || words || ' @@ %s and e.org_id::text = %s::text' || bounds
    || case when outcomes && array['success'] then ' and e.outcome = any ($10)' else '' end
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
revoke all on function wheelhouse.find_audit(jsonb, timestamptz, uuid, int, boolean) from public;
grant execute on function wheelhouse.find_audit(jsonb, timestamptz, uuid, int, boolean) to wheelhouse_app;
reset role;
revoke create on schema wheelhouse from wheelhouse_search;
