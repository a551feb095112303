-- Fates of events that are older than the column: where the walk over them stands, from the newest to the oldest. There
-- is no row once it has ended, or if it is not needed.
set local role wheelhouse_owner;

create table wheelhouse.webhook_fates_due (up_to_id text primary key);
grant select, update, delete on wheelhouse.webhook_fates_due to wheelhouse_system;

insert into wheelhouse.webhook_fates_due (up_to_id)
  select max(event_id) from wheelhouse.webhook_events
  where exists (
    select from pg_policy where polrelid = 'wheelhouse.webhook_events'::regclass and polname = 'fates_wait')
  having max(event_id) is not null;
drop policy if exists fates_wait on wheelhouse.webhook_events;

reset role;
