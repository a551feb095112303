-- Lines of the former columns, for processes of the former version during a rolling upgrade; the next release drops it.
create or replace function wheelhouse.audit_csv_line(seq bigint, hash bytea, content text) returns text
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
