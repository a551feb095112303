-- What the delivery log holds, counted while it changes: counts, histograms and groups read these tables, and a search
-- skips the hours in which nothing matches. Writers append changes, so nobody waits for a counter; the sweeper adds them
-- up. Both commit with the rows they count, so the sums are exact at any moment.
set local role wheelhouse_owner;

-- A stream: deliveries of one organization, endpoint, event type, status and error class. Its number leads the index
-- through which any combination of filters is read.
create function wheelhouse.webhook_stream(org uuid, endpoint uuid, type text, status text, error text)
returns bigint language sql immutable parallel safe
return uuid_hash_extended(org, uuid_hash_extended(endpoint,
  hashtextextended(type, hashtextextended(status || ' ' || coalesce(error, ''), 0))));

-- Words of an error message behind a mark of the organization, so that a search reads one organization's part.
create function wheelhouse.webhook_words(org uuid, message text) returns tsvector
language sql immutable parallel safe
return array_to_tsvector(array(
  select distinct right(org::text, 6) || left(w, 60)
  from regexp_split_to_table(lower(message), '[^[:alnum:]]+') as w where w <> ''));

drop index wheelhouse.webhook_delivery_log_status;
drop index wheelhouse.webhook_delivery_log_endpoint;
drop index wheelhouse.webhook_delivery_log_type;
drop index wheelhouse.webhook_delivery_log_error;
drop index wheelhouse.webhook_delivery_log_dead;
create index webhook_delivery_log_stream on wheelhouse.webhook_delivery_log
  (wheelhouse.webhook_stream(org_id, endpoint_id, event_type, status, error_class), created_at desc, id desc);
-- Successes are in none of these.
create index webhook_delivery_log_ended on wheelhouse.webhook_delivery_log (org_id, created_at, id)
  where status in ('dead_letter', 'discarded');
create index webhook_delivery_log_words on wheelhouse.webhook_delivery_log
  using gin (wheelhouse.webhook_words(org_id, error_message)) with (gin_pending_list_limit = 256)
  where error_message is not null;
create index webhook_events_sender on wheelhouse.webhook_events (org_id, source_event_id);

create table wheelhouse.webhook_streams (
  stream bigint primary key,
  org_id uuid not null,
  -- Null in the stream of a whole status.
  endpoint_id uuid,
  event_type text,
  status text not null,
  error_class text
);
create index webhook_streams_org on wheelhouse.webhook_streams (org_id);

create table wheelhouse.webhook_tally (
  stream bigint not null,
  -- Minutes counted together: 5 (for a day), 60 or 1440, by the time at which the event was accepted.
  step smallint not null,
  at timestamptz not null,
  org_id uuid not null,
  count int not null,
  primary key (stream, step, at)
);
create index webhook_tally_old on wheelhouse.webhook_tally (at) where step = 5;
create index webhook_tally_day on wheelhouse.webhook_tally (at) where step > 5;

create table wheelhouse.webhook_tally_changes (
  org_id uuid not null,
  at timestamptz not null,
  endpoint_id uuid not null,
  event_type text not null,
  status text not null,
  error_class text,
  change int not null
);

-- What became of deliveries, by the time at which it happened: per hour for two weeks, per day for 13 months.
create table wheelhouse.webhook_outcomes (
  org_id uuid not null,
  step smallint not null,
  at timestamptz not null,
  endpoint_id uuid not null,
  event_type text not null,
  -- Empty for successes and replays.
  error_class text not null,
  delivered int not null,
  failed int not null,
  dead_letters int not null,
  replays int not null,
  -- Successful attempts by duration: place n holds those below 1.25 ^ n ms.
  durations int[] not null,
  primary key (org_id, step, at, endpoint_id, event_type, error_class)
);

create table wheelhouse.webhook_outcome_changes (
  org_id uuid not null,
  at timestamptz not null,
  endpoint_id uuid not null,
  event_type text not null,
  error_class text not null,
  delivered int not null,
  failed int not null,
  dead_letters int not null,
  replays int not null,
  -- Null unless delivered.
  duration smallint
);

-- Days whose retention has ended, and what was left of them.
create table wheelhouse.webhook_expired_days (
  day date not null,
  -- `unfinished` or `nothing`.
  kept_what text not null,
  removed bigint not null,
  kept bigint not null,
  at timestamptz not null default now(),
  primary key (day, kept_what)
);
grant select on wheelhouse.webhook_expired_days to wheelhouse_system;
grant insert on wheelhouse.webhook_expired_days to wheelhouse_system;

create or replace function wheelhouse.webhook_count_inserted() returns trigger language plpgsql as $$
begin
  insert into wheelhouse.webhook_counts (org_id, status, delta)
    select org_id, status, count(*) from new_rows where status <> 'completed' group by org_id, status;
  insert into wheelhouse.webhook_tally_changes (org_id, at, endpoint_id, event_type, status, error_class, change)
    select org_id, date_trunc('minute', created_at), endpoint_id, event_type, status, error_class, count(*)
    from new_rows group by 1, 2, 3, 4, 5, 6;
  return null;
