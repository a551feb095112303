-- These events, newest first, with their source, the first `most` of their deliveries, how many there are, and the
-- endpoints that missed them. The caller's row-level security applies. The plan is kept and looks each row up by its key.
create or replace function wheelhouse.show_webhook_events(ids text[], times timestamptz[], most int) returns table (
  event_id text, org_id uuid, source_id uuid, source_name text, source_event_id text, event_type text,
  received_at timestamptz, created_at timestamptz, fate text, delivery_count int, deliveries json, missed_by json
)
language plpgsql stable rows 50 set search_path = wheelhouse, pg_temp set plan_cache_mode = force_generic_plan
set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off set enable_bitmapscan = off set jit = off
as $$
#variable_conflict use_column
declare
  first_at constant timestamptz := (select min(t) from unnest(times) t);
  last_at constant timestamptz := (select max(t) from unnest(times) t);
begin
  return query
  select e.event_id, e.org_id, e.source_id, s.name, e.source_event_id, e.event_type, e.received_at, e.created_at, e.fate,
    coalesce(d.count, 0)::int, coalesce(d.shown, '[]'), coalesce(m.shown, '[]')
  from unnest(ids, times) as w (id, at)
  -- The limits within keep each look-up one by key: joined, all rows in that time are read.
  cross join lateral (
    select * from webhook_events v
    where v.event_id = w.id and v.created_at = w.at and v.created_at between first_at and last_at limit 1
  ) e
  left join lateral (select name from webhook_sources where id = e.source_id limit 1) s on true
  cross join lateral (
    select count(*) as count, json_agg(json_build_object('id', n.id, 'endpointId', n.endpoint_id,
      'endpointName', coalesce(n.name, 'deleted endpoint'), 'status', n.status) order by n.id)
      filter (where n.n <= most) as shown
    from (
      select d.id, d.endpoint_id, p.name, case when c.delivery_id is null then d.status else 'processing' end as status,
        row_number() over (order by d.id) as n
      from webhook_delivery_log d
      left join webhook_endpoints p on p.id = d.endpoint_id
      left join webhook_claims c on c.delivery_id = d.id
      where d.org_id = e.org_id and d.created_at = e.created_at and d.created_at between first_at and last_at
        and d.event_id = e.event_id) n
  ) d
  cross join lateral (
    select json_agg(json_build_object('endpointId', p.id, 'endpointName', p.name) order by p.name) as shown
    from webhook_endpoints p where p.id = any(e.missed_by) and p.deleted_at is null
  ) m
  order by e.created_at desc, e.event_id desc;
end
$$;
revoke all on function wheelhouse.show_webhook_events(text[], timestamptz[], int) from public;
grant execute on function wheelhouse.show_webhook_events(text[], timestamptz[], int) to wheelhouse_app;
