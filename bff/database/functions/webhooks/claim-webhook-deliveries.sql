-- Claims attempts that are still due: the delivery expects exactly this attempt, its endpoint is enabled and no claim
-- exists. Rows locked by another transaction are skipped, because that transaction is making the attempt stale.
-- The plan is kept and goes by primary key only: whatever the statistics of a partition say, each row is looked up, and
-- `first_at` and `last_at` leave out the partitions of all other days. A claim ends `grace_ms` after the time-out of its
-- endpoint, or after `timeout_ms` if it has none of its own.
create or replace function wheelhouse.claim_webhook_deliveries(
  refs json, first_at timestamptz, last_at timestamptz, claimed_by text, started timestamptz, timeout_ms int,
  grace_ms int
) returns table (
  id uuid, org_id uuid, endpoint_id uuid, generation int, attempt int, max_attempts int, event_id text,
  event_type text, url text, endpoint_version int, settings jsonb, headers jsonb, secret_box bytea,
  previous_secret_box bytea, previous_secret_until timestamptz, payload bytea, content_type text
)
language plpgsql set search_path = wheelhouse, pg_temp set plan_cache_mode = force_generic_plan
set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off as $$
#variable_conflict use_column
begin
  return query
  with wanted as materialized (
    select * from json_to_recordset(refs) as w(id uuid, created_at timestamptz, generation int, attempt int)
  ), held as materialized (
    -- Before any endpoint is read: joined to all of them, each row would be locked once for each.
    select d.*, w.attempt
    from wanted w
    cross join lateral (
      select l.id, l.created_at, l.org_id, l.endpoint_id, l.generation, l.max_attempts, l.event_id, l.event_type,
        l.next_trigger
      from webhook_delivery_log l
      where l.id = w.id and l.created_at = w.created_at and l.created_at between first_at and last_at
        and l.generation = w.generation and l.attempts = w.attempt - 1 and l.status in ('pending', 'failed')
      for no key update skip locked
    ) d
  ), due as materialized (
    select h.*, e.url, e.version as endpoint_version, e.settings, e.headers, e.secret_box, e.previous_secret_box,
      e.previous_secret_until
    from held h
    cross join lateral (select * from webhook_endpoints where id = h.endpoint_id limit 1) e
    where e.enabled and e.deleted_at is null
  ), claimed as (
    insert into webhook_claims (delivery_id, delivery_created_at, org_id, endpoint_id, generation, attempt,
      attempt_trigger, url, worker, started_at, deadline_at)
    select due.id, due.created_at, due.org_id, due.endpoint_id, due.generation, due.attempt, due.next_trigger,
      due.url, claimed_by, started, started
        + (coalesce((due.settings ->> 'timeoutMs')::int, timeout_ms) + grace_ms) * interval '1 millisecond'
    from due
    on conflict do nothing
    returning delivery_id
  )
  select due.id, due.org_id, due.endpoint_id, due.generation, due.attempt, due.max_attempts, due.event_id,
    due.event_type, due.url, due.endpoint_version, due.settings, due.headers, due.secret_box,
    due.previous_secret_box, due.previous_secret_until, ev.payload, ev.content_type
  from due
  left join lateral (
    select v.payload, v.content_type from webhook_events v
    where v.event_id = due.event_id and v.created_at = due.created_at and v.created_at between first_at and last_at
    limit 1) ev on true
  -- `is true` keeps this a look-up by hash, which no setting above turns off.
  where (due.id in (select delivery_id from claimed)) is true;
end
$$;
revoke all on function
  wheelhouse.claim_webhook_deliveries(json, timestamptz, timestamptz, text, timestamptz, int, int) from public;
grant execute on function
  wheelhouse.claim_webhook_deliveries(json, timestamptz, timestamptz, text, timestamptz, int, int)
  to wheelhouse_system;
