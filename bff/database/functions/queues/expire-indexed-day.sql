-- Drops the oldest day of the index if it lies before `first_kept`, and takes its jobs from the counts. Returns the day, or
-- null when none is left to drop. Runs as the owner: no role of the product may drop a partition.
create or replace function wheelhouse.expire_indexed_day(first_kept date) returns date
language plpgsql security definer set search_path = wheelhouse, pg_temp set lock_timeout = '3s' set timezone = 'UTC' as $$
declare
  day date;
begin
  select to_date(right(c.relname, 8), 'YYYYMMDD') into day
  from pg_inherits i join pg_class c on c.oid = i.inhrelid
  where i.inhparent = 'wheelhouse.indexed_jobs'::regclass
  order by c.relname limit 1;
  if day is null or day >= first_kept then return null; end if;
  update indexed_job_tallies t set jobs = t.jobs - d.jobs
  from (
    select j.org_id, j.queue, j.tallied_as as name, j.state, case when j.state = 'failed' then coalesce(j.cause, 0) else 0 end as cause, count(*) as jobs
    from indexed_jobs j where j.added_at >= day::timestamptz and j.added_at < (day + 1)::timestamptz
    group by 1, 2, 3, 4, 5
  ) d
  where t.org_id = d.org_id and t.queue = d.queue and t.name = d.name and t.state = d.state and t.cause = d.cause;
  delete from indexed_job_tallies t where t.jobs = 0;
  delete from indexed_causes c
  where not exists (select from indexed_job_tallies t where t.org_id = c.org_id and t.cause = c.id);
  execute format('drop table %I, %I', 'indexed_jobs_p' || to_char(day, 'YYYYMMDD'),
    'indexed_job_terms_p' || to_char(day, 'YYYYMMDD'));
  return day;
end
$$;
revoke all on function wheelhouse.expire_indexed_day(date) from public;
grant execute on function wheelhouse.expire_indexed_day(date) to wheelhouse_system;
