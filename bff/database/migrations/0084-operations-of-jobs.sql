-- Acts on jobs of watched queues: what was done to a job, and what it is a copy of.
set local role wheelhouse_owner;

-- New jobs of copies and moves, as `<queue>/<job>`.
alter table wheelhouse.operations add column made text[];
create index operations_of_jobs on wheelhouse.operations using gin (instances) where kind like 'queues.job%';
create index operations_made on wheelhouse.operations using gin (made) where made is not null;

reset role;
