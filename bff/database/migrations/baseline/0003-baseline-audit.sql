-- The trail: every action with the canonical bytes that were hashed, and one hash chain per organization; its external
-- proof and the expiry of content; the tables for reading and reviewing it.
set local role wheelhouse_owner;

-- `content` is the action as canonical JSON (RFC 8785), built once by the application; every other column is derived
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
  -- `webhooks` for `webhooks.source.create`, `app` for an action that a platform reported, `audit` for a refused `audit:read`.
  class text not null generated always as (split_part(split_part(action, '.', 1), ':', 1)) stored,
  primary key (id, recorded_at)
) partition by range (recorded_at);

create index audit_events_newest on wheelhouse.audit_events (org_id, recorded_at desc, id desc);
create index audit_events_actor on wheelhouse.audit_events (org_id, actor_id, recorded_at desc, id desc);
create index audit_events_action on wheelhouse.audit_events (org_id, action, recorded_at desc, id desc);
-- Nearly all actions succeed, so the index of the others stays small.
create index audit_events_refused on wheelhouse.audit_events (org_id, outcome, recorded_at desc, id desc)
  where outcome <> 'success';

-- The words of an event, each after the last six digits of its organization's id, so that a search within one
-- organization reads only that organization's part of the index, also by prefix. `w` words, `t` targets, `a` actors,
-- `x` actions, `c` classes, `o` outcomes other than success, `h` day and hour of the week in UTC. One expression over
-- the whole text, because each insert pays for it. The index below holds its results: another definition needs another
-- index.
create function wheelhouse.audit_words(
  org_id uuid, recorded_at timestamptz, action text, outcome text, actor_id text, actor_display text,
  target_keys text[], search_text text
) returns tsvector language plpgsql immutable parallel safe cost 1000 as $$
declare
  mark constant text := right(org_id::text, 6);
  -- What stands between words nearly always; a regular expression alone takes three times as long.
  plain text := replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(
    lower(search_text), '.', ' '), '-', ' '), '_', ' '), '"', ' '), ':', ' '), ',', ' '), '{', ' '), '}', ' '), '/', ' '),
    '[', ' '), ']', ' ');
  words text[];
  word text;
begin
  if plain ~ '[^[:alnum:] ]' then plain := regexp_replace(plain, '[^[:alnum:]]+', ' ', 'g'); end if;
  words := string_to_array(mark || 'w' || replace(plain, ' ', E'\x1f' || mark || 'w'), E'\x1f');
  -- Only a long text can hold a word that is too long for the index; searched are beginnings of up to 60 letters.
  if octet_length(plain) > 1900 then
    words := array(select left(w, length(mark) + 61) from unnest(words) w);
  end if;
  foreach word in array target_keys loop
    if word is not null then words := words || (mark || 't' || left(word, 300)); end if;
  end loop;
  words := words || array[
    mark || 'a' || left(actor_display, 300), mark || 'x' || action,
    mark || 'c' || split_part(split_part(action, '.', 1), ':', 1),
    mark || 'h' || to_char(recorded_at at time zone 'UTC', 'ID-HH24'),
    mark || case when actor_id is null then 'w' else 'a' || left(actor_id, 300) end,
    mark || case when outcome = 'success' then 'w' else 'o' || outcome end];
  -- Empty between two marks.
  return array_to_tsvector(array_remove(words, mark || 'w'));
end
$$;
create index audit_events_words on wheelhouse.audit_events using gin (wheelhouse.audit_words(
  org_id, recorded_at, action, outcome, actor_id, actor_display, target_keys, search_text));

-- Not partitioned: a fork would need two rows with the same predecessor, and that unique index cannot span partitions.
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

-- End of each chain; sealing locks this row only from COMMIT until it is durable.
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

-- Runs at COMMIT. Taking the number at insert would hold the lock through the whole transaction (163 instead of 2 232
-- transactions a second), and reading the last row without a lock would fork the chain.
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

-- Only content that was declared expired may be deleted.
create function wheelhouse.refuse_audit_change() returns trigger language plpgsql as $$
begin
  if tg_op = 'DELETE' and tg_table_name like 'audit\_events%' then
    if exists (
      select from wheelhouse.audit_chain l join wheelhouse.audit_expirations x on x.org_id = l.org_id and x.upto_seq >= l.seq
      where l.audit_id = old.id and l.org_id = old.org_id
    ) then
      return old;
    end if;
  end if;
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

