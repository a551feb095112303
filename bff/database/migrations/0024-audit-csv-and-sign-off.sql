-- The CSV of a block gets more columns. It is written anew from the events, block by block, after this migration: a
-- block without it is left out when a CSV is exported, so that no file mixes the former and the new columns.
set local role wheelhouse_owner;

alter table wheelhouse.audit_blocks drop column csv;
alter table wheelhouse.audit_blocks add column csv_rows text;
do $$
begin
  alter table wheelhouse.audit_blocks alter column csv_rows set compression lz4;
exception when feature_not_supported then
  null;
end
$$;
create index audit_blocks_csv on wheelhouse.audit_blocks (org_id, number) where csv_rows is null;

-- What is missing may be added once; nothing that is there changes.
create or replace function wheelhouse.refuse_audit_block_change() returns trigger language plpgsql as $$
begin
  if tg_op = 'DELETE' and exists (
    select from wheelhouse.audit_expirations x where x.org_id = old.org_id and x.upto_seq > old.number * 256
  ) then
    return old;
  end if;
  if tg_op = 'UPDATE' and old.csv_rows is null and new.csv_rows is not null then
    old.csv_rows := new.csv_rows;
    if old is not distinct from new then
      return new;
    end if;
  end if;
  raise exception 'the audit trail is append-only: % on % is refused', lower(tg_op), tg_table_name
    using errcode = 'insufficient_privilege';
end
$$;

-- How many reviewed events come from accounts that are close to their reviewer; null where it was not recorded.
alter table wheelhouse.audit_reviews add column same_inviter int, add column same_address int;

reset role;
