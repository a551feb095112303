set local role wheelhouse_search;

-- Events that came while this endpoint was disabled and that its filter takes, newest first, at most `max_rows`. Its
-- operator is not leakproof, so row-level security keeps it from the index: this runs outside it and restricts to the
-- transaction's organizations by itself.
create or replace function wheelhouse.missed_webhook_events(endpoint uuid, from_at timestamptz, max_rows int)
returns table (event_id text, created_at timestamptz)
language plpgsql stable security definer rows 100 set search_path = wheelhouse, pg_temp
set plan_cache_mode = force_generic_plan set enable_seqscan = off set enable_indexscan = off as $$
#variable_conflict use_column
begin
  return query
    select e.event_id, e.created_at from webhook_events e
    where e.missed_by @> array[endpoint] and e.missed_by <> '{}' and e.created_at >= from_at
      and e.org_id = any (wheelhouse.current_organizations())
    order by e.created_at desc, e.event_id desc limit max_rows;
end
$$;
revoke all on function wheelhouse.missed_webhook_events(uuid, timestamptz, int) from public;
grant execute on function wheelhouse.missed_webhook_events(uuid, timestamptz, int) to wheelhouse_app;
