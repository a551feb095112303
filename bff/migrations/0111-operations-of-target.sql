-- The newest command to a breaker tells who holds it, when and why.
set local role wheelhouse_owner;

create index operations_of_target on wheelhouse.operations (org_id, target_id, ordinal desc);

reset role;
