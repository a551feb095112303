-- Wait and run times by name of job, of the last minutes: written again and again by the process that reads the events.
set local role wheelhouse_owner;

create table wheelhouse.job_timings (
  org_id uuid not null references wheelhouse.organizations (id),
  queue text not null,
  name text not null,
  -- Jobs that ended within the minutes before `observed_at`.
  jobs int not null,
  wait_p50_ms int,
  wait_p95_ms int,
  wait_p99_ms int,
  run_p50_ms int,
  run_p95_ms int,
  run_p99_ms int,
  observed_at timestamptz(3) not null,
  primary key (org_id, queue, name)
) with (fillfactor = 50);
create index job_timings_old on wheelhouse.job_timings (observed_at);
select wheelhouse.own_by_organization('wheelhouse.job_timings');
grant select on wheelhouse.job_timings to wheelhouse_app;
grant select, insert, update, delete on wheelhouse.job_timings to wheelhouse_system;

reset role;
