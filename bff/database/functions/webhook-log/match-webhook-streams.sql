set local role wheelhouse_search;

-- Streams of these organizations that match a filter (see find_webhook_deliveries), those included whose first rows are
-- not yet added up. A text matches the event type, the error class or the name of the endpoint. `processing` is a claim
-- and no stream; a filter of that status alone matches none.
create or replace function wheelhouse.match_webhook_streams(filter jsonb, visible uuid[])
returns table (stream bigint, org_id uuid, endpoint_id uuid, event_type text, status text, error_class text)
language plpgsql stable security definer rows 100 set search_path = wheelhouse, pg_temp
set plan_cache_mode = force_generic_plan set jit = off as $$
#variable_conflict use_column
declare
  statuses constant text[] := case when filter ? 'statuses' then array(select jsonb_array_elements_text(filter -> 'statuses')) end;
  endpoints constant uuid[] := case when filter ? 'endpoints' then array(select jsonb_array_elements_text(filter -> 'endpoints')::uuid) end;
  types constant text[] := case when filter ? 'types' then array(select jsonb_array_elements_text(filter -> 'types')) end;
  errors constant text[] := case when filter ? 'errors' then array(select jsonb_array_elements_text(filter -> 'errors')) end;
  pattern constant text := '%' || replace(replace(replace(filter ->> 'q', '\', '\\'), '%', '\%'), '_', '\_') || '%';
  named uuid[];
begin
  if pattern is not null then
    named := array(select e.id from webhook_endpoints e where e.org_id = any (visible) and e.name ilike pattern);
  end if;
  return query
  select s.stream, s.org_id, s.endpoint_id, s.event_type, s.status, s.error_class
  from (
    select * from webhook_streams where org_id = any (visible) and endpoint_id is not null
    union
    select webhook_stream(c.org_id, c.endpoint_id, c.event_type, c.status, c.error_class), c.org_id, c.endpoint_id,
      c.event_type, c.status, c.error_class
    from webhook_tally_changes c where c.org_id = any (visible)
  ) s
  where (statuses is null or s.status = any (statuses))
    and (endpoints is null or s.endpoint_id = any (endpoints))
    and (types is null or s.event_type = any (types))
    and (errors is null or s.error_class = any (errors))
    and (pattern is null or s.event_type ilike pattern or s.error_class ilike pattern or s.endpoint_id = any (named));
end
$$;
revoke all on function wheelhouse.match_webhook_streams(jsonb, uuid[]) from public;
