set local role wheelhouse_search;

-- One lexeme of a tsquery, quoted.
create or replace function wheelhouse.audit_lexeme(word text) returns text language sql immutable strict parallel safe as $$
  select '''' || replace(replace(word, '\', '\\'), '''', '''''') || ''''
$$;
