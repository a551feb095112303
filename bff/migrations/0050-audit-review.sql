-- What reading the trail stands on:
--   audit_words, find_audit   one inverted index for text, targets, hours of the week and every mixture of filters
--   audit_activity, audit_known, audit_rolled   what happened per hour and which values exist, counted along the chain
--   audit_views, audit_reviews, audit_review_items, audit_review_comments   saved filters and sign-off
set local role wheelhouse_owner;

-- The words of an event, each behind the last six digits of its organization's id: a search within one organization
-- reads that organization's part of the index alone, also by prefix. `w` words, `t` targets, `a` actors, `x` actions,
-- `c` classes, `o` outcomes other than success, `h` day and hour of the week in UTC.
create function wheelhouse.audit_words(
  org_id uuid, recorded_at timestamptz, action text, outcome text, actor_id text, actor_display text,
  target_keys text[], search_text text
) returns tsvector language sql immutable parallel safe cost 5000 as $$
  select array_to_tsvector(array_agg(distinct right(org_id::text, 6) || word))
  from (
    select 'w' || left(w, 60) from regexp_split_to_table(lower(search_text), '[^[:alnum:]]+') w where w <> ''
    union all select 't' || left(t, 300) from unnest(target_keys) t
    union all select 'a' || left(a, 300) from unnest(array[actor_id, actor_display]) a where a is not null
    union all select 'x' || action
    union all select 'c' || split_part(split_part(action, '.', 1), ':', 1)
    union all select 'o' || outcome where outcome <> 'success'
    union all select 'h' || to_char(recorded_at at time zone 'UTC', 'ID-HH24')
  ) as words (word)
$$;

drop index wheelhouse.audit_events_targets;
drop index if exists wheelhouse.audit_events_text;
create index audit_events_words on wheelhouse.audit_events using gin (wheelhouse.audit_words(
  org_id, recorded_at, action, outcome, actor_id, actor_display, target_keys, search_text));

-- Counted along the chain, whose numbers have no gap and follow the commits: everything up to `seq` is in, once.
create table wheelhouse.audit_rolled (
  org_id uuid primary key,
  seq bigint not null default 0
);
create table wheelhouse.audit_activity (
  org_id uuid not null,
  hour timestamptz not null,
  actor text not null,
  action text not null,
  outcome text not null,
  events int not null,
  primary key (org_id, hour, actor, action, outcome)
);
-- Actors, actions, outcomes and targets that occurred, under the name they had last.
create table wheelhouse.audit_known (
  org_id uuid not null,
  kind text not null check (kind in ('actor', 'action', 'outcome', 'target')),
  value text not null,
  label text not null,
  detail text,
  events bigint not null,
  last_at timestamptz not null,
  primary key (org_id, kind, value)
);
create index audit_known_newest on wheelhouse.audit_known (org_id, kind, last_at desc);

-- Counts at most `max_events` further events of this organization; returns the number up to which all are counted.
-- Events whose content expired meanwhile are counted nowhere. Runs as wheelhouse_system.
create function wheelhouse.roll_up_audit(org uuid, max_events int) returns bigint
language plpgsql set search_path = wheelhouse, pg_temp as $$
declare
  done bigint;
  reach bigint;
