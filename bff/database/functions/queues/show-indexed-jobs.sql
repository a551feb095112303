set local role wheelhouse_search;

-- These jobs with the fields of their data, newest first. Jobs of organizations that the transaction does not see are left
-- out. The plan is kept; the limits keep each look-up by its key from being turned into a join.
create or replace function wheelhouse.show_indexed_jobs(organizations uuid[], jobs text[], queues int[], times timestamptz[])
returns table (
  org_id uuid, job_id text, queue text, queue_name text, source text, added_at timestamptz, no bigint, name text, state text, attempts int,
  attempts_most int, processed_at timestamptz, finished_at timestamptz, due_at timestamptz, worker text, error text,
  cause bigint, data_bytes int, fields text, shown jsonb)
language plpgsql stable security definer rows 50 set search_path = wheelhouse, pg_temp
set plan_cache_mode = force_generic_plan set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off
set jit = off as $$
#variable_conflict use_column
declare
  visible constant uuid[] := current_organizations();
begin
  return query
  select j.org_id, j.job_id, q.queue, q.name, q.source, j.added_at, j.no, j.name, j.state, j.attempts, j.attempts_most, j.processed_at,
    j.finished_at, j.due_at, j.worker, j.error, j.cause, j.data_bytes, j.fields, t.fields
  from unnest(organizations, jobs, queues, times) as w (org_id, job_id, queue, added_at)
  cross join lateral (
    select * from indexed_jobs k
    where k.org_id = w.org_id and k.job_id = w.job_id and k.queue = w.queue and k.added_at = w.added_at
      and k.org_id = any (visible)
    limit 1
  ) j
  join indexed_queues q on q.id = j.queue
  left join lateral (
    select u.fields from indexed_job_terms u where u.added_at = j.added_at and u.no = j.data_no limit 1) t on true
  order by j.added_at desc, j.no desc;
end
$$;
revoke all on function wheelhouse.show_indexed_jobs(uuid[], text[], int[], timestamptz[]) from public;
grant execute on function wheelhouse.show_indexed_jobs(uuid[], text[], int[], timestamptz[]) to wheelhouse_app;
