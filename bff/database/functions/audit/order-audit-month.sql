-- Rewrites the oldest unordered month that ended at least two days ago; returns its partition, or null if there is none
-- left. Readers continue meanwhile; only the exchange of tables at the end needs a moment without them, which it
-- requests in short attempts, so that nobody waits for a long reader (an export). Every rewritten event must match its
-- link before the former table is dropped: altered events stay as they are, and the call fails.
create or replace function wheelhouse.order_audit_month() returns text
language plpgsql security definer set search_path = wheelhouse, pg_temp set maintenance_work_mem = '256MB'
set work_mem = '256MB'
-- Reads the whole month block by block and sorts it, instead of row by row through an index.
set enable_indexscan = off set enable_bitmapscan = off as $$
declare
  month record;
  ends text;
  old regclass;
  old_name text;
  new_name text;
  bounds text;
  columns text;
  statement text;
  moved bigint;
  matching bigint;
begin
  perform pg_advisory_xact_lock(hashtext('wheelhouse.audit_partitions'));
  for month in
    select c.oid::regclass as relation, c.relname::text as name, pg_get_expr(c.relpartbound, c.oid) as bounds,
      -- Marked by `alter table … cluster on`.
      exists (select from pg_index x where x.indrelid = c.oid and x.indisclustered) as is_ordered
    from pg_inherits i join pg_class c on c.oid = i.inhrelid
    where i.inhparent = 'audit_events'::regclass order by c.relname
  loop
    ends := (regexp_match(month.bounds, 'TO \((.*)\)$'))[1];
    exit when trim(ends, '''')::timestamptz > now() - interval '2 days';
    continue when month.is_ordered;
    old := month.relation;
    old_name := month.name;
    bounds := month.bounds;
    exit;
  end loop;
  if old is null then return null; end if;
  new_name := old_name || '_ordered';
  -- Nobody adds to a past month; expiry waits.
  execute format('lock table %s in share row exclusive mode', old);

  execute format('create table %I (like audit_events including defaults including constraints including generated)', new_name);
  -- Saves another scan of the new table when it is attached.
  execute format('alter table %I add constraint bounds check (recorded_at is not null and recorded_at >= %s and recorded_at < %s)',
    new_name, (regexp_match(bounds, 'FROM \((.*)\) TO'))[1], ends);
  select string_agg(quote_ident(attname), ', ' order by attnum) into columns
    from pg_attribute where attrelid = 'audit_events'::regclass and attnum > 0 and not attisdropped and attgenerated = '';
  execute format('insert into %I (%s) select %2$s from %s order by org_id, recorded_at desc, id desc', new_name, columns, old);
  get diagnostics moved = row_count;
  execute format('select count(*) from %I e join audit_chain c on c.org_id = e.org_id and c.audit_id = e.id '
    'where c.content_hash = sha256(convert_to(e.content, ''UTF8''))', new_name) into matching;
  if matching <> moved then
    raise exception '% of % events of % do not match their links; the month is left as it is', moved - matching, moved, old_name
      using errcode = 'data_corrupted';
  end if;
  for statement in
    select regexp_replace(pg_get_indexdef(x.indexrelid), '^CREATE INDEX \S+ ON ONLY \S+ ', format('create index on %I ', new_name))
      from pg_index x where x.indrelid = 'audit_events'::regclass and not x.indisunique
  loop
    execute statement;
  end loop;
  execute format('alter table %I add primary key (id, recorded_at)', new_name);
  execute format('analyze %I', new_name);

  perform set_config('lock_timeout', '250ms', true);
  for attempt in 1 .. 60 loop
    begin
      lock table audit_events in access exclusive mode;
      exit;
    exception when lock_not_available then
      if attempt = 60 then raise; end if;
      perform pg_sleep(1);
    end;
  end loop;
  execute format('alter table audit_events detach partition %s', old);
  execute format('drop table %s', old);
  execute format('alter table %I rename to %I', new_name, old_name);
  execute format('alter table audit_events attach partition %I %s', old_name, bounds);
  execute format('alter table %I drop constraint bounds', old_name);
  execute format('create trigger refuse_truncate before truncate on %I '
    'for each statement execute function refuse_audit_change()', old_name);
  execute format('alter table %1$I enable always trigger derive, enable always trigger seal, '
    'enable always trigger refuse_change, enable always trigger refuse_truncate', old_name);
  execute (select format('alter table %I cluster on %I', old_name, i.relname)
    from pg_index x join pg_class i on i.oid = x.indexrelid join pg_inherits h on h.inhrelid = i.oid
    where x.indrelid = to_regclass(old_name) and h.inhparent = 'audit_events_newest'::regclass);
  return old_name;
end
$$;
revoke all on function wheelhouse.order_audit_month() from public;
grant execute on function wheelhouse.order_audit_month() to wheelhouse_system;