begin
  insert into audit_rolled (org_id) values (org) on conflict do nothing;
  select r.seq into done from audit_rolled r where r.org_id = org for update;
  select max(c.seq) into reach from audit_chain c where c.org_id = org and c.seq > done and c.seq <= done + max_events;
  if reach is null then
    return done;
  end if;
  with acts as materialized (
    select e.recorded_at, e.action, e.outcome, e.actor_type, e.actor_display, e.content,
      coalesce(e.actor_id, e.actor_display) as actor
    from audit_chain c join audit_events e on e.id = c.audit_id and e.recorded_at = c.recorded_at
    where c.org_id = org and c.seq > done and c.seq <= reach
  ), counted as (
    insert into audit_activity (org_id, hour, actor, action, outcome, events)
    select org, date_trunc('hour', recorded_at, 'UTC'), actor, action, outcome, count(*) from acts group by 2, 3, 4, 5
    on conflict on constraint audit_activity_pkey do update set events = audit_activity.events + excluded.events
  ), seen (kind, value, label, detail, at) as (
    select 'actor', actor, actor_display, actor_type, recorded_at from acts
    union all select 'action', action, action, null, recorded_at from acts
    union all select 'outcome', outcome, outcome, null, recorded_at from acts
    union all select 'target', t ->> 'id', t ->> 'name', t ->> 'type', recorded_at
      from acts, jsonb_array_elements(content::jsonb -> 'targets') t where t ->> 'id' <> ''
  )
  insert into audit_known (org_id, kind, value, label, detail, events, last_at)
  select org, kind, value, (array_agg(label order by at desc))[1], (array_agg(detail order by at desc))[1], count(*), max(at)
  from seen group by kind, value
  on conflict (org_id, kind, value) do update set label = excluded.label, detail = excluded.detail,
    events = audit_known.events + excluded.events, last_at = greatest(audit_known.last_at, excluded.last_at);
  update audit_rolled r set seq = reach where r.org_id = org;
  return reach;
end
$$;

create table wheelhouse.audit_views (
  id uuid primary key default wheelhouse.uuidv7(),
  org_id uuid not null references wheelhouse.organizations,
  owner_id text not null,
  owner_name text not null,
  name text not null check (length(name) between 1 and 80),
  shared boolean not null,
  filter jsonb not null,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now()
);
create unique index audit_views_own_name on wheelhouse.audit_views (org_id, owner_id, lower(name));

-- A review holds its events by id from the moment it is opened, so that what is signed is what was seen.
create table wheelhouse.audit_reviews (
  id uuid primary key default wheelhouse.uuidv7(),
  org_id uuid not null references wheelhouse.organizations,
  name text not null check (length(name) between 1 and 120),
  from_at timestamptz not null,
  to_at timestamptz not null,
  filter jsonb not null,
  view_name text,
  opened_by text not null,
  opened_by_name text not null,
  opened_at timestamptz not null default now(),
  -- End of the chain when the events were gathered.
  covered_seq bigint not null,
  covered_hash text not null,
  signed_by text,
  signed_by_name text,
  signed_at timestamptz,
  comment text,
  not_reviewed int,
  check (from_at < to_at),
  check ((signed_at is null) = (signed_by is null))
);
create index audit_reviews_newest on wheelhouse.audit_reviews (org_id, opened_at desc, id desc);

create table wheelhouse.audit_review_items (
  review_id uuid not null references wheelhouse.audit_reviews,
  org_id uuid not null,
  audit_id uuid not null,
  seq bigint not null,
  recorded_at timestamptz not null,
  actor_id text,
  mark text check (mark in ('reviewed', 'flagged')),
  marked_by text,
  marked_by_name text,
  marked_at timestamptz,
  settled_by text,
  settled_by_name text,
  settled_at timestamptz,
  primary key (review_id, audit_id),
  check ((mark is null) = (marked_by is null)),
  check (settled_at is null or mark = 'flagged')
);
create index audit_review_items_place on wheelhouse.audit_review_items (review_id, seq desc);

create table wheelhouse.audit_review_comments (
  id uuid primary key default wheelhouse.uuidv7(),
  review_id uuid not null references wheelhouse.audit_reviews,
  org_id uuid not null,
  audit_id uuid not null,
  author_id text not null,
  author_name text not null,
  text text not null check (length(text) between 1 and 1000),
  created_at timestamptz not null default now(),
  foreign key (review_id, audit_id) references wheelhouse.audit_review_items
);
create index audit_review_comments_event on wheelhouse.audit_review_comments (review_id, audit_id, created_at);

