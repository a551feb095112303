set local role wheelhouse_search;

-- Events in which a field that their source names has this value, newest first, at most `max_rows`. `asked` is the value,
-- or `path=value`. Its operator is not leakproof, so row-level security keeps it from the index: this runs outside it and
-- restricts to the transaction's organizations by itself.
create or replace function wheelhouse.find_webhook_values(
  asked text, organizations uuid[], from_at timestamptz, to_at timestamptz, max_rows int
) returns table (event_id text, created_at timestamptz)
language plpgsql stable security definer rows 50 set search_path = wheelhouse, pg_temp
set plan_cache_mode = force_generic_plan set enable_seqscan = off set enable_indexscan = off as $$
#variable_conflict use_column
declare
  visible constant uuid[] := array(select unnest(organizations) intersect select unnest(current_organizations()));
  fields constant text[] := array(
    select distinct f from webhook_sources s, unnest(s.search_fields) f where s.org_id = any (visible) limit 500);
  wanted constant text[] := array(select f || '=' || asked from unnest(fields) f) || asked;
begin
  if fields = '{}' or length(asked) > 400 then return; end if;
  return query
    select e.event_id, e.created_at from webhook_events e
    where e.search_values && wanted and e.search_values <> '{}' and e.created_at >= from_at and e.created_at < to_at
      and e.org_id = any (visible)
    order by e.created_at desc, e.event_id desc limit max_rows;
end
$$;
revoke all on function wheelhouse.find_webhook_values(text, uuid[], timestamptz, timestamptz, int) from public;
grant execute on function wheelhouse.find_webhook_values(text, uuid[], timestamptz, timestamptz, int) to wheelhouse_app;
