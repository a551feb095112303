-- The command for the first administrator runs as the database's administrator, who need not be a superuser but is a
-- member of the owner: it gives a membership and records that it did.
set local role wheelhouse_owner;
create policy by_owner on wheelhouse.memberships to wheelhouse_owner using (true) with check (true);
create policy by_owner on wheelhouse.audit_events for insert to wheelhouse_owner with check (true);
reset role;
