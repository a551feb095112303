set local role wheelhouse_search;

-- Jobs of the index, newest first, after the place (before_at, before_no), at most `max_rows`. Without causes, each triple of
-- queue, name and state is read in order from an index: `queues` null reads the states of `organizations`, `names` null
-- those of the queues. With `causes`, each is read in order and the rest narrows it. Plans are kept and sort nothing but
-- the result, so that the index that is meant is used before a new partition has statistics; the caller has
-- reduced all to what the transaction may see.
create or replace function wheelhouse.walk_indexed_jobs(
  organizations uuid[], queues int[], names text[], states text[], causes bigint[], since timestamptz,
  until_at timestamptz, before_at timestamptz, before_no bigint, max_rows int
) returns table (
  org_id uuid, job_id text, queue int, added_at timestamptz, no bigint, state text, data_no bigint, error_no bigint)
language plpgsql stable rows 100 set search_path = wheelhouse, pg_temp set plan_cache_mode = force_generic_plan
set enable_seqscan = off set enable_bitmapscan = off set enable_hashjoin = off set enable_mergejoin = off set jit = off
set enable_sort = off set enable_incremental_sort = off set max_parallel_workers_per_gather = 0 as $$
#variable_conflict use_column
begin
  if causes is not null then
    return query
      select m.* from unnest(organizations) as o (org_id) cross join unnest(causes) as c (cause) cross join lateral (
        select j.org_id, j.job_id, j.queue, j.added_at, j.no, j.state, j.data_no, j.error_no from indexed_jobs j
        where j.org_id = o.org_id and j.cause = c.cause and j.added_at >= since and j.added_at < until_at
          and (j.added_at, j.no) < (before_at, before_no)
          and (states is null or j.state = any (states)) and (queues is null or j.queue = any (queues))
          and (names is null or j.name = any (names))
        order by j.added_at desc, j.no desc limit max_rows) m
      order by m.added_at desc, m.no desc limit max_rows;
  elsif names is not null then
    return query
      select m.* from unnest(queues, names, states) as o (queue, name, state) cross join lateral (
        select j.org_id, j.job_id, j.queue, j.added_at, j.no, j.state, j.data_no, j.error_no from indexed_jobs j
        where j.queue = o.queue and j.name = o.name and j.state = o.state and j.added_at >= since
          and j.added_at < until_at and (j.added_at, j.no) < (before_at, before_no)
        order by j.added_at desc, j.no desc limit max_rows) m
      where m.org_id = any (organizations)
      order by m.added_at desc, m.no desc limit max_rows;
  elsif queues is not null then
    return query
      select m.* from unnest(queues, states) as o (queue, state) cross join lateral (
        select j.org_id, j.job_id, j.queue, j.added_at, j.no, j.state, j.data_no, j.error_no from indexed_jobs j
        where j.queue = o.queue and j.state = o.state and j.added_at >= since and j.added_at < until_at
          and (j.added_at, j.no) < (before_at, before_no)
        order by j.added_at desc, j.no desc limit max_rows) m
      where m.org_id = any (organizations)
      order by m.added_at desc, m.no desc limit max_rows;
  else
    return query
      select m.* from unnest(organizations) as o (org_id) cross join unnest(states) as s (state) cross join lateral (
        select j.org_id, j.job_id, j.queue, j.added_at, j.no, j.state, j.data_no, j.error_no from indexed_jobs j
        where j.org_id = o.org_id and j.state = s.state and j.added_at >= since and j.added_at < until_at
          and (j.added_at, j.no) < (before_at, before_no)
        order by j.added_at desc, j.no desc limit max_rows) m
      order by m.added_at desc, m.no desc limit max_rows;
  end if;
end
$$;
revoke all on function wheelhouse.walk_indexed_jobs(
  uuid[], int[], text[], text[], bigint[], timestamptz, timestamptz, timestamptz, bigint, int) from public;
