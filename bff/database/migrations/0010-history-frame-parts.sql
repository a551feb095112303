-- A frame is one row per part, so that new kinds of observations need no column of their own.
set local role wheelhouse_owner;

-- The owner is under row-level security as well, and belongs to no organization.
alter table wheelhouse.history_frames no force row level security;
alter table wheelhouse.history_frames rename to history_frames_whole;
alter table wheelhouse.history_frames_whole rename constraint history_frames_pkey to history_frames_whole_pkey;
drop index wheelhouse.history_frames_expired;

-- Observations of an organization at a moment, compressed; the first byte of each part says how: 0 whole, 1 as the
-- difference to the same part of the frame at `base_at`.
create table wheelhouse.history_frames (
  org_id uuid not null references wheelhouse.organizations (id),
  at timestamptz not null,
  part text not null,
  base_at timestamptz,
  keep_until timestamptz not null,
  packed bytea not null
);

insert into wheelhouse.history_frames (org_id, at, part, base_at, keep_until, packed)
select f.org_id, f.at, p.part, f.base_at, f.keep_until, p.packed
from wheelhouse.history_frames_whole f
cross join lateral (values
  ('overview', f.overview), ('health', f.health), ('breakers', f.breakers), ('caches', f.caches),
  ('queues', f.queues), ('servers', f.servers), ('details', f.details)) as p (part, packed)
where p.packed is not null;
drop table wheelhouse.history_frames_whole;

alter table wheelhouse.history_frames add primary key (org_id, at, part);
create index history_frames_expired on wheelhouse.history_frames (keep_until);
select wheelhouse.own_by_organization('wheelhouse.history_frames');
grant select on wheelhouse.history_frames to wheelhouse_app;
grant select, insert, delete on wheelhouse.history_frames to wheelhouse_system;

reset role;
