-- What a health or metrics endpoint asks for, sealed; sent only to the addresses of its own source.
alter table wheelhouse.watched_sources
  add column credentials_box bytea,
  add check (credentials_box is null or kind in ('service', 'prometheus'));
