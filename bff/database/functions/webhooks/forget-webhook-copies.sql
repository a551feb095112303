-- Drops the ids of received events up to `last_day`, after which a repeated event counts as new, and counters that
-- nothing refers to. Runs as the owner, who alone may drop.
create or replace function wheelhouse.forget_webhook_copies(last_day date) returns void
language plpgsql security definer set search_path = wheelhouse, pg_temp set lock_timeout = '3s' set timezone = 'UTC' as $$
declare
  name text;
begin
  if last_day > current_date - 2 then raise exception 'the day % is still in use', last_day; end if;
  for name in
    select c.relname from pg_inherits i join pg_class c on c.oid = i.inhrelid
    where i.inhparent = 'processed_webhook_events'::regclass
      and c.relname <= 'processed_webhook_events_p' || to_char(last_day, 'YYYYMMDD')
  loop
    execute format('drop table %I', name);
  end loop;
  delete from webhook_outcomes where (step = 60 and at < now() - interval '14 days') or at < now() - interval '400 days';
  delete from webhook_streams s where not exists (select from webhook_tally t where t.stream = s.stream)
    and not exists (select from webhook_tally_changes c
      where webhook_stream(c.org_id, c.endpoint_id, c.event_type, c.status, c.error_class) = s.stream);
end
$$;
revoke all on function wheelhouse.forget_webhook_copies(date) from public;
grant execute on function wheelhouse.forget_webhook_copies(date) to wheelhouse_system;
