-- Creates the missing partitions of this month and the months ahead; returns how many were missing. Called at every
-- start and daily. Truncate triggers are not inherited, and clones are set to ALWAYS again for servers that do not copy
-- it.
create or replace function wheelhouse.make_audit_partitions(months_ahead int) returns int
language plpgsql security definer set search_path = wheelhouse, pg_temp as $$
declare
  month_start timestamptz := date_trunc('month', now(), 'UTC');
  starts timestamptz;
  partition_name text;
  made int := 0;
begin
  perform pg_advisory_xact_lock(hashtext('wheelhouse.audit_partitions'));
  for ahead in 0 .. least(greatest(months_ahead, 0), 60) loop
    starts := (month_start at time zone 'UTC' + make_interval(months => ahead)) at time zone 'UTC';
    partition_name := 'audit_events_' || to_char(starts at time zone 'UTC', 'YYYY_MM');
    continue when to_regclass('wheelhouse.' || partition_name) is not null;
    execute format('create table wheelhouse.%I partition of wheelhouse.audit_events for values from (%L) to (%L)',
      partition_name, starts, (starts at time zone 'UTC' + interval '1 month') at time zone 'UTC');
    execute format('create trigger refuse_truncate before truncate on wheelhouse.%I '
      'for each statement execute function wheelhouse.refuse_audit_change()', partition_name);
    execute format('alter table wheelhouse.%1$I enable always trigger derive, enable always trigger seal, '
      'enable always trigger refuse_change, enable always trigger refuse_truncate', partition_name);
    made := made + 1;
  end loop;
  perform bound_audit_pending();
  return made;
end
$$;
revoke all on function wheelhouse.make_audit_partitions(int) from public;
grant execute on function wheelhouse.make_audit_partitions(int) to wheelhouse_app, wheelhouse_system;

-- A new database starts with the partitions of a year.
select wheelhouse.make_audit_partitions(12);
