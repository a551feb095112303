-- When the person behind a session last proved to be there, by password or at the identity provider.
set local role wheelhouse_owner;
alter table wheelhouse.sessions add column confirmed_at timestamptz not null default now();
reset role;
