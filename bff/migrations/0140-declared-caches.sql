-- Caches may be declared by API as well: keys behind a prefix of a watched Redis.
set local role wheelhouse_owner;

alter table wheelhouse.watched_sources drop constraint watched_sources_kind_check;
alter table wheelhouse.watched_sources add constraint watched_sources_kind_check
  check (kind in ('redis', 'postgres', 'service', 'prometheus', 'cache'));
-- A cache is called by its service and name, so an organization declares it once.
create unique index watched_sources_caches on wheelhouse.watched_sources
  (org_id, (definition ->> 'service'), (definition ->> 'name')) where kind = 'cache';

reset role;
