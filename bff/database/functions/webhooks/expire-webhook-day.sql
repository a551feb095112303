-- Ends the retention of one day of deliveries, with their events and attempts. `keep` is `unfinished` (dead letters and
-- deliveries that wait for an attempt stay: the partitions are rewritten and swapped) or `nothing` (they are dropped).
-- `state` is `done`, `nothing to do`, or `in use`: an attempt is running, or a run of replays still has deliveries of
-- the day, which is then tried again the next night.
-- What ended is noted in webhook_expired_days. Numbers of rows are compared within the transaction, so a policy that hides rows from the owner aborts it. Runs as the
-- owner: no role of the product may delete a delivery. Readers wait only for the swap itself.
create or replace function wheelhouse.expire_webhook_day(day date, keep text)
returns table (state text, removed bigint, kept bigint)
language plpgsql security definer set search_path = wheelhouse, pg_temp set lock_timeout = '3s' set timezone = 'UTC' as $$
#variable_conflict use_column
declare
  suffix constant text := '_p' || to_char(day, 'YYYYMMDD');
  log_part constant text := 'webhook_delivery_log' || suffix;
  starts constant timestamptz := day;
  ends constant timestamptz := day + 1;
  stored bigint;
  wanted bigint := 0;
  found bigint;
  part record;
begin
  if keep not in ('unfinished', 'nothing') then raise exception 'unknown retention %', keep; end if;
  if day > current_date - 2 then raise exception 'the day % is still in use', day; end if;
  if to_regclass('wheelhouse.' || log_part) is null then return query select 'nothing to do', 0::bigint, 0::bigint; return; end if;
  -- Counters are not added up meanwhile.
  perform pg_advisory_xact_lock(46000010);
  -- No attempt of the day can be claimed or replayed from here on; reading goes on.
  execute format('lock table %I in exclusive mode', log_part);
  if exists (select from webhook_claims where delivery_created_at >= starts and delivery_created_at < ends)
    or exists (
      select from webhook_replays r join webhook_replay_items i on i.replay_id = r.id
      where (r.state in ('running', 'paused') and i.state in ('waiting', 'sent')
          or r.state = 'planned' and r.expires_at > now() or i.state = 'sent')
        and i.delivery_created_at >= starts and i.delivery_created_at < ends)
  then return query select 'in use', 0::bigint, 0::bigint; return; end if;

  select count(*), count(*) filter (where keep = 'unfinished' and status in ('dead_letter', 'pending', 'failed'))
    into stored, wanted from webhook_delivery_log where created_at >= starts and created_at < ends;
  insert into webhook_expired_days (day, kept_what, removed, kept) values (day, keep, stored - wanted, wanted)
  on conflict do nothing;
  if keep = 'unfinished' and stored = wanted then
    return query select 'nothing to do', 0::bigint, wanted; return;
  end if;
  insert into webhook_counts (org_id, status, delta)
    select org_id, status, -count(*) from webhook_delivery_log
    where created_at >= starts and created_at < ends and status <> 'completed'
      and (keep = 'nothing' or status not in ('dead_letter', 'pending', 'failed'))
    group by org_id, status;

  for part in
    select parent, parent || suffix as name, parent || suffix || '_kept' as made, condition, n from (values
      (1, 'webhook_delivery_log', 'p.status in (''dead_letter'', ''pending'', ''failed'')'),
      (2, 'webhook_events', format('exists (select from %I k where k.event_id = p.event_id)', log_part)),
      (3, 'webhook_attempts', format('exists (select from %I k where k.id = p.delivery_id)', log_part))
    ) as t (n, parent, condition) order by n
  loop
    continue when to_regclass('wheelhouse.' || part.name) is null;
    if keep = 'unfinished' then
      execute format('create table %I (like %I including all)', part.made, part.parent);
      -- The owner reads the former partition itself; forced security without a policy would show it nothing.
      execute format('create policy by_owner on %I to wheelhouse_owner using (true)', part.name);
      execute format('insert into %I select * from %I p where %s', part.made, part.name, part.condition);
      get diagnostics found = row_count;
      if part.n = 1 and found <> wanted then
        raise exception 'the day % has % deliveries to keep, but % were copied', day, wanted, found;
      end if;
    end if;
    execute format('alter table %I detach partition %I', part.parent, part.name);
    execute format('drop table %I', part.name);
    if keep = 'unfinished' then
      execute format('alter table %I rename to %I', part.made, part.name);
      execute format('alter table %I attach partition %I for values from (%L) to (%L)', part.parent, part.name, starts, ends);
      execute format('alter table %I enable row level security', part.name);
      execute format('alter table %I force row level security', part.name);
      execute format('create policy by_owner on %I to wheelhouse_owner using (true)', part.name);
    end if;
  end loop;

  select count(*) into found from webhook_delivery_log where created_at >= starts and created_at < ends;
  if found <> wanted then raise exception 'the day % should hold % deliveries, but holds %', day, wanted, found; end if;
  -- The day is counted anew.
  delete from webhook_tally_changes where at >= starts and at < ends;
  delete from webhook_tally where at >= starts and at < ends and step > 5;
  delete from webhook_tally where at >= starts and at < ends and step = 5;
  insert into webhook_tally_changes (org_id, at, endpoint_id, event_type, status, error_class, change)
    select org_id, date_trunc('minute', created_at), endpoint_id, event_type, status, error_class, count(*)
    from webhook_delivery_log where created_at >= starts and created_at < ends group by 1, 2, 3, 4, 5, 6;
  return query select 'done', stored - wanted, wanted;
end
$$;
revoke all on function wheelhouse.expire_webhook_day(date, text) from public;
grant execute on function wheelhouse.expire_webhook_day(date, text) to wheelhouse_system;
