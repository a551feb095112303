set local role wheelhouse_search;

-- Causes whose message holds a text, whatever its case, in these organizations; at most `most`. There are few of them beside
-- the jobs that failed. Restricts to the transaction's organizations by itself.
create or replace function wheelhouse.find_indexed_causes(organizations uuid[], asked text, most int)
returns table (id bigint)
language plpgsql stable security definer rows 50 set search_path = wheelhouse, pg_temp
set plan_cache_mode = force_generic_plan set jit = off as $$
#variable_conflict use_column
declare
  visible constant uuid[] := array(select unnest(organizations) intersect select unnest(current_organizations()));
  pattern constant text := '%' || replace(replace(replace(asked, '\', '\\'), '%', '\%'), '_', '\_') || '%';
begin
  return query
    select c.id from indexed_causes c where c.org_id = any (visible) and c.message ilike pattern limit most;
end
$$;
revoke all on function wheelhouse.find_indexed_causes(uuid[], text, int) from public;
grant execute on function wheelhouse.find_indexed_causes(uuid[], text, int) to wheelhouse_app;
