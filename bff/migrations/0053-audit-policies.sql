-- The organizations of a transaction are asked for once per statement on the tables that are read by the ten thousand;
-- the general policy parses them for each row, which takes longer than reading it.
set local role wheelhouse_owner;
do $$
declare
  relation regclass;
begin
  foreach relation in array array['wheelhouse.audit_events', 'wheelhouse.audit_chain']::regclass[] loop
    execute format('alter policy by_organization on %s '
      'using (org_id = any ((select wheelhouse.current_organizations())::uuid[])) '
      'with check (org_id = any (wheelhouse.current_organizations()))', relation);
  end loop;
end
$$;
reset role;