revoke all on function wheelhouse.seal_audit_event() from public;

select wheelhouse.own_by_organization('wheelhouse.audit_events');
select wheelhouse.own_by_organization('wheelhouse.audit_chain');
select wheelhouse.own_by_organization('wheelhouse.audit_heads');
-- Policies on tables that are read by the ten thousand evaluate the transaction's organizations once per statement; the
-- general policy parses them for each row, which takes longer than reading it.
alter policy by_organization on wheelhouse.audit_events
  using (org_id = any ((select wheelhouse.current_organizations())::uuid[]))
  with check (org_id = any (wheelhouse.current_organizations()));
alter policy by_organization on wheelhouse.audit_chain
  using (org_id = any ((select wheelhouse.current_organizations())::uuid[]))
  with check (org_id = any (wheelhouse.current_organizations()));
-- Sealing runs as the owner, and row-level security is forced on it too.
create policy by_seal on wheelhouse.audit_chain to wheelhouse_owner using (true) with check (true);
create policy by_seal on wheelhouse.audit_heads to wheelhouse_owner using (true) with check (true);
create policy by_search on wheelhouse.audit_events for select to wheelhouse_search using (true);
create policy by_search on wheelhouse.audit_chain for select to wheelhouse_search using (true);
-- The command for the first administrator records its changes.
create policy by_owner on wheelhouse.audit_events for insert to wheelhouse_owner with check (true);

grant select, insert (id, org_id, content) on wheelhouse.audit_events to wheelhouse_app, wheelhouse_system;
grant select on wheelhouse.audit_chain, wheelhouse.audit_heads to wheelhouse_app, wheelhouse_system;
grant select on wheelhouse.audit_events to wheelhouse_search;
grant select (org_id, seq, recorded_at) on wheelhouse.audit_chain to wheelhouse_search;

-- `line` is the signed text together with its signature (shared/src/audit/proof.ts); the rest is derived from it.
create table wheelhouse.audit_checkpoints (
  org_id uuid not null,
  number bigint not null,
  seq bigint not null,
  hash text not null,
  key_id text not null,
  line text not null check (octet_length(line) <= 4096),
  created_at timestamptz not null default now(),
  primary key (org_id, number)
);
create index audit_checkpoints_seq on wheelhouse.audit_checkpoints (org_id, seq, number);

create table wheelhouse.audit_sink_state (
  sink text not null,
  org_id uuid not null,
  number bigint not null,
  updated_at timestamptz not null default now(),
  primary key (sink, org_id)
);

create table wheelhouse.audit_retention (
  org_id uuid primary key references wheelhouse.organizations,
  keep_days int check (keep_days between 1 and 36500),
  updated_at timestamptz not null default now()
);

create table wheelhouse.audit_legal_holds (
  id uuid primary key default wheelhouse.uuidv7(),
  org_id uuid not null references wheelhouse.organizations,
  reason text not null check (length(reason) between 1 and 1000),
  placed_by text not null,
  placed_at timestamptz not null default now(),
  released_by text,
  released_at timestamptz,
  check ((released_at is null) = (released_by is null))
);
create index audit_legal_holds_open on wheelhouse.audit_legal_holds (org_id) where released_at is null;

create table wheelhouse.audit_expirations (
  org_id uuid not null,
  upto_seq bigint not null check (upto_seq > 0),
  checkpoint_number bigint not null,
  expired_at timestamptz not null default now(),
  primary key (org_id, upto_seq)
);

create table wheelhouse.audit_intake_keys (
  org_id uuid not null,
  -- Id of the reporting token or person.
  reporter text not null,
  key text not null,
  request_hash bytea not null,
  audit_id uuid not null,
  created_at timestamptz not null default now(),
  primary key (org_id, reporter, key)
);
create index audit_intake_keys_age on wheelhouse.audit_intake_keys (created_at);

create function wheelhouse.derive_audit_checkpoint() returns trigger
language plpgsql set search_path = wheelhouse, pg_temp as $$
declare
  c jsonb := new.line::jsonb;
  newest audit_checkpoints;