end
$$;
create or replace function wheelhouse.webhook_count_updated() returns trigger language plpgsql as $$
begin
  insert into wheelhouse.webhook_counts (org_id, status, delta)
    select org_id, status, sum(change)
    from (
      select org_id, status, 1 as change from new_rows
      union all
      select org_id, status, -1 from old_rows
    ) changes
    where status <> 'completed'
    group by org_id, status having sum(change) <> 0;
  insert into wheelhouse.webhook_tally_changes (org_id, at, endpoint_id, event_type, status, error_class, change)
    select org_id, date_trunc('minute', created_at), endpoint_id, event_type, status, error_class, sum(change)
    from (
      select org_id, created_at, endpoint_id, event_type, status, error_class, 1 as change from new_rows
      union all
      select org_id, created_at, endpoint_id, event_type, status, error_class, -1 from old_rows
    ) changes
    group by 1, 2, 3, 4, 5, 6 having sum(change) <> 0;
  -- An attempt counts once, with its outcome; a dead letter also when its time ran out without one.
  insert into wheelhouse.webhook_outcome_changes
    (org_id, at, endpoint_id, event_type, error_class, delivered, failed, dead_letters, replays, duration)
    select org_id, date_trunc('hour', now()), endpoint_id, event_type, error_class,
      count(*) filter (where delivered), count(*) filter (where tried and not delivered),
      count(*) filter (where died), count(*) filter (where replayed), duration
    from (
      select n.org_id, n.endpoint_id, n.event_type,
        case when n.status in ('completed', 'pending') then '' else coalesce(n.error_class, '') end as error_class,
        n.generation = o.generation and n.attempts > o.attempts as tried,
        n.status = 'completed' and o.status <> 'completed' as delivered,
        n.status = 'dead_letter' and o.status <> 'dead_letter' as died,
        n.generation > o.generation and n.status = 'pending' as replayed,
        case when n.status = 'completed' and o.status <> 'completed' then least(60, greatest(0, ceil(
          ln(greatest(extract(epoch from n.completed_at - n.last_attempt_at) * 1000, 1)) / ln(1.25))))::smallint end as duration
      from new_rows n join old_rows o on o.id = n.id and o.created_at = n.created_at
    ) changes
    where tried or delivered or died or replayed
    group by 1, 2, 3, 4, 5, duration;
  return null;
end
$$;

select wheelhouse.own_by_organization(format('wheelhouse.%I', name)::regclass)
from unnest(array[
  'webhook_streams', 'webhook_tally', 'webhook_tally_changes', 'webhook_outcomes', 'webhook_outcome_changes'
]) as name;
grant select on wheelhouse.webhook_streams, wheelhouse.webhook_tally, wheelhouse.webhook_outcomes to wheelhouse_app;
grant select, insert on wheelhouse.webhook_tally_changes, wheelhouse.webhook_outcome_changes to wheelhouse_app;
grant select, insert, update, delete on wheelhouse.webhook_streams, wheelhouse.webhook_tally,
  wheelhouse.webhook_tally_changes, wheelhouse.webhook_outcomes, wheelhouse.webhook_outcome_changes to wheelhouse_system;

-- The search adds the organizations itself.
do $$
declare
  name text;
begin
  foreach name in array array['webhook_delivery_log', 'webhook_events', 'webhook_claims', 'webhook_endpoints',
    'webhook_sources', 'webhook_streams', 'webhook_tally', 'webhook_tally_changes'] loop
    execute format('create policy by_search on wheelhouse.%I for select to wheelhouse_search using (true)', name);
  end loop;
end
$$;
grant select on wheelhouse.webhook_delivery_log, wheelhouse.webhook_claims, wheelhouse.webhook_streams,
  wheelhouse.webhook_tally, wheelhouse.webhook_tally_changes to wheelhouse_search;
grant select (event_id, org_id, source_event_id, created_at) on wheelhouse.webhook_events to wheelhouse_search;
grant select (id, org_id, name, url) on wheelhouse.webhook_endpoints to wheelhouse_search;
grant select (id, org_id, name) on wheelhouse.webhook_sources to wheelhouse_search;

-- Retention runs as the owner; without a policy of its own, forced security would show it no row, and it would keep
-- nothing.
do $$
declare
  name text;
begin
  foreach name in array array['webhook_delivery_log', 'webhook_events', 'webhook_attempts', 'webhook_claims',
    'webhook_replays', 'webhook_replay_items', 'webhook_counts', 'webhook_streams', 'webhook_tally',
    'webhook_tally_changes', 'webhook_outcomes'] loop
    execute format('create policy by_owner on wheelhouse.%I to wheelhouse_owner using (true) with check (true)', name);
  end loop;
end
$$;

-- What is stored already.
insert into wheelhouse.webhook_tally_changes (org_id, at, endpoint_id, event_type, status, error_class, change)
  select org_id, date_trunc('minute', created_at), endpoint_id, event_type, status, error_class, count(*)
  from wheelhouse.webhook_delivery_log group by 1, 2, 3, 4, 5, 6;

reset role;
