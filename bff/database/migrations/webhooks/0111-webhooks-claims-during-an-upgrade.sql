-- The signature by which workers of the release before endpoints had settings claim, so that they go on beside new ones
-- during an upgrade. They know neither settings nor headers nor a second secret, so deliveries to endpoints that have any
-- are left to the new workers. The next release drops it.
set local role wheelhouse_owner;

create function wheelhouse.claim_webhook_deliveries(
  refs json, first_at timestamptz, last_at timestamptz, claimed_by text, started timestamptz, deadline timestamptz
) returns table (
  id uuid, org_id uuid, endpoint_id uuid, generation int, attempt int, max_attempts int, event_id text,
  event_type text, url text, endpoint_version int, secret_box bytea, payload bytea, content_type text
)
language plpgsql set search_path = wheelhouse, pg_temp set plan_cache_mode = force_generic_plan
set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off as $$
#variable_conflict use_column
declare
  plain json;
begin
  select coalesce(json_agg(r.value), '[]') into plain
  from json_array_elements(refs) r
  join webhook_delivery_log d on d.id = (r.value ->> 'id')::uuid
    and d.created_at = (r.value ->> 'created_at')::timestamptz and d.created_at between first_at and last_at
  join webhook_endpoints e on e.id = d.endpoint_id
  where coalesce(e.settings ->> 'timeoutMs', e.settings ->> 'retryScheduleMs', e.settings ->> 'ratePerSecond',
      e.settings ->> 'concurrency', e.settings ->> 'breaker') is null
    and e.headers = '[]' and (e.previous_secret_until is null or e.previous_secret_until < started);
  return query
  select c.id, c.org_id, c.endpoint_id, c.generation, c.attempt, c.max_attempts, c.event_id, c.event_type, c.url,
    c.endpoint_version, c.secret_box, c.payload, c.content_type
  from claim_webhook_deliveries(plain, first_at, last_at, claimed_by, started, 0,
    (extract(epoch from deadline - started) * 1000)::int) c;
end
$$;
revoke all on function
  wheelhouse.claim_webhook_deliveries(json, timestamptz, timestamptz, text, timestamptz, timestamptz) from public;
grant execute on function
  wheelhouse.claim_webhook_deliveries(json, timestamptz, timestamptz, text, timestamptz, timestamptz)
  to wheelhouse_system;

reset role;
