-- Postpones attempts without consuming them: until `until` plus up to a quarter of the delivery's age (at least
-- its `spread_ms`, at most 10 min), but never beyond the end of its age, `max_age_ms` after its generation started. What has
-- reached that age becomes a dead letter. The plan is kept and goes by primary key only, as for claims.
create or replace function wheelhouse.postpone_webhook_deliveries(
  refs json, first_at timestamptz, last_at timestamptz, at timestamptz, max_age_ms double precision
) returns table (id uuid, org_id uuid, status text, next_attempt_at timestamptz)
language plpgsql set search_path = wheelhouse, pg_temp set plan_cache_mode = force_generic_plan
set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off as $$
#variable_conflict use_column
declare
  wanted record;
begin
  -- One by one: joined, an unanalysed partition is walked as a whole.
  for wanted in
    select * from json_to_recordset(refs)
      as w(id uuid, created_at timestamptz, generation int, attempt int, until timestamptz, spread_ms double precision)
    order by w.id
  loop
    return query
    update webhook_delivery_log d set
      status = case when ends_at <= at then 'dead_letter' else d.status end,
      next_attempt_at = case when ends_at > at then least(ends_at, wanted.until + random() * least(interval '10 minutes',
        greatest(wanted.spread_ms * interval '1 millisecond', (at - d.generation_started_at) / 4))) end,
      error_class = case when ends_at <= at then 'expired_breaker_open' else d.error_class end,
      error_message = case when ends_at <= at then 'The breaker of the endpoint stayed open until the delivery expired.'
        else d.error_message end
    from (
      select l.generation_started_at + max_age_ms * interval '1 millisecond' as ends_at from webhook_delivery_log l
      where l.id = wanted.id and l.created_at = wanted.created_at
    ) age
    where d.id = wanted.id and d.created_at = wanted.created_at and d.created_at between first_at and last_at
      and d.generation = wanted.generation and d.attempts = wanted.attempt - 1 and d.status in ('pending', 'failed')
      -- Another worker makes this attempt right now; a late job may not end it.
      and not exists (select from webhook_claims c where c.delivery_id = wanted.id)
    returning d.id, d.org_id, d.status, d.next_attempt_at;
  end loop;
end
$$;
revoke all on function wheelhouse.postpone_webhook_deliveries(
  json, timestamptz, timestamptz, timestamptz, double precision) from public;
grant execute on function wheelhouse.postpone_webhook_deliveries(
  json, timestamptz, timestamptz, timestamptz, double precision) to wheelhouse_system;
