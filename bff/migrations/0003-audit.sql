-- The trail: every act with the canonical bytes that were hashed, and one hash chain per organization.
set local role wheelhouse_owner;

-- `content` is the act as canonical JSON (RFC 8785), made once by the application; every other column is derived
-- from it below and serves filters only. Partitions are by month of server time.
create table wheelhouse.audit_events (
  id uuid not null,
  org_id uuid not null,
  recorded_at timestamptz not null default date_trunc('milliseconds', now()),
  content text not null check (octet_length(content) <= 65536),
  action text not null,
  outcome text not null check (outcome in ('success', 'denied', 'failure')),
  actor_type text not null,
  actor_id text,
  actor_display text not null,
  -- Ids and names of all targets.
  target_keys text[] not null,
  search_text text not null,
  primary key (id, recorded_at)
) partition by range (recorded_at);

create index audit_events_newest on wheelhouse.audit_events (org_id, recorded_at desc, id desc);
create index audit_events_actor on wheelhouse.audit_events (org_id, actor_id, recorded_at desc, id desc);
create index audit_events_action on wheelhouse.audit_events (org_id, action, recorded_at desc, id desc);
-- Nearly all acts succeed: the index over the others stays small.
create index audit_events_refused on wheelhouse.audit_events (org_id, outcome, recorded_at desc, id desc)
  where outcome <> 'success';
create index audit_events_targets on wheelhouse.audit_events using gin (target_keys);
do $$
begin
  if exists (select from pg_extension where extname = 'pg_trgm') then
    create index audit_events_text on wheelhouse.audit_events using gin (search_text public.gin_trgm_ops);
  end if;
end
$$;

-- Not partitioned: a fork would need two rows with one predecessor, and that unique index cannot span partitions.
create table wheelhouse.audit_chain (
  org_id uuid not null,
  seq bigint not null check (seq > 0),
  audit_id uuid not null unique,
  -- Finds the event's partition.
  recorded_at timestamptz not null,
  content_hash bytea not null,
  prev bytea not null,
  hash bytea not null,
  primary key (org_id, seq),
  unique (org_id, prev)
);

-- End of each chain; the row that sealing locks, from COMMIT until it is durable and not a moment before.
create table wheelhouse.audit_heads (
  org_id uuid primary key,
  seq bigint not null,
  hash bytea not null
);

create function wheelhouse.derive_audit_event() returns trigger language plpgsql as $$
declare
  c jsonb := new.content::jsonb;
  claimed text := nullif(current_setting('wheelhouse.audit_organization', true), '');
