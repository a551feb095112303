-- Prefixes cells that a spreadsheet would read as a formula with an apostrophe, including full-width signs.
create or replace function wheelhouse.audit_csv_cell(cell text) returns text language sql immutable parallel safe as $$
  select coalesce(',"' || case when ascii(cell) in (61, 43, 45, 64, 9, 10, 13, 65309, 65291, 65293, 65312) then '''' else '' end
    || replace(cell, '"', '""') || '"', ',')
$$;
