-- An override of a breaker may have an end: Wheelhouse then resets the breaker.
set local role wheelhouse_owner;

alter table wheelhouse.operations
  add column hold_until timestamptz,
  -- When the end was carried out, or found to be superseded by newer commands.
  add column released_at timestamptz,
  add check (hold_until is null or kind in ('breaker.open', 'breaker.close'));
create index operations_due on wheelhouse.operations (hold_until) where hold_until is not null and released_at is null;
-- Wheelhouse itself gives the command that ends an override.
grant insert on wheelhouse.operations to wheelhouse_system;

reset role;
