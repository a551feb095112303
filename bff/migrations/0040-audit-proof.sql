-- What proves the trail from outside, and what lets content go:
--   audit_checkpoints   signed ends of chains, numbered per organization; appended by wheelhouse_system, read by app
--   audit_sink_state    how far each sink has received them
--   audit_legal_holds   one that is not released keeps all content of its organization
--   audit_retention     how many days an organization keeps content; no row: without end
--   audit_expirations   up to which event content was let go, under which checkpoint; written by audit_expire alone
--   audit_intake_keys   idempotency keys of events that platforms reported
-- `audit_expire(org, upto_seq)` removes content and keeps the chain. The application calls it as wheelhouse_system
-- in the transaction that records `audit.content.expire`, without which verification does not accept the gap.
set local role wheelhouse_owner;

-- `webhooks` of `webhooks.source.create`, `app` of an act that a platform reported, `audit` of a refused `audit:read`.
alter table wheelhouse.audit_events add column class text not null
  generated always as (split_part(split_part(action, '.', 1), ':', 1)) stored;

-- `line` is what was signed together with its signature (shared/src/audit-proof.ts); the rest is derived from it.
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
  -- Id of the token or person that reported.
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

-- Holds and expiry of one organization wait for each other, so that none is overlooked.
create function wheelhouse.lock_audit_expiry(org_id uuid) returns void
language sql volatile security definer set search_path = wheelhouse, pg_temp as $$
  select pg_advisory_xact_lock(hashtextextended('wheelhouse.audit_expiry:' || org_id, 0))
$$;

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

-- As before, but content that was declared expired may go.
create or replace function wheelhouse.refuse_audit_change() returns trigger language plpgsql as $$
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

-- Removes the content of the organization's events up to this number, at most 50 000 of them in one call.
-- Returns the number up to which content is gone now. Refuses with WH001 under a legal hold, with WH002 when no
-- signed checkpoint covers the events.
create function wheelhouse.audit_expire(org uuid, upto_seq bigint) returns bigint
language plpgsql security definer set search_path = wheelhouse, pg_temp as $$
declare
  expired_to bigint;
  reach bigint;
begin
  perform lock_audit_expiry(org);
  select coalesce(max(x.upto_seq), 0) into expired_to from audit_expirations x where x.org_id = org;
  reach := least(audit_expire.upto_seq, expired_to + 50000);
  if reach <= expired_to then
    return expired_to;
  end if;
  insert into audit_expirations (org_id, upto_seq, checkpoint_number) values (org, reach, 0);
  delete from audit_events e using audit_chain l
    where l.org_id = org and l.seq > expired_to and l.seq <= reach
      and e.id = l.audit_id and e.recorded_at = l.recorded_at;
  return reach;
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
-- Expiry acts as the owner, and row-level security is forced on it too.
create policy by_expiry on wheelhouse.audit_events for select to wheelhouse_owner using (true);
create policy by_expiry_removal on wheelhouse.audit_events for delete to wheelhouse_owner using (true);
create policy by_expiry on wheelhouse.audit_checkpoints for select to wheelhouse_owner using (true);
create policy by_expiry on wheelhouse.audit_legal_holds for select to wheelhouse_owner using (true);
create policy by_expiry on wheelhouse.audit_expirations to wheelhouse_owner using (true) with check (true);

grant select on wheelhouse.audit_checkpoints, wheelhouse.audit_expirations, wheelhouse.audit_sink_state
  to wheelhouse_app, wheelhouse_system;
grant insert (org_id, line) on wheelhouse.audit_checkpoints to wheelhouse_system;
grant insert, update on wheelhouse.audit_sink_state to wheelhouse_system;
grant select, insert, update on wheelhouse.audit_retention, wheelhouse.audit_legal_holds
  to wheelhouse_app, wheelhouse_system;
grant select, insert on wheelhouse.audit_intake_keys to wheelhouse_app;
grant select, delete on wheelhouse.audit_intake_keys to wheelhouse_system;
revoke all on function wheelhouse.audit_expire(uuid, bigint) from public;
revoke all on function wheelhouse.lock_audit_expiry(uuid) from public;
grant execute on function wheelhouse.audit_expire(uuid, bigint) to wheelhouse_system;
grant execute on function wheelhouse.lock_audit_expiry(uuid) to wheelhouse_app, wheelhouse_system;
reset role;
