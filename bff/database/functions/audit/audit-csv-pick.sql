-- The lines of a block's CSV at these places, in this order; 1 is the block's newest event. Cuts bytes, because to find
-- a character of a text means reading all before it.
create or replace function wheelhouse.audit_csv_pick(csv_rows text, csv_ends int[], places int[]) returns bytea
language plpgsql immutable parallel safe as $$
declare
  bytes bytea := convert_to(csv_rows, 'UTF8');
begin
  if cardinality(places) = cardinality(csv_ends) then return bytes; end if;
  return (
    select string_agg(substr(bytes, coalesce(csv_ends[place - 1], 0) + 1, csv_ends[place] - coalesce(csv_ends[place - 1], 0)),
      ''::bytea order by place)
    from unnest(places) place);
end
$$;
