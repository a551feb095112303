-- Discards those of the deliveries that wait for a disabled or deleted endpoint. The plan is kept and goes by primary
-- key only, as for claims.
create or replace function wheelhouse.discard_unwanted_webhook_deliveries(
  refs json, first_at timestamptz, last_at timestamptz
) returns table (id uuid, org_id uuid)
language plpgsql set search_path = wheelhouse, pg_temp set plan_cache_mode = force_generic_plan
set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off as $$
#variable_conflict use_column
declare
  wanted record;
begin
  -- One by one: joined, an unanalysed partition is walked as a whole.
  for wanted in
    select * from json_to_recordset(refs) as w(id uuid, created_at timestamptz, generation int, attempt int)
    order by w.id
  loop
    return query
    update webhook_delivery_log d set status = 'discarded', next_attempt_at = null,
      error_message = case when e.deleted_at is not null then 'The endpoint was deleted.'
        else 'The endpoint is disabled' || coalesce(': ' || e.disabled_reason, '.') end
    from webhook_endpoints e
    where d.id = wanted.id and d.created_at = wanted.created_at and d.created_at between first_at and last_at
      and d.generation = wanted.generation and d.status in ('pending', 'failed')
      and e.id = d.endpoint_id and not (e.enabled and e.deleted_at is null)
    returning d.id, d.org_id;
  end loop;
end
$$;
revoke all on function wheelhouse.discard_unwanted_webhook_deliveries(json, timestamptz, timestamptz) from public;
grant execute on function wheelhouse.discard_unwanted_webhook_deliveries(json, timestamptz, timestamptz)
  to wheelhouse_system;
