-- Which of these events were accepted today or yesterday, and with which id. Each is looked up by the primary key.
create or replace function wheelhouse.seen_webhook_events(events json) returns table (n int, event_id text)
language plpgsql stable set search_path = wheelhouse, pg_temp set plan_cache_mode = force_generic_plan
set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off as $$
#variable_conflict use_column
begin
  return query
  select i.n, p.event_id
  from json_to_recordset(events) as i(
    n int, "organizationId" uuid, "sourceId" uuid, "sourceEventId" text, "bodyHash" text)
  -- The limit within keeps each look-up one by key: joined, an unanalysed partition is read as a whole.
  cross join lateral (
    select p.event_id from processed_webhook_events p
    where p.org_id = i."organizationId" and p.source_id = i."sourceId" and p.source_event_id = i."sourceEventId"
      and p.body_hash = i."bodyHash" and p.day between current_date - 1 and current_date
    limit 1) p;
end
$$;
revoke all on function wheelhouse.seen_webhook_events(json) from public;
grant execute on function wheelhouse.seen_webhook_events(json) to wheelhouse_system;