begin
  new.number := (c ->> 'number')::bigint;
  new.seq := (c ->> 'seq')::bigint;
  new.hash := c ->> 'hash';
  new.key_id := c ->> 'keyId';
  select * into newest from audit_checkpoints p where p.org_id = new.org_id order by p.number desc limit 1;
  if (c ->> 'orgId')::uuid is distinct from new.org_id
    or new.number <> coalesce(newest.number, 0) + 1 or new.seq < coalesce(newest.seq, 0)
    or not exists (select from audit_chain l
      where l.org_id = new.org_id and l.seq = new.seq and encode(l.hash, 'hex') = new.hash) then
    raise exception 'the checkpoint does not follow the one before it on this chain' using errcode = 'check_violation';
  end if;
  return new;
end
$$;

-- `lock_audit_expiry`: holds and expiry of one organization wait for each other, so that none is missed.
create function wheelhouse.await_audit_expiry() returns trigger language plpgsql as $$
begin
  perform wheelhouse.lock_audit_expiry(new.org_id);
  return new;
end
$$;

create function wheelhouse.check_audit_expiration() returns trigger
language plpgsql set search_path = wheelhouse, pg_temp as $$
declare
  proof audit_checkpoints;
begin
  perform lock_audit_expiry(new.org_id);
  if exists (select from audit_legal_holds h where h.org_id = new.org_id and h.released_at is null) then
    raise exception 'a legal hold keeps the content of this organization' using errcode = 'WH001';
  end if;
  select p.* into proof from audit_checkpoints p
    join audit_chain l on l.org_id = p.org_id and l.seq = p.seq and encode(l.hash, 'hex') = p.hash
    where p.org_id = new.org_id and p.seq >= new.upto_seq order by p.seq, p.number limit 1;
  if not found then
    raise exception 'no signed checkpoint covers event %', new.upto_seq using errcode = 'WH002';
  end if;
  new.checkpoint_number := proof.number;
  return new;
end
$$;

create trigger derive before insert on wheelhouse.audit_checkpoints
  for each row execute function wheelhouse.derive_audit_checkpoint();
create trigger derive before insert on wheelhouse.audit_expirations
  for each row execute function wheelhouse.check_audit_expiration();
create trigger await_expiry before insert or update on wheelhouse.audit_legal_holds
  for each row execute function wheelhouse.await_audit_expiry();
do $$
declare
  relation regclass;
begin
  foreach relation in array array['wheelhouse.audit_checkpoints', 'wheelhouse.audit_expirations']::regclass[] loop
    execute format('create trigger refuse_change before update or delete on %s '
      'for each row execute function wheelhouse.refuse_audit_change()', relation);
    execute format('create trigger refuse_truncate before truncate on %s '
      'for each statement execute function wheelhouse.refuse_audit_change()', relation);
    execute format('alter table %s enable always trigger derive, enable always trigger refuse_change, '
      'enable always trigger refuse_truncate', relation);
  end loop;
  alter table wheelhouse.audit_legal_holds enable always trigger await_expiry;
end
$$;

select wheelhouse.own_by_organization(relation::regclass) from unnest(array[
  'wheelhouse.audit_checkpoints', 'wheelhouse.audit_sink_state', 'wheelhouse.audit_retention',
  'wheelhouse.audit_legal_holds', 'wheelhouse.audit_expirations', 'wheelhouse.audit_intake_keys'
]) as relation;
-- Expiry runs as the owner, and row-level security is forced on it too.
create policy by_expiry on wheelhouse.audit_events for select to wheelhouse_owner using (true);
create policy by_expiry_removal on wheelhouse.audit_events for delete to wheelhouse_owner using (true);
create policy by_expiry on wheelhouse.audit_checkpoints for select to wheelhouse_owner using (true);
create policy by_expiry on wheelhouse.audit_legal_holds for select to wheelhouse_owner using (true);
create policy by_expiry on wheelhouse.audit_expirations to wheelhouse_owner using (true) with check (true);
create policy by_search on wheelhouse.audit_expirations for select to wheelhouse_search using (true);

grant select on wheelhouse.audit_checkpoints, wheelhouse.audit_expirations, wheelhouse.audit_sink_state
  to wheelhouse_app, wheelhouse_system;
grant insert (org_id, line) on wheelhouse.audit_checkpoints to wheelhouse_system;
grant insert, update on wheelhouse.audit_sink_state to wheelhouse_system;
grant select, insert, update on wheelhouse.audit_retention, wheelhouse.audit_legal_holds
  to wheelhouse_app, wheelhouse_system;
