-- The newest events wait in a list that each search reads completely, until they are merged into the index: at the
-- default of 4 MB that took longer than the rest of the search. A list of 256 kB holds about 220 events.
create or replace function wheelhouse.bound_audit_pending() returns void
language plpgsql set search_path = wheelhouse, pg_temp as $$
declare
  partition_index regclass;
begin
  for partition_index in
    select i.inhrelid::regclass from pg_inherits i join pg_class c on c.oid = i.inhrelid
    where i.inhparent = 'wheelhouse.audit_events_words'::regclass
      and not coalesce(c.reloptions @> array['gin_pending_list_limit=256'], false)
  loop
    execute format('alter index %s set (gin_pending_list_limit = 256)', partition_index);
    perform gin_clean_pending_list(partition_index);
  end loop;
end
$$;
revoke all on function wheelhouse.bound_audit_pending() from public;
