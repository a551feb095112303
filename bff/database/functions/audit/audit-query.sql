set local role wheelhouse_search;

-- The filter as a tsquery over audit_words, null if none of it is in the index.
create or replace function wheelhouse.audit_query(filter jsonb, org uuid) returns tsquery
language plpgsql immutable parallel safe as $$
declare
  mark text := right(org::text, 6);
  parts text[] := '{}';
  wanted record;
  word text;
begin
  for wanted in
    select k.letter, string_agg(audit_lexeme(mark || k.letter || left(v.value, 300)), ' | ') as any_of
    from (values ('a', 'actors'), ('x', 'actions'), ('c', 'classes'), ('o', 'outcomes'), ('t', 'targets'), ('h', 'slots'))
      as k (letter, name)
    cross join lateral jsonb_array_elements_text(filter -> k.name) v
    -- Success is not in the index, because nearly everything succeeds.
    where filter ? k.name and not (k.name = 'outcomes' and filter -> 'outcomes' ? 'success')
    group by k.letter
  loop
    parts := parts || ('(' || wanted.any_of || ')');
  end loop;
  for word in select w from regexp_split_to_table(lower(filter ->> 'q'), '[^[:alnum:]]+') w where w <> '' loop
    parts := parts || (audit_lexeme(mark || 'w' || left(word, 60)) || ':*');
  end loop;
  return case when parts = '{}' then null else array_to_string(parts, ' & ')::tsquery end;
end
$$;