grant select, insert on wheelhouse.audit_intake_keys to wheelhouse_app;
grant select, delete on wheelhouse.audit_intake_keys to wheelhouse_system;
grant select (org_id, upto_seq) on wheelhouse.audit_expirations to wheelhouse_search;

-- Counted along the chain, whose numbers have no gap and follow the commits: everything up to `seq` is counted, once.
create table wheelhouse.audit_rolled (
  org_id uuid primary key,
  seq bigint not null default 0
);
create table wheelhouse.audit_activity (
  org_id uuid not null,
  hour timestamptz not null,
  actor text not null,
  action text not null,
  outcome text not null,
  events int not null,
  primary key (org_id, hour, actor, action, outcome)
);
-- Actors, actions, outcomes and targets that occurred, with their latest names.
create table wheelhouse.audit_known (
  org_id uuid not null,
  kind text not null check (kind in ('actor', 'action', 'outcome', 'target')),
  value text not null,
  label text not null,
  detail text,
  events bigint not null,
  last_at timestamptz not null,
  primary key (org_id, kind, value)
);
create index audit_known_newest on wheelhouse.audit_known (org_id, kind, last_at desc);

create table wheelhouse.audit_views (
  id uuid primary key default wheelhouse.uuidv7(),
  org_id uuid not null references wheelhouse.organizations,
  owner_id text not null,
  owner_name text not null,
  name text not null check (length(name) between 1 and 80),
  shared boolean not null,
  filter jsonb not null,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now()
);
create unique index audit_views_own_name on wheelhouse.audit_views (org_id, owner_id, lower(name));

-- A review stores its events by id when it is opened, so that people sign exactly what they saw.
create table wheelhouse.audit_reviews (
  id uuid primary key default wheelhouse.uuidv7(),
  org_id uuid not null references wheelhouse.organizations,
  name text not null check (length(name) between 1 and 120),
  from_at timestamptz not null,
  to_at timestamptz not null,
  filter jsonb not null,
  view_name text,
  opened_by text not null,
  opened_by_name text not null,
  opened_at timestamptz not null default now(),
  -- End of the chain when the events were collected.
  covered_seq bigint not null,
  covered_hash text not null,
  signed_by text,
  signed_by_name text,
  signed_at timestamptz,
  comment text,
  not_reviewed int,
  check (from_at < to_at),
  check ((signed_at is null) = (signed_by is null))
);
create index audit_reviews_newest on wheelhouse.audit_reviews (org_id, opened_at desc, id desc);

create table wheelhouse.audit_review_items (
  review_id uuid not null references wheelhouse.audit_reviews,
  org_id uuid not null,
  audit_id uuid not null,
  seq bigint not null,
  recorded_at timestamptz not null,
  actor_id text,
  mark text check (mark in ('reviewed', 'flagged')),
  marked_by text,
  marked_by_name text,
  marked_at timestamptz,
  settled_by text,
  settled_by_name text,
  settled_at timestamptz,
  primary key (review_id, audit_id),
  check ((mark is null) = (marked_by is null)),
  check (settled_at is null or mark = 'flagged')
);
create index audit_review_items_place on wheelhouse.audit_review_items (review_id, seq desc);

create table wheelhouse.audit_review_comments (
  id uuid primary key default wheelhouse.uuidv7(),
  review_id uuid not null references wheelhouse.audit_reviews,
  org_id uuid not null,
  audit_id uuid not null,
  author_id text not null,
  author_name text not null,
  text text not null check (length(text) between 1 and 1000),
  created_at timestamptz not null default now(),
  foreign key (review_id, audit_id) references wheelhouse.audit_review_items
);
create index audit_review_comments_event on wheelhouse.audit_review_comments (review_id, audit_id, created_at);

select wheelhouse.own_by_organization(relation::regclass) from unnest(array[
  'wheelhouse.audit_rolled', 'wheelhouse.audit_activity', 'wheelhouse.audit_known', 'wheelhouse.audit_views',
  'wheelhouse.audit_reviews', 'wheelhouse.audit_review_items', 'wheelhouse.audit_review_comments'
]) as relation;
grant select on wheelhouse.audit_rolled, wheelhouse.audit_activity, wheelhouse.audit_known to wheelhouse_app;
grant select, insert, update, delete on wheelhouse.audit_rolled, wheelhouse.audit_activity, wheelhouse.audit_known
  to wheelhouse_system;
