-- What people decide about one lane of a run, and how fast each lane went.
set local role wheelhouse_owner;

alter table wheelhouse.webhook_replay_endpoints
  -- A limit of its own; null for that of the run.
  add column rate_limit int check (rate_limit between 1 and 10000),
  -- A person decided that what still waits is left out.
  add column is_skipped boolean not null default false;
alter table wheelhouse.job_run_lanes
  add column rate_limit int check (rate_limit between 1 and 10000),
  add column is_skipped boolean not null default false;

-- How many items of a lane had begun at some moments of its run, of whatever kind: often at first, then at growing
-- intervals, so that a long run has no more points than a chart shows.
create table wheelhouse.run_rates (
  run_id uuid not null,
  lane text not null,
  at timestamptz(3) not null,
  org_id uuid not null,
  sent int not null,
  primary key (run_id, lane, at)
);
select wheelhouse.own_by_organization('wheelhouse.run_rates'::regclass);
grant select on wheelhouse.run_rates to wheelhouse_app;
grant select, insert, delete on wheelhouse.run_rates to wheelhouse_system;

reset role;
