set local role wheelhouse_search;

-- Whether a job's data and error have all required terms, and one of each list of alternatives that is not empty.
create or replace function wheelhouse.has_indexed_terms(
  at timestamptz, data_no bigint, error_no bigint, required bigint[], either_1 bigint[], either_2 bigint[], either_3 bigint[]
) returns boolean
language plpgsql stable set search_path = wheelhouse, pg_temp set plan_cache_mode = force_generic_plan
set enable_seqscan = off set jit = off as $$
declare
  found bigint[];
begin
  found := coalesce((select t.terms from indexed_job_terms t where t.added_at = at and t.no = data_no), '{}');
  if error_no is not null then
    found := found || coalesce((select t.terms from indexed_job_terms t where t.added_at = at and t.no = error_no), '{}');
  end if;
  return found @> required and (cardinality(either_1) = 0 or found && either_1)
    and (cardinality(either_2) = 0 or found && either_2) and (cardinality(either_3) = 0 or found && either_3);
end
$$;
revoke all on function wheelhouse.has_indexed_terms(
  timestamptz, bigint, bigint, bigint[], bigint[], bigint[], bigint[]) from public;
