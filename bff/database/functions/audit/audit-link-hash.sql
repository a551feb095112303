-- Prefixes every field with its length, so that no two different events have the same bytes.
create or replace function wheelhouse.audit_link_hash(org_id uuid, seq bigint, audit_id uuid, content_hash bytea, prev bytea)
returns bytea language sql immutable strict parallel safe as $$
  select sha256(string_agg(int4send(octet_length(part)) || part, ''::bytea order by place))
  from unnest(array[
    convert_to('wheelhouse-audit-1', 'UTF8'), convert_to(org_id::text, 'UTF8'), convert_to(seq::text, 'UTF8'),
    convert_to(audit_id::text, 'UTF8'), content_hash, prev
  ]) with ordinality as parts (part, place)
$$;
