-- Sets the fate of a batch of events that are older than this column and that no endpoint took; the newest first. Returns
-- whether all are done.
create or replace function wheelhouse.settle_webhook_fates(most int) returns boolean
language plpgsql set search_path = wheelhouse, pg_temp as $$
declare
  newest text;
  oldest text;
  found_rows int;
begin
  select up_to_id into newest from webhook_fates_due for update;
  if not found then return true; end if;
  with batch as materialized (
    select event_id, created_at, org_id, fate, size_bytes from webhook_events
    where event_id <= newest order by event_id desc limit most
  ), settled as (
    update webhook_events e set fate = 'unrecorded' from batch b
    where e.event_id = b.event_id and e.created_at = b.created_at and b.fate = 'matched' and b.size_bytes is null
      and not exists (
        select from webhook_delivery_log d
        where d.org_id = b.org_id and d.created_at = b.created_at and d.event_id = b.event_id)
  )
  select min(event_id), count(*) into oldest, found_rows from batch;
  if found_rows < most then delete from webhook_fates_due; return true; end if;
  update webhook_fates_due set up_to_id = oldest;
  return false;
end
$$;
revoke all on function wheelhouse.settle_webhook_fates(int) from public;
grant execute on function wheelhouse.settle_webhook_fates(int) to wheelhouse_system;
