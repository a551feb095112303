-- Lets the next delivery of each key go whose head has ended, and returns those that may be attempted now, of up to
-- `max_keys` keys that are to be looked at. Completed and discarded deliveries are done; a dead letter holds its key
-- until a person skips, replays or discards it. If the endpoint no longer asks for order or is gone, all that wait go.
-- A delivery that another transaction holds is left to the next call, so that nothing waits for anything here but for
-- the same key's other call.
create or replace function wheelhouse.release_webhook_keys(now_at timestamptz, max_keys int)
returns table (delivery_id uuid, endpoint_id uuid, org_id uuid, generation int)
language plpgsql set search_path = wheelhouse, pg_temp set plan_cache_mode = force_generic_plan
set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off as $$
#variable_conflict use_column
declare
  asked record;
  next_one record;
  held record;
begin
  for asked in
    select distinct w.endpoint_id, w.key from (
      select o.endpoint_id, o.key from webhook_ordered o where o.state in ('new', 'ended') order by o.seq limit max_keys) w
    order by 1, 2
  loop
    perform pg_advisory_xact_lock(46000117, hashtext(asked.endpoint_id || asked.key));
    for next_one in
      select o.seq, o.delivery_id, o.delivery_created_at, o.state, o.org_id,
        p.deleted_at is null and p.settings ->> 'orderBy' is not null as is_ordered
      from webhook_ordered o left join webhook_endpoints p on p.id = o.endpoint_id
      where o.endpoint_id = asked.endpoint_id and o.key = asked.key
      order by o.seq limit 1000
    loop
      -- Without a lock, because a claim leaves out what is locked.
      select d.status, d.next_attempt_at, d.generation, d.attempts into held from webhook_delivery_log d
        where d.id = next_one.delivery_id and d.created_at = next_one.delivery_created_at;
      if not found or held.status in ('completed', 'discarded') then
        delete from webhook_ordered o where o.seq = next_one.seq;
        continue;
      end if;
      if held.status = 'pending' and held.next_attempt_at is null and held.attempts = 0 then
        perform from webhook_delivery_log d
          where d.id = next_one.delivery_id and d.created_at = next_one.delivery_created_at and d.status = 'pending'
          for no key update skip locked;
        exit when not found;
        update webhook_delivery_log d set next_attempt_at = now_at, generation_started_at = now_at
          where d.id = next_one.delivery_id and d.created_at = next_one.delivery_created_at;
        delivery_id := next_one.delivery_id;
        endpoint_id := asked.endpoint_id;
        org_id := next_one.org_id;
        generation := held.generation;
        return next;
      end if;
      if next_one.is_ordered then
        if next_one.state <> 'head' then update webhook_ordered o set state = 'head' where o.seq = next_one.seq; end if;
        exit;
      end if;
      delete from webhook_ordered o where o.seq = next_one.seq;
    end loop;
    if exists (select from webhook_ordered o
      where o.endpoint_id = asked.endpoint_id and o.key = asked.key and o.state = 'head')
    then
      update webhook_ordered o set state = 'waiting' where o.seq in (
        select n.seq from webhook_ordered n where n.endpoint_id = asked.endpoint_id and n.key = asked.key
          and n.state = 'new' for no key update skip locked);
    end if;
  end loop;
end
$$;
revoke all on function wheelhouse.release_webhook_keys(timestamptz, int) from public;
grant execute on function wheelhouse.release_webhook_keys(timestamptz, int) to wheelhouse_system;
