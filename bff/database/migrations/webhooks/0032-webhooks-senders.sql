-- Sources of more senders, their rules, the overlap of two secrets, and a limit for bodies.
set local role wheelhouse_owner;

alter table wheelhouse.webhook_sources
  drop constraint webhook_sources_scheme_check,
  add constraint webhook_sources_scheme_check
    check (scheme in ('standard', 'github', 'stripe', 'shopify', 'slack', 'hmac', 'bearer', 'addresses')),
  -- Null without a secret.
  alter column secret_hint drop not null,
  -- Names of headers, and how a signature is written; `sourceRules` of the contract.
  add column rules jsonb not null default '{}',
  -- Addresses and CIDR blocks from which requests are taken; empty: from everywhere.
  add column addresses text[] not null default '{}',
  add column max_body_bytes int not null default 1048576 check (max_body_bytes between 1024 and 26214400),
  -- The former secret, accepted until this time.
  add column previous_secret_box bytea,
  add column previous_secret_until timestamptz(3),
  add constraint webhook_sources_previous check ((previous_secret_box is null) = (previous_secret_until is null));

reset role;
