-- Where each line of a block's CSV ends, so that a filtered export picks lines instead of making them anew. Blocks that
-- exist get theirs from the builder; until then, filtered exports make the lines.
set local role wheelhouse_owner;

alter table wheelhouse.audit_blocks add column csv_ends int[];
alter table wheelhouse.audit_blocks add constraint audit_blocks_csv_ends_check
  check (csv_ends is null or (csv_rows is not null and csv_ends[256] = octet_length(csv_rows)));
drop index wheelhouse.audit_blocks_csv;
create index audit_blocks_csv on wheelhouse.audit_blocks (org_id, number) where csv_ends is null;

-- What is missing may be added once; nothing that is there changes.
create or replace function wheelhouse.refuse_audit_block_change() returns trigger language plpgsql as $$
begin
  if tg_op = 'DELETE' and exists (
    select from wheelhouse.audit_expirations x where x.org_id = old.org_id and x.upto_seq > old.number * 256
  ) then
    return old;
  end if;
  if tg_op = 'UPDATE' and old.csv_ends is null then
    old.csv_rows := coalesce(old.csv_rows, new.csv_rows);
    old.csv_ends := new.csv_ends;
    if old is not distinct from new then
      return new;
    end if;
  end if;
  raise exception 'the audit trail is append-only: % on % is refused', lower(tg_op), tg_table_name
    using errcode = 'insufficient_privilege';
end
$$;

reset role;
