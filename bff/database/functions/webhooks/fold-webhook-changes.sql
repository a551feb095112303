-- Adds up what writers appended about the log; one caller at a time, because the sweeper holds its lock. Counters that
-- reach zero are removed, so that a search finds no hour without matches. Returns the number of changed counters.
create or replace function wheelhouse.fold_webhook_changes() returns int
language plpgsql set search_path = wheelhouse, pg_temp set timezone = 'UTC' as $$
#variable_conflict use_column
declare
  changed int;
  streams bigint[];
  steps smallint[];
  times timestamptz[];
begin
  with taken as (
    delete from webhook_tally_changes returning *
  ), changes as materialized (
    select webhook_stream(org_id, endpoint_id, event_type, status, error_class) as stream, org_id, endpoint_id,
      event_type, status, error_class, at, sum(change) as change
    from taken group by org_id, endpoint_id, event_type, status, error_class, at having sum(change) <> 0
  ), named as (
    insert into webhook_streams (stream, org_id, endpoint_id, event_type, status, error_class)
    select distinct stream, org_id, endpoint_id, event_type, status, error_class from changes
    union
    select distinct webhook_stream(org_id, org_id, '', status, null), org_id, null::uuid, null, status, null from changes
    on conflict do nothing
  ), both_kinds as (
    select stream, org_id, at, change from changes
    union all
    select webhook_stream(org_id, org_id, '', status, null), org_id, at, sum(change) from changes group by org_id, status, at
  ), summed as (
    select stream, step, date_bin(make_interval(mins => step), at, timestamptz 'epoch') as at, org_id, sum(change) as change
    from both_kinds cross join unnest(array[5, 60, 1440]::smallint[]) as step
    where step > 5 or at > now() - interval '26 hours'
    group by 1, 2, 3, 4 having sum(change) <> 0
  ), added as (
    insert into webhook_tally as t (stream, step, at, org_id, count)
    select stream, step, at, org_id, change from summed order by stream, step, at
    on conflict (stream, step, at) do update set count = t.count + excluded.count
    returning stream, step, at, count
  )
  select count(*), array_agg(stream) filter (where count = 0), array_agg(step) filter (where count = 0),
    array_agg(at) filter (where count = 0) into changed, streams, steps, times from added;
  delete from webhook_tally t using unnest(streams, steps, times) as z (stream, step, at)
  where t.stream = z.stream and t.step = z.step and t.at = z.at;

  with taken as (
    delete from webhook_outcome_changes returning *
  ), by_duration as (
    select org_id, step, date_bin(make_interval(mins => step), at, timestamptz 'epoch') as at, endpoint_id, event_type,
      error_class, duration, sum(delivered) as delivered, sum(failed) as failed, sum(dead_letters) as dead_letters,
      sum(replays) as replays
    from taken cross join unnest(array[60, 1440]::smallint[]) as step group by 1, 2, 3, 4, 5, 6, 7
  ), summed as (
    select org_id, step, at, endpoint_id, event_type, error_class, sum(delivered) as delivered, sum(failed) as failed,
      sum(dead_letters) as dead_letters, sum(replays) as replays,
      array_agg(duration) as places, array_agg(delivered) as counts
    from by_duration group by 1, 2, 3, 4, 5, 6
  )
  insert into webhook_outcomes as o
    (org_id, step, at, endpoint_id, event_type, error_class, delivered, failed, dead_letters, replays, durations)
  select org_id, step, at, endpoint_id, event_type, error_class, delivered, failed, dead_letters, replays,
    array(select coalesce(sum(c), 0)::int from generate_series(0, 60) as place left join unnest(places, counts) as d (p, c)
          on p = place group by place order by place)
  from summed order by 1, 2, 3, 4, 5, 6
  on conflict (org_id, step, at, endpoint_id, event_type, error_class) do update set
    delivered = o.delivered + excluded.delivered, failed = o.failed + excluded.failed,
    dead_letters = o.dead_letters + excluded.dead_letters, replays = o.replays + excluded.replays,
    durations = array(select a + b from unnest(o.durations, excluded.durations) with ordinality as d (a, b, n) order by n);
  return changed;
end
$$;
revoke all on function wheelhouse.fold_webhook_changes() from public;
grant execute on function wheelhouse.fold_webhook_changes() to wheelhouse_system;
