grant create on schema wheelhouse to wheelhouse_search;
set local role wheelhouse_search;

-- Text, target and mixed filters: their operators are not leakproof, so under row-level security no index serves them.
-- This runs outside it and adds the organizations of the transaction by itself.
-- Keys of `filter`: q (text: words or their beginnings), actors, actions, classes, outcomes, targets, slots (arrays of
-- text), from, to (time), organizations (array of ids, narrowed to those of the transaction).
-- First the newest events are tried, which is quick where many match; text, whose words are dear to make again, is not.
-- Then the index is asked for longer and longer times: a frequent word is found in the first days, a rare one in few steps.
-- Without `max_rows` all are returned.
create or replace function wheelhouse.find_audit(filter jsonb, before_at timestamptz, before_id uuid, max_rows int)
returns table (id uuid, recorded_at timestamptz)
language plpgsql stable security definer set search_path = wheelhouse, pg_temp as $$
declare
  visible uuid[] := array(
    select jsonb_array_elements_text(filter -> 'organizations')::uuid
    intersect select unnest(wheelhouse.current_organizations())
  );
  words constant text := 'wheelhouse.audit_words(e.org_id, e.recorded_at, e.action, e.outcome, e.actor_id, '
    'e.actor_display, e.target_keys, e.search_text)';
  bounds text := '';
  conditions text := '';
  has_text boolean := filter ? 'q' and (filter ->> 'q') ~ '[[:alnum:]]';
  tried constant int := 800;
  found_ids uuid[];
  found_times timestamptz[];
  tried_count int;
  first_at timestamptz;
  until_at timestamptz;
  since_at timestamptz;
  days int := 1;
  left_over int := max_rows;
  got int;
begin
  -- What holds no letter and no digit can be no word.
  if filter ? 'q' and not has_text then return; end if;
  if filter ? 'from' then bounds := bounds || ' and e.recorded_at >= $2'; end if;
  if filter ? 'to' then bounds := bounds || ' and e.recorded_at < $3'; end if;
  if before_at is not null then bounds := bounds || ' and (e.recorded_at, e.id) < ($4, $5)'; end if;
  if filter ? 'actors' then conditions := conditions || ' and (e.actor_id = any ($6) or e.actor_display = any ($6))'; end if;
  if filter ? 'actions' then conditions := conditions || ' and e.action = any ($7)'; end if;
  if filter ? 'classes' then conditions := conditions || ' and e.class = any ($8)'; end if;
  if filter ? 'outcomes' then conditions := conditions || ' and e.outcome = any ($9)'; end if;
  if filter ? 'targets' then conditions := conditions || ' and e.target_keys && $10'; end if;
  if filter ? 'slots' then
    conditions := conditions || ' and to_char(e.recorded_at at time zone ''UTC'', ''ID-HH24'') = any ($11)';
  end if;

  if max_rows is not null and not has_text then
    execute 'select count(*), array_agg(t.id order by t.recorded_at desc, t.id desc) filter (where t.matches), '
      'array_agg(t.recorded_at order by t.recorded_at desc, t.id desc) filter (where t.matches) from ('
      'select e.id, e.recorded_at, (true' || conditions || ') as matches from unnest($12) as o (org_id) '
      'cross join lateral (select * from wheelhouse.audit_events e where e.org_id = o.org_id' || bounds
      || ' order by e.recorded_at desc, e.id desc limit $13) e order by e.recorded_at desc, e.id desc limit $13) t'
    into tried_count, found_ids, found_times
    using filter, (filter ->> 'from')::timestamptz, (filter ->> 'to')::timestamptz, before_at, before_id,
      array(select jsonb_array_elements_text(filter -> 'actors')), array(select jsonb_array_elements_text(filter -> 'actions')),
      array(select jsonb_array_elements_text(filter -> 'classes')), array(select jsonb_array_elements_text(filter -> 'outcomes')),
      array(select jsonb_array_elements_text(filter -> 'targets')), array(select jsonb_array_elements_text(filter -> 'slots')),
      visible, tried;
    if tried_count < tried or coalesce(array_length(found_ids, 1), 0) >= max_rows then
      return query select f.id, f.recorded_at from unnest(found_ids, found_times) as f (id, recorded_at) limit max_rows;
      return;
    end if;
  end if;

  select min(oldest.at) into first_at from unnest(visible) as o (org_id) cross join lateral (
    select e.recorded_at as at from audit_events e where e.org_id = o.org_id order by e.recorded_at limit 1) oldest;
  first_at := greatest(first_at, (filter ->> 'from')::timestamptz);
  -- Events of transactions that began a moment ahead of this clock are within.
  until_at := least(before_at + interval '1 millisecond', (filter ->> 'to')::timestamptz, now() + interval '1 day');
  while until_at > first_at and (left_over is null or left_over > 0) loop
    since_at := greatest(first_at, until_at - make_interval(days => days));
    return query execute 'select e.id, e.recorded_at from unnest($12) as o (org_id) cross join lateral ('
      'select e.id, e.recorded_at from wheelhouse.audit_events e where ' || words || ' @@ wheelhouse.audit_query($1, o.org_id)'
      || ' and e.org_id = o.org_id and e.recorded_at >= $13 and e.recorded_at < $14' || bounds
      || case when filter -> 'outcomes' ? 'success' then ' and e.outcome = any ($9)' else '' end
      || ' order by e.recorded_at desc, e.id desc limit $15) e order by e.recorded_at desc, e.id desc limit $15'
    using filter, (filter ->> 'from')::timestamptz, (filter ->> 'to')::timestamptz, before_at, before_id,
      null::text[], null::text[], null::text[], array(select jsonb_array_elements_text(filter -> 'outcomes')),
      null::text[], null::text[], visible,
      since_at, until_at, left_over;
    get diagnostics got = row_count;
    left_over := left_over - got;
    until_at := since_at;
    days := least(days * 4, 64);
  end loop;
end
$$;
reset role;
revoke create on schema wheelhouse from wheelhouse_search;
