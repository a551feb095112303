-- Settings of each endpoint, overlap of its secrets, and since when it fails.
set local role wheelhouse_owner;

alter table wheelhouse.webhook_endpoints
  add column settings jsonb not null default '{}',
  -- Headers that each delivery carries: name and value, or name and sealed value.
  add column headers jsonb not null default '[]',
  add column previous_secret_box bytea,
  add column previous_secret_until timestamptz,
  add column changed_at timestamptz(3) not null default now(),
  add column changed_by text,
  -- The first failed attempt after the last success.
  add column failing_since timestamptz,
  -- The share of the time until it is disabled of which was warned: 0, 50, 70, 90.
  add column warned_percent int not null default 0 check (warned_percent in (0, 50, 70, 90));
update wheelhouse.webhook_endpoints set changed_at = created_at;

-- The claim also returns how the endpoint wants to be called.
drop function if exists wheelhouse.claim_webhook_deliveries(json, timestamptz, timestamptz, text, timestamptz, timestamptz);

reset role;