select wheelhouse.own_by_organization(relation::regclass) from unnest(array[
  'wheelhouse.audit_rolled', 'wheelhouse.audit_activity', 'wheelhouse.audit_known', 'wheelhouse.audit_views',
  'wheelhouse.audit_reviews', 'wheelhouse.audit_review_items', 'wheelhouse.audit_review_comments'
]) as relation;
grant select on wheelhouse.audit_rolled, wheelhouse.audit_activity, wheelhouse.audit_known to wheelhouse_app;
grant select, insert, update, delete on wheelhouse.audit_rolled, wheelhouse.audit_activity, wheelhouse.audit_known
  to wheelhouse_system;
grant select, insert, update, delete on wheelhouse.audit_views to wheelhouse_app;
grant select, insert, update on wheelhouse.audit_reviews, wheelhouse.audit_review_items to wheelhouse_app;
grant select, insert on wheelhouse.audit_review_comments to wheelhouse_app;
revoke all on function wheelhouse.roll_up_audit(uuid, int) from public;
grant execute on function wheelhouse.roll_up_audit(uuid, int) to wheelhouse_system;

reset role;

grant create on schema wheelhouse to wheelhouse_search;
set local role wheelhouse_search;
drop function wheelhouse.search_audit(jsonb, timestamptz, uuid, int);

-- One lexeme of a tsquery, quoted.
create function wheelhouse.audit_lexeme(word text) returns text language sql immutable strict parallel safe as $$
  select '''' || replace(replace(word, '\', '\\'), '''', '''''') || ''''
$$;

-- The filter as a tsquery over audit_words, null when nothing of it can be looked up there.
create function wheelhouse.audit_query(filter jsonb, org uuid) returns tsquery
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
    -- Success is in no index: it is nearly everything.
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

-- Text, target and mixed filters: their operators are not leakproof, so under row-level security no index serves them.
-- This runs outside it and adds the organizations of the transaction by itself.
-- Keys of `filter`: q (text: words or their beginnings), actors, actions, classes, outcomes, targets, slots (arrays of
-- text), from, to (time), organizations (array of ids, narrowed to those of the transaction).
-- First the newest events are tried, which is quick where many match; then the index is asked month by month.
-- Without `max_rows` all are returned.
create function wheelhouse.find_audit(filter jsonb, before_at timestamptz, before_id uuid, max_rows int)
returns table (id uuid, recorded_at timestamptz)
language plpgsql stable security definer set search_path = wheelhouse, pg_temp as $$
declare
  visible uuid[] := array(
    select jsonb_array_elements_text(filter -> 'organizations')::uuid
    intersect select unnest(wheelhouse.current_organizations())
  );
  words constant text := 'wheelhouse.audit_words(e.org_id, e.recorded_at, e.action, e.outcome, e.actor_id, '
    'e.actor_display, e.target_keys, e.search_text)';
  bounds text := '';
  conditions text := '';
  lookup text := '';
  has_text boolean := filter ? 'q' and (filter ->> 'q') ~ '[[:alnum:]]';
  tried int := case when has_text then 200 else 800 end;
  found_ids uuid[];
  found_times timestamptz[];
  tried_count int;
  first_at timestamptz;
  month_at timestamptz;
  left_over int := max_rows;
  got int;
