-- An endpoint of a run that is held by its breaker goes on by itself; every other one waits for a person.
set local role wheelhouse_owner;
alter table wheelhouse.webhook_replay_endpoints add column waits_for_breaker boolean not null default false;
reset role;
