-- Cells in the order of `csvColumns` (export/copy.ts). Ids, times and hashes need no quotes.
create or replace function wheelhouse.audit_csv_row(seq bigint, hash bytea, content text) returns text
language plpgsql immutable parallel safe as $$
declare
  c jsonb := content::jsonb;
  actor jsonb := c -> 'actor';
  target_names text;
  target_ids text;
begin
  if jsonb_array_length(c -> 'targets') = 1 then
    target_names := c #>> '{targets,0,name}';
    target_ids := c #>> '{targets,0,id}';
  else
    select string_agg(t ->> 'name', ', '), string_agg(t ->> 'id', ', ') into target_names, target_ids
      from jsonb_array_elements(c -> 'targets') t;
  end if;
  return seq::text || ',' || (c ->> 'recordedAt')
    || wheelhouse.audit_csv_cell(c #>> '{organization,name}') || wheelhouse.audit_csv_cell(actor ->> 'display')
    || wheelhouse.audit_csv_cell(actor ->> 'type') || wheelhouse.audit_csv_cell(actor ->> 'id') || wheelhouse.audit_csv_cell(actor ->> 'authMethod')
    || wheelhouse.audit_csv_cell(c ->> 'action') || ',' || (c ->> 'outcome')
    || wheelhouse.audit_csv_cell(target_names) || wheelhouse.audit_csv_cell(target_ids) || wheelhouse.audit_csv_cell(c ->> 'reason')
    || wheelhouse.audit_csv_cell(c ->> 'before') || wheelhouse.audit_csv_cell(c ->> 'after')
    || wheelhouse.audit_csv_cell(c ->> 'address') || wheelhouse.audit_csv_cell(c ->> 'userAgent')
    || wheelhouse.audit_csv_cell(c ->> 'requestId')
    || ',' || (c ->> 'id') || ',' || encode(hash, 'hex') || E'\n';
end
$$;