begin
  -- What holds no letter and no digit can be no word.
  if filter ? 'q' and not has_text then return; end if;
  if filter ? 'from' then bounds := bounds || ' and e.recorded_at >= $2'; end if;
  if filter ? 'to' then bounds := bounds || ' and e.recorded_at < $3'; end if;
  if before_at is not null then bounds := bounds || ' and (e.recorded_at, e.id) < ($4, $5)'; end if;
  if filter ? 'actors' then conditions := conditions || ' and (e.actor_id = any ($6) or e.actor_display = any ($6))'; end if;
  if filter ? 'actions' then conditions := conditions || ' and e.action = any ($7)'; end if;
  if filter ? 'classes' then conditions := conditions || ' and e.class = any ($8)'; end if;
  if filter ? 'outcomes' then conditions := conditions || ' and e.outcome = any ($9)'; end if;
  if filter ? 'targets' then conditions := conditions || ' and e.target_keys && $10'; end if;
  if filter ? 'slots' then
    conditions := conditions || ' and to_char(e.recorded_at at time zone ''UTC'', ''ID-HH24'') = any ($11)';
  end if;
  if has_text then lookup := ' and ' || words || ' @@ wheelhouse.audit_query(jsonb_build_object(''q'', $1 ->> ''q''), e.org_id)'; end if;

  if max_rows is not null then
    execute 'select count(*), array_agg(t.id order by t.recorded_at desc, t.id desc) filter (where t.matches), '
      'array_agg(t.recorded_at order by t.recorded_at desc, t.id desc) filter (where t.matches) from ('
      'select e.id, e.recorded_at, (true' || conditions || lookup || ') as matches from unnest($12) as o (org_id) '
      'cross join lateral (select * from wheelhouse.audit_events e where e.org_id = o.org_id' || bounds
      || ' order by e.recorded_at desc, e.id desc limit $13) e order by e.recorded_at desc, e.id desc limit $13) t'
    into tried_count, found_ids, found_times
    using filter, (filter ->> 'from')::timestamptz, (filter ->> 'to')::timestamptz, before_at, before_id,
      array(select jsonb_array_elements_text(filter -> 'actors')), array(select jsonb_array_elements_text(filter -> 'actions')),
      array(select jsonb_array_elements_text(filter -> 'classes')), array(select jsonb_array_elements_text(filter -> 'outcomes')),
      array(select jsonb_array_elements_text(filter -> 'targets')), array(select jsonb_array_elements_text(filter -> 'slots')),
      visible, tried;
    if tried_count < tried or coalesce(array_length(found_ids, 1), 0) >= max_rows then
      return query select f.id, f.recorded_at from unnest(found_ids, found_times) as f (id, recorded_at) limit max_rows;
      return;
    end if;
  end if;

  select min(oldest.at) into first_at from unnest(visible) as o (org_id) cross join lateral (
    select e.recorded_at as at from audit_events e where e.org_id = o.org_id order by e.recorded_at limit 1) oldest;
  first_at := date_trunc('month', greatest(first_at, (filter ->> 'from')::timestamptz), 'UTC');
  month_at := date_trunc('month', least(before_at, (filter ->> 'to')::timestamptz, now()), 'UTC');
  while month_at >= first_at and (left_over is null or left_over > 0) loop
    return query execute 'select e.id, e.recorded_at from unnest($12) as o (org_id) cross join lateral ('
      'select e.id, e.recorded_at from wheelhouse.audit_events e where ' || words || ' @@ wheelhouse.audit_query($1, o.org_id)'
      || ' and e.org_id = o.org_id and e.recorded_at >= $13 and e.recorded_at < $14' || bounds
      || case when filter -> 'outcomes' ? 'success' then ' and e.outcome = any ($9)' else '' end
      || ' order by e.recorded_at desc, e.id desc limit $15) e order by e.recorded_at desc, e.id desc limit $15'
    using filter, (filter ->> 'from')::timestamptz, (filter ->> 'to')::timestamptz, before_at, before_id,
      null::text[], null::text[], null::text[], array(select jsonb_array_elements_text(filter -> 'outcomes')),
      null::text[], null::text[], visible,
      month_at, (month_at at time zone 'UTC' + interval '1 month') at time zone 'UTC', left_over;
    get diagnostics got = row_count;
    left_over := left_over - got;
    month_at := (month_at at time zone 'UTC' - interval '1 month') at time zone 'UTC';
  end loop;
end
$$;
revoke all on function wheelhouse.find_audit(jsonb, timestamptz, uuid, int) from public;
grant execute on function wheelhouse.find_audit(jsonb, timestamptz, uuid, int) to wheelhouse_app;
reset role;
revoke create on schema wheelhouse from wheelhouse_search;
