-- Refused intake requests: one row an hour for each source and reason, so that a flood costs no more than a request.
set local role wheelhouse_owner;

create table wheelhouse.webhook_refusals (
  org_id uuid not null references wheelhouse.organizations (id),
  hour timestamptz not null,
  -- Short name of the source; empty if the request names none of this organization.
  source text not null,
  reason text not null,
  status int not null,
  requests bigint not null check (requests > 0),
  -- Milliseconds, as they are shown.
  first_at timestamptz(3) not null,
  last_at timestamptz(3) not null,
  -- At most 5, newest first.
  addresses text[] not null,
  request_id text not null,
  field text,
  message text not null,
  -- The newest request: names and lengths of headers, sizes; no values.
  newest jsonb not null,
  primary key (org_id, hour, source, reason)
);
create index webhook_refusals_old on wheelhouse.webhook_refusals (hour);
select wheelhouse.own_by_organization('wheelhouse.webhook_refusals');
grant select on wheelhouse.webhook_refusals to wheelhouse_app;
grant select, insert, update, delete on wheelhouse.webhook_refusals to wheelhouse_system;

reset role;
