-- Lines of exports, made once. What is sealed never changes, so neither do its lines; joining, sorting and writing them
-- again for each export takes five times as long as handing them out (NDJSON), fifteen times for CSV.
set local role wheelhouse_owner;

-- 256 events of an organization's chain, the newest first, as an export writes them. The blocks of an organization have
-- no gap. They are a copy: what proves an exported event is its chain, which the reader checks for himself.
create table wheelhouse.audit_blocks (
  org_id uuid not null,
  -- Holds the events number * 256 + 1 to number * 256 + 256.
  number bigint not null check (number >= 0),
  first_at timestamptz not null,
  last_at timestamptz not null,
  ndjson text not null,
  csv text not null,
  primary key (org_id, number)
);
-- Four times as quick to read as the usual compression, where the server has it.
do $$
begin
  alter table wheelhouse.audit_blocks alter column ndjson set compression lz4, alter column csv set compression lz4;
exception when feature_not_supported then
  null;
end
$$;

-- Keys in the order of `exportedAuditLine`; the content is JSON already, and goes out as it is stored.
create function wheelhouse.audit_ndjson_line(seq bigint, prev bytea, hash bytea, content text) returns text
language sql immutable parallel safe as $$
  select '{"seq":' || seq::text || ',"prev":"' || encode(prev, 'hex') || '","hash":"' || encode(hash, 'hex')
    || '","content":' || content || E'}\n'
$$;

-- What a spreadsheet would take for a formula gets an apostrophe in front, also with full-width signs.
create function wheelhouse.audit_csv_cell(cell text) returns text language sql immutable parallel safe as $$
  select coalesce(',"' || case when ascii(cell) in (61, 43, 45, 64, 9, 10, 13, 65309, 65291, 65293, 65312) then '''' else '' end
    || replace(cell, '"', '""') || '"', ',')
$$;

-- Cells in the order of `csvColumns` (audit-export-copy.ts). Ids, times and hashes need no quotes.
create function wheelhouse.audit_csv_line(seq bigint, hash bytea, content text) returns text
language plpgsql immutable parallel safe as $$
declare
  c jsonb := content::jsonb;
  actor jsonb := c -> 'actor';
  targets text := case when jsonb_array_length(c -> 'targets') = 1 then c #>> '{targets,0,name}'
    else (select string_agg(t ->> 'name', ', ') from jsonb_array_elements(c -> 'targets') t) end;
begin
  return seq::text || ',' || (c ->> 'recordedAt')
    || wheelhouse.audit_csv_cell(c #>> '{organization,name}') || wheelhouse.audit_csv_cell(actor ->> 'display')
    || wheelhouse.audit_csv_cell(actor ->> 'type') || wheelhouse.audit_csv_cell(actor ->> 'id') || wheelhouse.audit_csv_cell(actor ->> 'authMethod')
    || wheelhouse.audit_csv_cell(c ->> 'action') || ',' || (c ->> 'outcome')
    || wheelhouse.audit_csv_cell(targets) || wheelhouse.audit_csv_cell(c ->> 'reason')
    || wheelhouse.audit_csv_cell(c ->> 'before') || wheelhouse.audit_csv_cell(c ->> 'after')
    || wheelhouse.audit_csv_cell(c ->> 'address') || wheelhouse.audit_csv_cell(c ->> 'requestId')
    || ',' || (c ->> 'id') || ',' || encode(hash, 'hex') || E'\n';
end
$$;

-- Makes up to so many blocks of the organization, those after the last one, once all of their events are sealed; returns
-- how many. Fails when an event of a block is missing.
create function wheelhouse.build_audit_blocks(organization uuid, max_blocks int) returns int
language plpgsql security definer set search_path = wheelhouse, pg_temp set work_mem = '64MB'
-- A range is read whole; looking its rows up one by one takes three times as long.
set enable_nestloop = off set jit = off as $$
declare
  from_number bigint;
  to_number bigint;
  from_at timestamptz;
  to_at timestamptz;
  made int;
begin
  perform lock_audit_expiry(organization);
  -- What has expired in part is no block.
  from_number := greatest(
    (select max(b.number) + 1 from audit_blocks b where b.org_id = organization),
    (select (max(x.upto_seq) + 255) / 256 from audit_expirations x where x.org_id = organization), 0);
  to_number := least((select h.seq / 256 from audit_heads h where h.org_id = organization), from_number + max_blocks);
  if to_number is null or to_number <= from_number then return 0; end if;
  -- Finds the partitions.
  select min(c.recorded_at), max(c.recorded_at) into from_at, to_at from audit_chain c
    where c.org_id = organization and c.seq > from_number * 256 and c.seq <= to_number * 256;
  insert into audit_blocks (org_id, number, first_at, last_at, ndjson, csv)
    select organization, (c.seq - 1) / 256, min(e.recorded_at), max(e.recorded_at),
      string_agg(audit_ndjson_line(c.seq, c.prev, c.hash, e.content), '' order by c.seq desc),
      string_agg(audit_csv_line(c.seq, c.hash, e.content), '' order by c.seq desc)
    from audit_chain c join audit_events e on e.id = c.audit_id and e.org_id = c.org_id
    where c.org_id = organization and c.seq > from_number * 256 and c.seq <= to_number * 256
      and e.recorded_at between from_at and to_at
    group by (c.seq - 1) / 256 having count(*) = 256;
  get diagnostics made = row_count;
  if made <> to_number - from_number then
    raise exception '% of % blocks of organization % from event % on lack events', to_number - from_number - made,
      to_number - from_number, organization, from_number * 256 + 1 using errcode = 'data_corrupted';
  end if;
  return made;
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

-- As before, and with the content go the lines that were made of it.
create or replace function wheelhouse.audit_expire(org uuid, upto_seq bigint) returns bigint
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
  delete from audit_blocks b where b.org_id = org and b.number * 256 < reach;
  delete from audit_events e using audit_chain l
    where l.org_id = org and l.seq > expired_to and l.seq <= reach
      and e.id = l.audit_id and e.recorded_at = l.recorded_at;
  return reach;
end
$$;

select wheelhouse.own_by_organization('wheelhouse.audit_blocks');
create policy by_building on wheelhouse.audit_blocks to wheelhouse_owner using (true) with check (true);
grant select on wheelhouse.audit_blocks to wheelhouse_app, wheelhouse_system;
revoke all on function wheelhouse.build_audit_blocks(uuid, int) from public;
grant execute on function wheelhouse.build_audit_blocks(uuid, int) to wheelhouse_system;
reset role;
