-- Who somebody is at an OpenID Connect provider. The e-mail address links once; from then on the subject counts, so
-- that an address which the provider gives to another person opens nothing.
set local role wheelhouse_owner;
create table wheelhouse.oidc_identities (
  issuer text not null,
  subject text not null check (length(subject) between 1 and 255),
  user_id uuid not null references wheelhouse.users (id),
  linked_at timestamptz not null default now(),
  primary key (issuer, subject),
  unique (user_id, issuer)
);
grant select, insert on wheelhouse.oidc_identities to wheelhouse_app;
grant select, insert, delete on wheelhouse.oidc_identities to wheelhouse_system;
reset role;
