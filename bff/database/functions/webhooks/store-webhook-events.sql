-- Stores events, their deliveries and their idempotency keys. A delivery with a key waits for its turn. An event that was accepted today or yesterday is left out
-- and returned with the id of the first; one that another transaction is accepting is not returned at all. All payloads
-- lie one behind the other in `payloads`. The plan is kept, because making it takes longer than storing a small group.
create or replace function wheelhouse.store_webhook_events(events json, deliveries json, payloads bytea)
returns table (n int, event_id text, duplicate boolean)
language plpgsql set search_path = wheelhouse, pg_temp set plan_cache_mode = force_generic_plan as $$
#variable_conflict use_column
begin
  return query
  with items as materialized (
    select * from json_to_recordset(events) as item(
      n int, "organizationId" uuid, "sourceId" uuid, "sourceEventId" text, "bodyHash" text, "eventId" text,
      "eventType" text, "contentType" text, headers jsonb, "receivedAt" timestamptz, "createdAt" timestamptz,
      fate text, "missedBy" uuid[], "searchValues" text[], "sizeBytes" int, start int, length int)
  ), seen as materialized (
    select * from seen_webhook_events(events)
  ), fresh as (
    -- A fixed order prevents deadlocks between groups that share keys.
    insert into processed_webhook_events (org_id, source_id, source_event_id, body_hash, event_id, day)
    select "organizationId", "sourceId", "sourceEventId", "bodyHash", "eventId", current_date
    from items where n not in (select n from seen)
    order by "organizationId", "sourceId", "sourceEventId", "bodyHash"
    on conflict do nothing
    returning event_id
  ), stored as (
    insert into webhook_events (event_id, org_id, source_id, source_event_id, event_type, content_type,
      headers, payload, fate, missed_by, search_values, size_bytes, received_at, created_at)
    select "eventId", "organizationId", "sourceId", "sourceEventId", "eventType", "contentType", headers,
      substring(payloads from start for length), fate, "missedBy", coalesce("searchValues", '{}'), "sizeBytes", "receivedAt",
      "createdAt"
    from items join fresh on fresh.event_id = items."eventId"
  ), made as materialized (
    select * from json_to_recordset(deliveries) as d(n int, id uuid, "endpointId" uuid, "maxAttempts" int,
      "orderKey" text)
  ), planned as (
    insert into webhook_delivery_log (id, org_id, source_id, endpoint_id, event_type, event_id, received_at,
      status, max_attempts, generation_started_at, next_attempt_at, job_id, created_at)
    select d.id, i."organizationId", i."sourceId", d."endpointId", i."eventType", i."eventId", i."receivedAt",
      'pending', d."maxAttempts", i."createdAt", case when d."orderKey" is null then i."createdAt" end,
      d.id || '_1_1', i."createdAt"
    from made d join items i on i.n = d.n
    join fresh on fresh.event_id = i."eventId"
  ), ordered as (
    insert into webhook_ordered (org_id, endpoint_id, key, delivery_id, delivery_created_at)
    select i."organizationId", d."endpointId", d."orderKey", d.id, i."createdAt"
    from made d join items i on i.n = d.n
    join fresh on fresh.event_id = i."eventId"
    where d."orderKey" is not null
    order by i.n
  )
  select seen.n, seen.event_id, true from seen
  union all
  select items.n, fresh.event_id, false from items join fresh on fresh.event_id = items."eventId";
end
$$;
revoke all on function wheelhouse.store_webhook_events(json, json, bytea) from public;
grant execute on function wheelhouse.store_webhook_events(json, json, bytea) to wheelhouse_system;
