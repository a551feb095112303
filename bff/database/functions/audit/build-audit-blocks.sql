-- Builds up to this many blocks of the organization after the last one, once all of their events are sealed; returns
-- how many. Fails if an event of a block is missing.
create or replace function wheelhouse.build_audit_blocks(organization uuid, max_blocks int) returns int
language plpgsql security definer set search_path = wheelhouse, pg_temp set work_mem = '64MB'
-- Reads the whole range; looking its rows up one by one takes three times as long.
set enable_nestloop = off set jit = off as $$
declare
  from_number bigint;
  to_number bigint;
  from_at timestamptz;
  to_at timestamptz;
  made int;
begin
  perform lock_audit_expiry(organization);
  -- A block with expired content is not built.
  from_number := greatest(
    (select max(b.number) + 1 from audit_blocks b where b.org_id = organization),
    (select (max(x.upto_seq) + 255) / 256 from audit_expirations x where x.org_id = organization), 0);
  to_number := least((select h.seq / 256 from audit_heads h where h.org_id = organization), from_number + max_blocks);
  if to_number is null or to_number <= from_number then return 0; end if;
  -- Finds the partitions.
  select min(c.recorded_at), max(c.recorded_at) into from_at, to_at from audit_chain c
    where c.org_id = organization and c.seq > from_number * 256 and c.seq <= to_number * 256;
  insert into audit_blocks (org_id, number, first_at, last_at, ndjson, csv_rows, csv_ends)
    with lines as materialized (
      select c.seq, (c.seq - 1) / 256 as number, e.recorded_at, audit_csv_row(c.seq, c.hash, e.content) as csv,
        audit_ndjson_line(c.seq, c.prev, c.hash, e.content) as ndjson
      from audit_chain c join audit_events e on e.id = c.audit_id and e.org_id = c.org_id
      where c.org_id = organization and c.seq > from_number * 256 and c.seq <= to_number * 256
        and e.recorded_at between from_at and to_at)
    select organization, number, min(recorded_at), max(recorded_at), string_agg(ndjson, '' order by seq desc),
      string_agg(csv, '' order by seq desc), array_agg(csv_end order by seq desc)
    from (select *, (sum(octet_length(csv)) over (partition by number order by seq desc))::int as csv_end from lines) l
    group by number having count(*) = 256;
  get diagnostics made = row_count;
  if made <> to_number - from_number then
    raise exception '% of % blocks of organization % from event % on lack events', to_number - from_number - made,
      to_number - from_number, organization, from_number * 256 + 1 using errcode = 'data_corrupted';
  end if;
  return made;
end
$$;
revoke all on function wheelhouse.build_audit_blocks(uuid, int) from public;
grant execute on function wheelhouse.build_audit_blocks(uuid, int) to wheelhouse_system;
