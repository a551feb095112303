-- Counts at most `max_events` further events of this organization; returns the number up to which all are counted.
-- Events whose content expired meanwhile are not counted. Runs as wheelhouse_system.
create or replace function wheelhouse.roll_up_audit(org uuid, max_events int) returns bigint
language plpgsql set search_path = wheelhouse, pg_temp as $$
declare
  done bigint;
  reach bigint;
begin
  insert into audit_rolled (org_id) values (org) on conflict do nothing;
  select r.seq into done from audit_rolled r where r.org_id = org for update;
  select max(c.seq) into reach from audit_chain c where c.org_id = org and c.seq > done and c.seq <= done + max_events;
  if reach is null then
    return done;
  end if;
  with acts as materialized (
    select e.recorded_at, e.action, e.outcome, e.actor_type, e.actor_display, e.content,
      coalesce(e.actor_id, e.actor_display) as actor
    from audit_chain c join audit_events e on e.id = c.audit_id and e.recorded_at = c.recorded_at
    where c.org_id = org and c.seq > done and c.seq <= reach
  ), counted as (
    insert into audit_activity (org_id, hour, actor, action, outcome, events)
    select org, date_trunc('hour', recorded_at, 'UTC'), actor, action, outcome, count(*) from acts group by 2, 3, 4, 5
    on conflict on constraint audit_activity_pkey do update set events = audit_activity.events + excluded.events
  ), seen (kind, value, label, detail, at) as (
    select 'actor', actor, actor_display, actor_type, recorded_at from acts
    union all select 'action', action, action, null, recorded_at from acts
    union all select 'outcome', outcome, outcome, null, recorded_at from acts
    union all select 'target', t ->> 'id', t ->> 'name', t ->> 'type', recorded_at
      from acts, jsonb_array_elements(content::jsonb -> 'targets') t where t ->> 'id' <> ''
  )
  insert into audit_known (org_id, kind, value, label, detail, events, last_at)
  select org, kind, value, (array_agg(label order by at desc))[1], (array_agg(detail order by at desc))[1], count(*), max(at)
  from seen group by kind, value
  on conflict (org_id, kind, value) do update set label = excluded.label, detail = excluded.detail,
    events = audit_known.events + excluded.events, last_at = greatest(audit_known.last_at, excluded.last_at);
  update audit_rolled r set seq = reach where r.org_id = org;
  return reach;
end
$$;
revoke all on function wheelhouse.roll_up_audit(uuid, int) from public;
grant execute on function wheelhouse.roll_up_audit(uuid, int) to wheelhouse_system;
