-- Writes what is known now of these jobs, each at most once: `jobs` is an array of objects with the columns of
-- `indexed_jobs`, and `message` (of the cause), `terms` and `shown` (of the data) and `error_terms`. With fields `none`, its
-- data was not there to be read, and what is known already stays. Counts follow in the same statement, for which there
-- may be one writer at a time. Returns how many rows have changed. The caller is the system role.
create or replace function wheelhouse.keep_indexed_jobs(jobs jsonb) returns int
language plpgsql set search_path = wheelhouse, pg_temp set plan_cache_mode = force_generic_plan set enable_seqscan = off
set enable_hashjoin = off set enable_mergejoin = off set jit = off as $$
declare
  changed int;
begin
  with given as materialized (
    select j.* from jsonb_to_recordset(jobs) as j (
      org_id uuid, job_id text, queue int, added_at timestamptz(3), name text, state text, attempts int,
      attempts_most int, processed_at timestamptz(3), finished_at timestamptz(3), due_at timestamptz(3), worker text,
      error text, cause bigint, message text, tallied_as text, data_hash bigint, error_hash bigint, data_bytes int,
      fields text, terms bigint[], shown jsonb, error_terms bigint[])
  ), former as materialized (
    select o.* from given g cross join lateral (
      select i.org_id, i.job_id, i.queue, i.added_at, i.state, i.cause, i.finished_at, i.data_hash, i.error_hash, i.tallied_as
      from indexed_jobs i
      where i.org_id = g.org_id and i.job_id = g.job_id and i.queue = g.queue and i.added_at = g.added_at
      limit 1) o
  ), numbered as materialized (
    select g.*,
      case when g.data_hash is not null and g.data_hash is distinct from f.data_hash then nextval('indexed_job_terms_no') end as data_no,
      case when g.error_hash is not null and cardinality(g.error_terms) > 0 and g.error_hash is distinct from f.error_hash
        then nextval('indexed_job_terms_no') end as error_no
    from given g left join former f on f.org_id = g.org_id and f.job_id = g.job_id and f.queue = g.queue and f.added_at = g.added_at
  ), terms_of_data as (
    insert into indexed_job_terms (org_id, job_id, queue, added_at, no, terms, fields)
    select n.org_id, n.job_id, n.queue, n.added_at, n.data_no, n.terms, n.shown from numbered n where n.data_no is not null
  ), terms_of_errors as (
    insert into indexed_job_terms (org_id, job_id, queue, added_at, no, terms, fields)
    select n.org_id, n.job_id, n.queue, n.added_at, n.error_no, n.error_terms, null from numbered n where n.error_no is not null
  ), causes as (
    insert into indexed_causes (org_id, id, name, message)
    select distinct on (g.org_id, g.cause) g.org_id, g.cause, g.name, g.message from given g
    where g.cause is not null and g.message is not null
    on conflict do nothing
  ), written as (
    insert into indexed_jobs as i (org_id, job_id, queue, added_at, name, state, attempts, attempts_most, processed_at,
      finished_at, due_at, worker, error, cause, tallied_as, data_no, data_hash, error_no, error_hash, data_bytes, fields)
    select n.org_id, n.job_id, n.queue, n.added_at, n.name, n.state, n.attempts, n.attempts_most, n.processed_at,
      n.finished_at, n.due_at, n.worker, n.error, n.cause, n.tallied_as, n.data_no, n.data_hash, n.error_no, n.error_hash,
      n.data_bytes, n.fields
    from numbered n
    on conflict (org_id, job_id, queue, added_at) do update set
      state = excluded.state,
      attempts = greatest(excluded.attempts, case when excluded.fields = 'none' then i.attempts else 0 end),
      attempts_most = coalesce(excluded.attempts_most, i.attempts_most),
      processed_at = case when excluded.fields = 'none' then coalesce(excluded.processed_at, i.processed_at) else excluded.processed_at end,
      finished_at = case when excluded.fields = 'none' then coalesce(excluded.finished_at, i.finished_at) else excluded.finished_at end,
      due_at = excluded.due_at,
      worker = coalesce(excluded.worker, i.worker),
      error = case when excluded.fields = 'none' then coalesce(excluded.error, i.error) else excluded.error end,
      cause = case when excluded.fields = 'none' then coalesce(excluded.cause, i.cause) else excluded.cause end,
      data_no = coalesce(excluded.data_no, i.data_no),
      data_hash = coalesce(excluded.data_hash, i.data_hash),
      error_no = case when excluded.fields = 'none' or excluded.error_hash = i.error_hash
        then coalesce(excluded.error_no, i.error_no) else excluded.error_no end,
      error_hash = case when excluded.fields = 'none' then coalesce(excluded.error_hash, i.error_hash) else excluded.error_hash end,
      data_bytes = coalesce(excluded.data_bytes, i.data_bytes),
      fields = case when excluded.fields = 'none' then i.fields else excluded.fields end
    where (i.state, i.attempts, i.processed_at, i.finished_at, i.due_at, i.data_hash, i.error_hash, i.fields)
      is distinct from (excluded.state, excluded.attempts, excluded.processed_at, excluded.finished_at, excluded.due_at,
        coalesce(excluded.data_hash, i.data_hash), excluded.error_hash, excluded.fields)
    returning i.org_id, i.job_id, i.queue, i.added_at, i.state, i.cause, i.finished_at, i.tallied_as
  ), moves as (
    select w.org_id, w.queue, w.tallied_as as name, w.state, case when w.state = 'failed' then coalesce(w.cause, 0) else 0 end as cause,
      1 as by, case when w.state = 'failed' then w.finished_at end as at
    from written w
    union all
    select f.org_id, f.queue, f.tallied_as, f.state, case when f.state = 'failed' then coalesce(f.cause, 0) else 0 end, -1, null
    from written w join former f on f.org_id = w.org_id and f.job_id = w.job_id and f.queue = w.queue and f.added_at = w.added_at
  ), tallied as (
    insert into indexed_job_tallies as t (org_id, queue, name, state, cause, jobs, first_at, last_at)
    select m.org_id, m.queue, m.name, m.state, m.cause, sum(m.by), min(m.at), max(m.at) from moves m
    group by m.org_id, m.queue, m.name, m.state, m.cause
    having sum(m.by) <> 0 or max(m.at) is not null
    on conflict (org_id, queue, name, state, cause) do update set
      jobs = t.jobs + excluded.jobs,
      first_at = least(t.first_at, excluded.first_at),
      last_at = greatest(t.last_at, excluded.last_at)
  )
  select count(*) into changed from written;
  return changed;
end
$$;
revoke all on function wheelhouse.keep_indexed_jobs(jsonb) from public;
grant execute on function wheelhouse.keep_indexed_jobs(jsonb) to wheelhouse_system;
