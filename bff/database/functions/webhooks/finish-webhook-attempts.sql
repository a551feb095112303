-- Turns claims into attempts and updates their deliveries; an outcome without a claim changes nothing. The plan is kept
-- and goes by primary key only, within the partitions from `first_at` to `last_at`.
create or replace function wheelhouse.finish_webhook_attempts(
  outcomes json, first_at timestamptz, last_at timestamptz
) returns table (id uuid, org_id uuid)
language plpgsql set search_path = wheelhouse, pg_temp set plan_cache_mode = force_generic_plan
set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off as $$
#variable_conflict use_column
begin
  return query
  with items as materialized (
    select * from json_to_recordset(outcomes) as o(
      id uuid, "createdAt" timestamptz, generation int, attempt int, result text, "finishedAt" timestamptz,
      "latencyMs" int, "statusCode" int, "errorClass" text, "errorMessage" text, "requestHeaders" jsonb,
      "responseHeaders" jsonb, "responseBody" text, "responseSizeBytes" int, "responseTruncated" boolean,
      status text, "nextAttemptAt" timestamptz, "nextJobId" text)
  ), released as (
    delete from webhook_claims c using items i
    where c.delivery_id = i.id and c.generation = i.generation and c.attempt = i.attempt
    returning c.*
  ), logged as (
    insert into webhook_attempts (delivery_id, delivery_created_at, org_id, endpoint_id, generation, attempt,
      attempt_trigger, url, started_at, finished_at, latency_ms, outcome, status_code, error_class,
      error_message, request_headers, response_headers, response_body, response_size_bytes, response_truncated)
    select r.delivery_id, r.delivery_created_at, r.org_id, r.endpoint_id, r.generation, r.attempt,
      r.attempt_trigger, r.url, r.started_at, i."finishedAt", i."latencyMs", i.result, i."statusCode",
      i."errorClass", i."errorMessage", i."requestHeaders", i."responseHeaders", i."responseBody",
      i."responseSizeBytes", i."responseTruncated"
    from released r join items i on i.id = r.delivery_id
  ), moved as (
    update webhook_delivery_log d set
      -- Discarded meanwhile, because its endpoint was deleted: only a success still counts.
      status = case when d.status = 'discarded' and i.status <> 'completed' then d.status else i.status end,
      attempts = i.attempt,
      last_attempt_at = r.started_at,
      next_attempt_at = case when d.status = 'discarded' then null else i."nextAttemptAt" end,
      next_trigger = case when i.result = 'unknown' then 'recovery' else 'schedule' end,
      completed_at = case when i.status = 'completed' then i."finishedAt" end,
      last_status_code = i."statusCode",
      error_class = i."errorClass",
      error_message = i."errorMessage",
      job_id = coalesce(i."nextJobId", d.job_id)
    from released r join items i on i.id = r.delivery_id
    where d.id = i.id and d.created_at = i."createdAt" and d.created_at between first_at and last_at
      and d.generation = i.generation
    returning d.id
  )
  select delivery_id as id, org_id from released;
end
$$;
revoke all on function wheelhouse.finish_webhook_attempts(json, timestamptz, timestamptz) from public;
grant execute on function wheelhouse.finish_webhook_attempts(json, timestamptz, timestamptz) to wheelhouse_system;
