-- What was known of the Redis servers at a moment: keyspace, slow log and latency; null in frames from before.
set local role wheelhouse_owner;

alter table wheelhouse.history_frames add column servers bytea;

reset role;