grant select, insert, update, delete on wheelhouse.audit_views to wheelhouse_app;
grant select, insert, update on wheelhouse.audit_reviews, wheelhouse.audit_review_items to wheelhouse_app;
grant select, insert on wheelhouse.audit_review_comments to wheelhouse_app;

-- Lines of exports: 256 events of an organization's chain, the newest first. Sealed events never change, so neither do
-- their lines; writing them again for each export takes five times as long as reading them (NDJSON), or fifteen times
-- for CSV. The blocks of an organization have no gap. They are a copy: an exported event is proved by its chain.
create table wheelhouse.audit_blocks (
  org_id uuid not null,
  -- Contains the events number * 256 + 1 to number * 256 + 256.
  number bigint not null check (number >= 0),
  first_at timestamptz not null,
  last_at timestamptz not null,
  ndjson text not null,
  csv text not null,
  primary key (org_id, number)
);
-- Four times as fast to read as the usual compression, if the server has it.
do $$
begin
  alter table wheelhouse.audit_blocks alter column ndjson set compression lz4, alter column csv set compression lz4;
exception when feature_not_supported then
  null;
end
$$;

create function wheelhouse.refuse_audit_block_change() returns trigger language plpgsql as $$
begin
  if tg_op = 'DELETE' and exists (
    select from wheelhouse.audit_expirations x where x.org_id = old.org_id and x.upto_seq > old.number * 256
  ) then
    return old;
  end if;
  raise exception 'the audit trail is append-only: % on % is refused', lower(tg_op), tg_table_name
    using errcode = 'insufficient_privilege';
end
$$;
create trigger refuse_change before update or delete on wheelhouse.audit_blocks
  for each row execute function wheelhouse.refuse_audit_block_change();
create trigger refuse_truncate before truncate on wheelhouse.audit_blocks
  for each statement execute function wheelhouse.refuse_audit_change();
alter table wheelhouse.audit_blocks enable always trigger refuse_change, enable always trigger refuse_truncate;

select wheelhouse.own_by_organization('wheelhouse.audit_blocks');
create policy by_building on wheelhouse.audit_blocks to wheelhouse_owner using (true) with check (true);
grant select on wheelhouse.audit_blocks to wheelhouse_app, wheelhouse_system;

reset role;
grant create on schema wheelhouse to wheelhouse_search;
set local role wheelhouse_search;
-- The application's changes to people must be in the trail (docs/decisions/0003): at COMMIT each changed row requires
-- an event of the same transaction by or about its person. Runs as wheelhouse_search, which sees every event; the
-- organization is the one of this transaction's event.
create function wheelhouse.demand_record() returns trigger
language plpgsql security definer set search_path = wheelhouse, pg_temp as $$
declare
  organization uuid := nullif(current_setting('wheelhouse.audit_organization', true), '')::uuid;
  changed jsonb := to_jsonb(case when tg_op = 'DELETE' then old else new end);
  person text := changed ->> (case when tg_table_name = 'users' then 'id' else 'user_id' end);
begin
  if not exists (
    select from audit_events e
    where e.org_id = organization and e.recorded_at = date_trunc('milliseconds', now())
      and e.xmin = pg_current_xact_id()::xid and (e.actor_id = person or person = any (e.target_keys))
  ) then
    raise exception 'a change to % without an event about the person is refused', tg_table_name
      using errcode = 'insufficient_privilege';
  end if;
  return null;
end
$$;
revoke all on function wheelhouse.demand_record() from public;
grant execute on function wheelhouse.demand_record() to wheelhouse_owner;
reset role;
revoke create on schema wheelhouse from wheelhouse_search;

set local role wheelhouse_owner;
-- A role that is also the owner runs the installation (migrations, the first administrator); the system role signs
-- nobody in and only records when a session was used.
do $$
declare
  relation text;
begin
  foreach relation in array array['users', 'memberships', 'sessions', 'oidc_identities'] loop
    execute format(
      'create constraint trigger demand_record after insert or update or delete on wheelhouse.%I '
      'deferrable initially deferred for each row '
      'when (pg_has_role(current_user, ''wheelhouse_app'', ''usage'') '
      'and not pg_has_role(current_user, ''wheelhouse_owner'', ''usage'')) '
      'execute function wheelhouse.demand_record()', relation);
  end loop;
end
$$;
reset role;
