set local role wheelhouse_search;

-- Jobs of the index that match a filter, newest first, after the place (before_at, before_no), at most `max_rows`. Runs
-- outside row-level security, which would keep it from its indexes, and restricts to the transaction's organizations by
-- itself.
-- Keys of `filter`: organizations; ids (of jobs); queues, names, states (triples that exist, in arrays of one length, as
-- `walk_indexed_jobs` takes them; with ids or causes, lists); causes; probe (terms that are together in the data, or in
-- the error), required (all terms that a job has) and either (at most three lists of terms, of each of which it has
-- one); from, to (time).
--
-- Terms are looked up day by day. Where few jobs of a day have them, they are read from the index of terms; where many
-- have, walking from the newest job on finds enough of them soon.
create or replace function wheelhouse.find_indexed_jobs(
  filter jsonb, before_at timestamptz, before_no bigint, max_rows int
) returns table (org_id uuid, job_id text, queue int, added_at timestamptz, no bigint, state text)
language plpgsql stable security definer rows 50 set search_path = wheelhouse, pg_temp set timezone = 'UTC'
set plan_cache_mode = force_generic_plan set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off
set jit = off set max_parallel_workers_per_gather = 0 as $$
#variable_conflict use_column
declare
  visible constant uuid[] := array(
    select jsonb_array_elements_text(filter -> 'organizations')::uuid intersect select unnest(current_organizations()));
  ids constant text[] := case when filter ? 'ids' then array(select jsonb_array_elements_text(filter -> 'ids')) end;
  queues constant int[] := case when filter ? 'queues' then array(select jsonb_array_elements_text(filter -> 'queues')::int) end;
  names constant text[] := case when filter ? 'names' then array(select jsonb_array_elements_text(filter -> 'names')) end;
  states constant text[] := case when filter ? 'states' then array(select jsonb_array_elements_text(filter -> 'states')) end;
  causes constant bigint[] := case when filter ? 'causes' then array(select jsonb_array_elements_text(filter -> 'causes')::bigint) end;
  probe constant bigint[] := array(select jsonb_array_elements_text(filter -> 'probe')::bigint);
  required constant bigint[] := array(select jsonb_array_elements_text(filter -> 'required')::bigint);
  either_1 constant bigint[] := array(select jsonb_array_elements_text(filter #> '{either,0}')::bigint);
  either_2 constant bigint[] := array(select jsonb_array_elements_text(filter #> '{either,1}')::bigint);
  either_3 constant bigint[] := array(select jsonb_array_elements_text(filter #> '{either,2}')::bigint);
  asks_terms constant boolean := cardinality(required) > 0 or cardinality(either_1) > 0;
  begins timestamptz := greatest((filter ->> 'from')::timestamptz, now() - interval '500 days');
  until_at timestamptz := least(before_at + interval '1 millisecond', (filter ->> 'to')::timestamptz, now() + interval '2 days');
  place_at timestamptz := coalesce(before_at, 'infinity');
  place_no bigint := coalesce(before_no, 9223372036854775807);
  any_of constant bigint[] := case when cardinality(either_1) > 0 then either_1 else probe end;
  walked_states constant text[] := coalesce(states, case when causes is null then array['waiting', 'prioritized', 'delayed', 'active',
    'waiting-children', 'completed', 'failed', 'removed'] end);
  -- Most jobs of a day that are read from the index of terms.
  most_probed constant int := 2000;
  since timestamptz;
  trying int;
  got int;
  walked_at timestamptz;
  walked_no bigint;
  numbers bigint[] := '{}';
  times timestamptz[] := '{}';
  jobs text[] := '{}';
  of_queues int[] := '{}';
  of_organizations uuid[] := '{}';
  in_states text[] := '{}';
  left_over int;
begin
  if cardinality(visible) = 0 or max_rows < 1 then return; end if;

  if ids is not null then
    return query
      select j.org_id, j.job_id, j.queue, j.added_at, j.no, j.state
      from unnest(visible) as o (org_id) cross join unnest(ids) as i (id) cross join lateral (
        select * from indexed_jobs k where k.org_id = o.org_id and k.job_id = i.id and k.added_at >= begins
          and k.added_at < until_at limit 2000) j
      where (j.added_at, j.no) < (place_at, place_no)
        and (states is null or j.state = any (states)) and (queues is null or j.queue = any (queues))
        and (names is null or j.name = any (names)) and (causes is null or j.cause = any (causes))
        and (not asks_terms or has_indexed_terms(j.added_at, j.data_no, j.error_no, required, either_1, either_2, either_3))
      order by j.added_at desc, j.no desc limit max_rows;
    return;
  end if;

  if not asks_terms then
    return query select w.org_id, w.job_id, w.queue, w.added_at, w.no, w.state
      from walk_indexed_jobs(visible, queues, names, walked_states, causes, begins, until_at, place_at, place_no, max_rows) w;
    return;
  end if;

  -- The index begins with its oldest partition.
  begins := greatest(begins, (
    select min(to_date(right(c.relname, 8), 'YYYYMMDD'))::timestamptz from pg_catalog.pg_inherits i
    join pg_catalog.pg_class c on c.oid = i.inhrelid where i.inhparent = 'wheelhouse.indexed_jobs'::regclass));
  while until_at > begins and cardinality(numbers) < max_rows loop
    since := greatest(begins, date_trunc('day', until_at - interval '1 microsecond'));
    left_over := max_rows - cardinality(numbers);
    select count(*) into got from (
      select from indexed_job_terms t
      where t.terms @> probe and t.terms && any_of and t.added_at >= since and t.added_at < until_at
      limit most_probed + 1) p;
    if got > 0 and got <= most_probed then
      select numbers || coalesce(array_agg(f.no), '{}'), times || coalesce(array_agg(f.added_at), '{}'),
          jobs || coalesce(array_agg(f.job_id), '{}'), of_queues || coalesce(array_agg(f.queue), '{}'),
          of_organizations || coalesce(array_agg(f.org_id), '{}'), in_states || coalesce(array_agg(f.state), '{}')
        into numbers, times, jobs, of_queues, of_organizations, in_states
      from (
        select j.* from (
          select t.org_id, t.job_id, t.queue, t.added_at, t.no from indexed_job_terms t
          where t.terms @> probe and t.terms && any_of and t.added_at >= since and t.added_at < until_at
            and t.org_id = any (visible)
        ) t
        cross join lateral (
          select k.* from indexed_jobs k
          where k.org_id = t.org_id and k.job_id = t.job_id and k.queue = t.queue and k.added_at = t.added_at
            and t.no in (k.data_no, k.error_no)
          limit 1) j
        where (j.added_at, j.no) < (place_at, place_no)
          and (states is null or j.state = any (states)) and (queues is null or j.queue = any (queues))
          and (names is null or j.name = any (names)) and (causes is null or j.cause = any (causes))
          and has_indexed_terms(j.added_at, j.data_no, j.error_no, required, either_1, either_2, either_3)
        order by j.added_at desc, j.no desc limit left_over) f;
    elsif got > 0 then
      trying := 200;
      walked_at := place_at;
      walked_no := place_no;
      loop
        with walked as materialized (
          select * from walk_indexed_jobs(visible, queues, names, walked_states, causes, since, until_at, walked_at, walked_no, trying)
        ), matching as (
          select w.* from walked w
          where has_indexed_terms(w.added_at, w.data_no, w.error_no, required, either_1, either_2, either_3)
          order by w.added_at desc, w.no desc limit max_rows - cardinality(numbers)
        )
        select (select count(*) from walked), (select min(w.added_at) from walked w),
            (select w.no from walked w order by w.added_at, w.no limit 1),
            numbers || coalesce(array_agg(f.no), '{}'), times || coalesce(array_agg(f.added_at), '{}'),
            jobs || coalesce(array_agg(f.job_id), '{}'), of_queues || coalesce(array_agg(f.queue), '{}'),
            of_organizations || coalesce(array_agg(f.org_id), '{}'), in_states || coalesce(array_agg(f.state), '{}')
          into got, walked_at, walked_no, numbers, times, jobs, of_queues, of_organizations, in_states
        from matching f;
        exit when got < trying or cardinality(numbers) >= max_rows;
        trying := least(trying * 2, 10000);
      end loop;
    end if;
    until_at := since;
  end loop;
  return query
    select * from unnest(of_organizations, jobs, of_queues, times, numbers, in_states) as f (org_id, job_id, queue, added_at, no, state)
    order by f.added_at desc, f.no desc limit max_rows;
end
$$;
revoke all on function wheelhouse.find_indexed_jobs(jsonb, timestamptz, bigint, int) from public;
grant execute on function wheelhouse.find_indexed_jobs(jsonb, timestamptz, bigint, int) to wheelhouse_app;
