-- Events of these organizations, newest first, by one index that has them in order: `walked` is the column of that
-- index (actor_id, action, outcome) with the values `wanted`, or null for all events, of which `outcomes` may leave
-- some out. From `from_at` until before `to_at`, after the place (before_at, before_id), at most `max_rows`. Content on
-- demand. The caller's row-level security applies.
create or replace function wheelhouse.browse_audit(
  organizations uuid[], walked text, wanted text[], outcomes text[], from_at timestamptz, to_at timestamptz,
  before_at timestamptz, before_id uuid, max_rows int, with_content boolean
) returns table (id uuid, recorded_at timestamptz, content text)
language plpgsql stable rows 100 set search_path = wheelhouse, pg_temp set max_parallel_workers_per_gather = 0 as $$
declare
  begins timestamptz := greatest(audit_begins(organizations), from_at);
  -- Includes events of transactions that began slightly ahead of this clock.
  until_at timestamptz := least(before_at + interval '1 millisecond', to_at, now() + interval '1 day');
  since_at timestamptz := date_trunc('month', until_at - interval '1 microsecond', 'UTC');
  months int := 1;
  left_over int := max_rows;
  got int;
  of_one constant text := 'select e.id, e.recorded_at, ' || case when with_content then 'e.content' else 'null::text' end
    || ' from wheelhouse.audit_events e where e.org_id = %s and e.recorded_at >= $5 and e.recorded_at < $6'
    || case when before_at is not null then ' and (e.recorded_at, e.id) < ($7, $8)' else '' end
    || case when walked is not null then format(' and e.%I = %%s', walked) else '' end
    -- Must match the condition of the index over refused actions word for word.
    || case when walked = 'outcome' then ' and e.outcome <> ''success''' else '' end
    || case when outcomes is not null then ' and e.outcome = any ($4)' else '' end
    || ' order by e.recorded_at desc, e.id desc limit $9';
  statement text := case
    when cardinality(organizations) = 1 and coalesce(cardinality(wanted), 1) = 1 then format(of_one, '$1', '$2')
    else 'select m.* from unnest($10) as o (org_id) cross join unnest($3) as v (value) cross join lateral ('
      || format(of_one, 'o.org_id', 'v.value') || ') m order by m.recorded_at desc, m.id desc limit $9' end;
begin
  while until_at > begins and left_over > 0 loop
    return query execute statement using organizations[1], wanted[1], coalesce(wanted, '{all}'), outcomes,
      greatest(since_at, begins), until_at, before_at, before_id, left_over, organizations;
    get diagnostics got = row_count;
    left_over := left_over - got;
    until_at := since_at;
    since_at := (since_at at time zone 'UTC' - make_interval(months => months)) at time zone 'UTC';
    months := least(months * 2, 12);
  end loop;
end
$$;
revoke all on function wheelhouse.browse_audit(
  uuid[], text, text[], text[], timestamptz, timestamptz, timestamptz, uuid, int, boolean) from public;
grant execute on function wheelhouse.browse_audit(
  uuid[], text, text[], text[], timestamptz, timestamptz, timestamptz, uuid, int, boolean) to wheelhouse_app;
