-- Creates the missing daily partitions of the index from `first_day` to `last_day`. Runs as the owner, because the system
-- role owns nothing. Partitions are reached through their parent only: row-level security without a policy closes them
-- to every other role.
create or replace function wheelhouse.make_indexed_days(first_day date, last_day date) returns int
language plpgsql security definer set search_path = pg_catalog, pg_temp set lock_timeout = '3s' set timezone = 'UTC' as $$
declare
  parent text;
  day date;
  name text;
  made int := 0;
begin
  perform pg_advisory_xact_lock(hashtext('wheelhouse.make_indexed_days'));
  for day in select generate_series(first_day, least(last_day, first_day + 500), interval '1 day')::date loop
    foreach parent in array array['indexed_jobs', 'indexed_job_terms'] loop
      name := parent || '_p' || to_char(day, 'YYYYMMDD');
      continue when to_regclass('wheelhouse.' || name) is not null;
      execute format('create table wheelhouse.%I partition of wheelhouse.%I for values from (%L) to (%L)',
        name, parent, day, day + 1);
      execute format('alter table wheelhouse.%I enable row level security', name);
      execute format('alter table wheelhouse.%I force row level security', name);
      made := made + 1;
    end loop;
  end loop;
  return made;
end
$$;
revoke all on function wheelhouse.make_indexed_days(date, date) from public;
grant execute on function wheelhouse.make_indexed_days(date, date) to wheelhouse_system;