begin
  -- Sealing locks one head per organization; two in one transaction could deadlock with another's two.
  if claimed is null then
    perform set_config('wheelhouse.audit_organization', new.org_id::text, true);
  elsif claimed <> new.org_id::text then
    raise exception 'one audit organization per transaction' using errcode = 'check_violation';
  end if;
  if (c ->> 'id')::uuid is distinct from new.id
    or (c #>> '{organization,id}')::uuid is distinct from new.org_id
    or (c ->> 'recordedAt')::timestamptz is distinct from new.recorded_at then
    raise exception 'the content speaks of another id, organization or time' using errcode = 'check_violation';
  end if;
  new.action := c ->> 'action';
  new.outcome := c ->> 'outcome';
  new.actor_type := c #>> '{actor,type}';
  new.actor_id := c #>> '{actor,id}';
  new.actor_display := c #>> '{actor,display}';
  new.target_keys := array(
    select distinct k from jsonb_array_elements(c -> 'targets') t, unnest(array[t ->> 'id', t ->> 'name']) k order by k
  );
  new.search_text := left(concat_ws(' ', new.action, new.actor_display, array_to_string(new.target_keys, ' '),
    c ->> 'reason', c ->> 'before', c ->> 'after', c ->> 'address', c ->> 'requestId'), 8000);
  return new;
end
$$;

-- Every field with its length in front, so that no two different events have the same bytes.
create function wheelhouse.audit_link_hash(org_id uuid, seq bigint, audit_id uuid, content_hash bytea, prev bytea)
returns bytea language sql immutable strict parallel safe as $$
  select sha256(string_agg(int4send(octet_length(part)) || part, ''::bytea order by place))
  from unnest(array[
    convert_to('wheelhouse-audit-1', 'UTF8'), convert_to(org_id::text, 'UTF8'), convert_to(seq::text, 'UTF8'),
    convert_to(audit_id::text, 'UTF8'), content_hash, prev
  ]) with ordinality as parts (part, place)
$$;

-- Runs at COMMIT. Taking the number at insert would hold the lock through the whole transaction (163 against
-- 2 232 transactions a second), reading the last row without a lock would fork the chain.
create function wheelhouse.seal_audit_event() returns trigger
language plpgsql security definer set search_path = wheelhouse, pg_temp as $$
declare
  head audit_heads;
  content_hash bytea := sha256(convert_to(new.content, 'UTF8'));
  next_hash bytea;
begin
  select * into head from audit_heads h where h.org_id = new.org_id for update;
  if not found then
    insert into audit_heads values (new.org_id, 0, decode(repeat('00', 32), 'hex')) on conflict do nothing;
    select * into strict head from audit_heads h where h.org_id = new.org_id for update;
  end if;
  next_hash := audit_link_hash(new.org_id, head.seq + 1, new.id, content_hash, head.hash);
  insert into audit_chain (org_id, seq, audit_id, recorded_at, content_hash, prev, hash)
    values (new.org_id, head.seq + 1, new.id, new.recorded_at, content_hash, head.hash, next_hash);
  update audit_heads h set seq = head.seq + 1, hash = next_hash where h.org_id = new.org_id;
  return null;
end
$$;

create function wheelhouse.refuse_audit_change() returns trigger language plpgsql as $$
begin
  raise exception 'the audit trail is append-only: % on % is refused', lower(tg_op), tg_table_name
    using errcode = 'insufficient_privilege';
end
$$;

create function wheelhouse.step_audit_head() returns trigger language plpgsql as $$
begin
  if new.org_id <> old.org_id or new.seq <> old.seq + 1 then
    raise exception 'the audit trail is append-only: a head moves by one' using errcode = 'insufficient_privilege';
  end if;
  return new;
end
$$;

create trigger derive before insert on wheelhouse.audit_events
  for each row execute function wheelhouse.derive_audit_event();
create constraint trigger seal after insert on wheelhouse.audit_events
  deferrable initially deferred for each row execute function wheelhouse.seal_audit_event();
create trigger refuse_change before update or delete on wheelhouse.audit_events
  for each row execute function wheelhouse.refuse_audit_change();
create trigger refuse_truncate before truncate on wheelhouse.audit_events
  for each statement execute function wheelhouse.refuse_audit_change();
create trigger refuse_change before update or delete on wheelhouse.audit_chain
  for each row execute function wheelhouse.refuse_audit_change();
create trigger refuse_truncate before truncate on wheelhouse.audit_chain
  for each statement execute function wheelhouse.refuse_audit_change();
create trigger step before update on wheelhouse.audit_heads
  for each row execute function wheelhouse.step_audit_head();
create trigger refuse_change before delete on wheelhouse.audit_heads
  for each row execute function wheelhouse.refuse_audit_change();
create trigger refuse_truncate before truncate on wheelhouse.audit_heads
  for each statement execute function wheelhouse.refuse_audit_change();

-- ALWAYS: `session_replication_role = replica` would skip ordinary triggers.
do $$
declare
  it record;
begin
  for it in
    select c.oid::regclass as relation, t.tgname from pg_trigger t join pg_class c on c.oid = t.tgrelid
    where c.oid in ('wheelhouse.audit_events'::regclass, 'wheelhouse.audit_chain'::regclass,
      'wheelhouse.audit_heads'::regclass) and not t.tgisinternal
  loop
    execute format('alter table %s enable always trigger %I', it.relation, it.tgname);
  end loop;
end
$$;

-- Makes the partitions of this month and the months ahead; returns how many were missing. Called at every start and
-- daily. Truncate triggers are not inherited, and clones are set to ALWAYS again for servers that forget it.
create function wheelhouse.make_audit_partitions(months_ahead int) returns int
language plpgsql security definer set search_path = wheelhouse, pg_temp as $$
declare
  month_start timestamptz := date_trunc('month', now(), 'UTC');
  starts timestamptz;
  partition_name text;
  made int := 0;
begin
  perform pg_advisory_xact_lock(hashtext('wheelhouse.audit_partitions'));
  for ahead in 0 .. least(greatest(months_ahead, 0), 60) loop
    starts := (month_start at time zone 'UTC' + make_interval(months => ahead)) at time zone 'UTC';
    partition_name := 'audit_events_' || to_char(starts at time zone 'UTC', 'YYYY_MM');
    continue when to_regclass('wheelhouse.' || partition_name) is not null;
    execute format('create table wheelhouse.%I partition of wheelhouse.audit_events for values from (%L) to (%L)',
      partition_name, starts, (starts at time zone 'UTC' + interval '1 month') at time zone 'UTC');
    execute format('create trigger refuse_truncate before truncate on wheelhouse.%I '
      'for each statement execute function wheelhouse.refuse_audit_change()', partition_name);
    execute format('alter table wheelhouse.%1$I enable always trigger derive, enable always trigger seal, '
      'enable always trigger refuse_change, enable always trigger refuse_truncate', partition_name);
    made := made + 1;
  end loop;
  return made;
end
$$;
revoke all on function wheelhouse.make_audit_partitions(int) from public;
grant execute on function wheelhouse.make_audit_partitions(int) to wheelhouse_app, wheelhouse_system;
revoke all on function wheelhouse.seal_audit_event() from public;
select wheelhouse.make_audit_partitions(12);

select wheelhouse.own_by_organization('wheelhouse.audit_events');
select wheelhouse.own_by_organization('wheelhouse.audit_chain');
select wheelhouse.own_by_organization('wheelhouse.audit_heads');
-- Sealing acts as the owner, and row-level security is forced on it too.
create policy by_seal on wheelhouse.audit_chain to wheelhouse_owner using (true) with check (true);
create policy by_seal on wheelhouse.audit_heads to wheelhouse_owner using (true) with check (true);
create policy by_search on wheelhouse.audit_events for select to wheelhouse_search using (true);

grant select, insert (id, org_id, content) on wheelhouse.audit_events to wheelhouse_app, wheelhouse_system;
grant select on wheelhouse.audit_chain, wheelhouse.audit_heads to wheelhouse_app, wheelhouse_system;
grant select on wheelhouse.audit_events to wheelhouse_search;

reset role;

-- Text and target filters: their operators are not leakproof, so under row-level security no index serves them
-- (178 ms against 8 ms). This runs outside it and adds the organizations of the transaction by itself.
grant create on schema wheelhouse to wheelhouse_search;
set local role wheelhouse_search;
-- Keys of `filter`: q, target (text), actors, actions, outcomes (arrays of text), from, to (time), organizations
-- (array of ids, narrowed to those of the transaction).
create function wheelhouse.search_audit(filter jsonb, before_at timestamptz, before_id uuid, max_rows int)
returns table (id uuid, recorded_at timestamptz)
language plpgsql stable security definer set search_path = wheelhouse, public, pg_temp as $$
declare
  visible uuid[] := array(
    select jsonb_array_elements_text(filter -> 'organizations')::uuid
    intersect select unnest(wheelhouse.current_organizations())
  );
  conditions text := 'e.org_id = any ($1)';
begin
  -- Only what is set is said, so that each combination gets a plan of its own.
  if filter ? 'q' then conditions := conditions || $c$ and e.search_text ilike $2 escape '\'$c$; end if;
  if filter ? 'target' then conditions := conditions || ' and e.target_keys @> array[$3]'; end if;
  if filter ? 'actors' then conditions := conditions || ' and (e.actor_id = any ($4) or e.actor_display = any ($4))'; end if;
  if filter ? 'actions' then conditions := conditions || ' and e.action = any ($5)'; end if;
  if filter ? 'outcomes' then conditions := conditions || ' and e.outcome = any ($6)'; end if;
  if filter ? 'from' then conditions := conditions || ' and e.recorded_at >= $7'; end if;
  if filter ? 'to' then conditions := conditions || ' and e.recorded_at < $8'; end if;
  if before_at is not null then conditions := conditions || ' and (e.recorded_at, e.id) < ($9, $10)'; end if;
  return query execute 'select e.id, e.recorded_at from wheelhouse.audit_events e where ' || conditions
    || ' order by e.recorded_at desc, e.id desc limit $11'
  using visible,
    '%' || regexp_replace(filter ->> 'q', '([\\%_])', '\\\1', 'g') || '%',
    filter ->> 'target',
    array(select jsonb_array_elements_text(filter -> 'actors')),
    array(select jsonb_array_elements_text(filter -> 'actions')),
    array(select jsonb_array_elements_text(filter -> 'outcomes')),
    (filter ->> 'from')::timestamptz, (filter ->> 'to')::timestamptz, before_at, before_id, max_rows;
end
$$;
revoke all on function wheelhouse.search_audit(jsonb, timestamptz, uuid, int) from public;
grant execute on function wheelhouse.search_audit(jsonb, timestamptz, uuid, int) to wheelhouse_app;
reset role;
revoke create on schema wheelhouse from wheelhouse_search;
