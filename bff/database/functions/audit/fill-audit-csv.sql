-- Writes the CSV and the ends of its lines of up to this many blocks of the organization that lack them, newest first, so
-- that the blocks that have them stay without a gap; returns how many. Fails if an event of a block is missing.
create or replace function wheelhouse.fill_audit_csv(organization uuid, max_blocks int) returns int
language plpgsql security definer set search_path = wheelhouse, pg_temp set work_mem = '64MB'
set enable_nestloop = off set jit = off as $$
declare
  numbers bigint[];
  from_at timestamptz;
  to_at timestamptz;
  made int;
begin
  perform lock_audit_expiry(organization);
  select array_agg(b.number), min(b.first_at), max(b.last_at) into numbers, from_at, to_at from (
    select number, first_at, last_at from audit_blocks
    where org_id = organization and csv_ends is null order by number desc limit max_blocks) b;
  if numbers is null then return 0; end if;
  with lines as materialized (
    select c.seq, (c.seq - 1) / 256 as number, audit_csv_row(c.seq, c.hash, e.content) as csv
    from audit_chain c join audit_events e on e.id = c.audit_id and e.org_id = c.org_id
    where c.org_id = organization and e.recorded_at between from_at and to_at
      and c.seq > (select min(n) from unnest(numbers) n) * 256 and c.seq <= (select max(n) + 1 from unnest(numbers) n) * 256)
  update audit_blocks b set csv_rows = coalesce(b.csv_rows, l.csv), csv_ends = l.ends
  from (
    select number, string_agg(csv, '' order by seq desc) as csv, array_agg(csv_end order by seq desc) as ends
    from (select *, (sum(octet_length(csv)) over (partition by number order by seq desc))::int as csv_end from lines) r
    group by number having count(*) = 256) l
  where b.org_id = organization and b.number = l.number and b.csv_ends is null;
  get diagnostics made = row_count;
  if made <> cardinality(numbers) then
    raise exception '% of % blocks of organization % lack events', cardinality(numbers) - made, cardinality(numbers),
      organization using errcode = 'data_corrupted';
  end if;
  return made;
end
$$;
revoke all on function wheelhouse.fill_audit_csv(uuid, int) from public;
grant execute on function wheelhouse.fill_audit_csv(uuid, int) to wheelhouse_system;
