-- What instances of services told of their components and conditions at a moment; null in frames from before.
set local role wheelhouse_owner;

alter table wheelhouse.history_frames add column details bytea;

reset role;
