-- Keys in the order of `exportedAuditLine`; the content is already JSON and is sent as it is stored.
create or replace function wheelhouse.audit_ndjson_line(seq bigint, prev bytea, hash bytea, content text) returns text
language sql immutable parallel safe as $$
  select '{"seq":' || seq::text || ',"prev":"' || encode(prev, 'hex') || '","hash":"' || encode(hash, 'hex')
    || '","content":' || content || E'}\n'
$$;
