-- Who is called about an incident, over which channels, and what was sent. Everything that has to happen is a row: a killed
-- process loses nothing, and an acknowledgement reaches whatever has not been sent.
set local role wheelhouse_owner;

-- What an incident asks to have announced, written in the transaction that changes the incident and deleted by the one that
-- turns it into notifications.
create table wheelhouse.alert_announcements (
  id uuid primary key default wheelhouse.uuidv7(),
  org_id uuid not null references wheelhouse.organizations (id),
  incident_id uuid not null,
  event text not null check (event in ('fired', 'reopened', 'resolved', 'acknowledged', 'escalated')),
  severity text not null check (severity in ('critical', 'warning', 'info')),
  title text not null,
  summary text not null,
  -- Below `/o/:org`.
  path text not null,
  labels jsonb not null,
  started_at timestamptz not null,
  created_at timestamptz(3) not null default now()
);
create index alert_announcements_incident on wheelhouse.alert_announcements (org_id, incident_id);

-- Teams take incidents by their labels and call people step by step.
create table wheelhouse.alert_teams (
  id uuid primary key default wheelhouse.uuidv7(),
  org_id uuid not null references wheelhouse.organizations (id),
  name text not null check (length(name) between 1 and 100),
  -- Teams are asked in this order; the first whose labels match takes the incident.
  position int not null,
  -- All have to match; a team without any takes what is left.
  matchers jsonb not null,
  time_zone text not null,
  -- ISO: 1 is Monday.
  handover_day int not null check (handover_day between 1 and 7),
  handover_time text not null check (handover_time ~ '^([01][0-9]|2[0-3]):[0-5][0-9]$'),
  -- The week from which the rota counts, as the local date of a hand-over.
  rota_from text not null check (rota_from ~ '^[0-9]{4}-[0-9]{2}-[0-9]{2}$'),
  -- People of each layer, in their order.
  layers jsonb not null,
  steps jsonb not null,
  repeats int not null check (repeats between 0 and 10),
  version int not null default 1,
  created_at timestamptz(3) not null default now()
);
create unique index alert_teams_name on wheelhouse.alert_teams (org_id, lower(name));

create table wheelhouse.alert_overrides (
  id uuid primary key default wheelhouse.uuidv7(),
  org_id uuid not null references wheelhouse.organizations (id),
  team_id uuid not null references wheelhouse.alert_teams (id) on delete cascade,
  layer int not null check (layer >= 0),
  user_id uuid not null references wheelhouse.users (id),
  starts_at timestamptz not null,
  ends_at timestamptz not null,
  reason text,
  created_by text not null,
  created_at timestamptz(3) not null default now(),
  check (ends_at > starts_at)
);
create index alert_overrides_team on wheelhouse.alert_overrides (org_id, team_id, ends_at);

-- The call of people about one incident: which step comes next, and when.
create table wheelhouse.alert_calls (
  org_id uuid not null references wheelhouse.organizations (id),
  incident_id uuid not null,
  team_id uuid,
  severity text not null check (severity in ('critical', 'warning', 'info')),
  title text not null,
  summary text not null,
  path text not null,
  labels jsonb not null,
  started_at timestamptz not null,
  state text not null check (state in ('calling', 'acknowledged', 'ended')),
  -- The step that is taken at `next_at`; null when none is left.
  step int not null,
  round int not null,
  next_at timestamptz,
  updated_at timestamptz(3) not null default now(),
  primary key (org_id, incident_id)
);
create index alert_calls_due on wheelhouse.alert_calls (next_at) where next_at is not null;
create index alert_calls_old on wheelhouse.alert_calls (updated_at) where state = 'ended';

-- Channels that an organization shares, such as a room in Slack.
create table wheelhouse.alert_channels (
  id uuid primary key default wheelhouse.uuidv7(),
  org_id uuid not null references wheelhouse.organizations (id),
  kind text not null check (kind in ('slack', 'teams', 'pagerduty', 'json', 'webhook')),
  name text not null check (length(name) between 1 and 100),
  -- Address or key, sealed; null for `webhook`, which has an endpoint.
  secret_box bytea,
  hint text not null,
  endpoint_id uuid,
  least_severity text not null check (least_severity in ('critical', 'warning', 'info')),
  failing_since timestamptz,
  last_error text,
  last_sent_at timestamptz,
  tested_at timestamptz,
  version int not null default 1,
  created_at timestamptz(3) not null default now(),
  check ((kind = 'webhook') = (endpoint_id is not null)),
  check ((kind = 'webhook') = (secret_box is null))
);
create unique index alert_channels_name on wheelhouse.alert_channels (org_id, lower(name));

-- Where one person is reached beside the bell.
create table wheelhouse.alert_contacts (
  id uuid primary key default wheelhouse.uuidv7(),
  org_id uuid not null references wheelhouse.organizations (id),
  user_id uuid not null references wheelhouse.users (id),
  kind text not null check (kind in ('email', 'push', 'pagerduty')),
  name text not null check (length(name) between 1 and 100),
  -- sha256 of what is sealed, so that a browser that subscribes again is the same contact.
  secret_hash bytea not null,
  secret_box bytea not null,
  hint text not null,
  -- The push service said that the subscription is gone.
  expired_at timestamptz,
  failing_since timestamptz,
  last_error text,
  last_sent_at timestamptz,
  tested_at timestamptz,
  created_at timestamptz(3) not null default now()
);
create unique index alert_contacts_secret on wheelhouse.alert_contacts (org_id, user_id, secret_hash);

-- How one person wants to be told, by severity and hour.
create table wheelhouse.alert_people (
  org_id uuid not null references wheelhouse.organizations (id),
  user_id uuid not null references wheelhouse.users (id),
  time_zone text not null,
  night_from text not null check (night_from ~ '^([01][0-9]|2[0-3]):[0-5][0-9]$'),
  night_to text not null check (night_to ~ '^([01][0-9]|2[0-3]):[0-5][0-9]$'),
  rules jsonb not null,
  has_sound boolean not null default false,
  version int not null default 1,
  primary key (org_id, user_id)
);

create table wheelhouse.alert_settings (
  org_id uuid primary key references wheelhouse.organizations (id),
  -- Most notifications that one recipient gets within the window; the others wait for a digest.
  throttle_limit int not null default 20 check (throttle_limit between 1 and 10000),
  throttle_minutes int not null default 10 check (throttle_minutes between 1 and 1440),
  digest_minutes int not null default 15 check (digest_minutes between 1 and 1440),
  -- Whether the link in a notification acknowledges without a sign-in.
  allows_links boolean not null default false,
  -- An outside service that notices when Wheelhouse is silent.
  heartbeat_box bytea,
  heartbeat_hint text,
  heartbeat_seconds int not null default 60 check (heartbeat_seconds between 10 and 86400),
  heartbeat_due_at timestamptz,
  heartbeat_sent_at timestamptz,
  heartbeat_error text,
  version int not null default 1,
  check ((heartbeat_box is null) = (heartbeat_due_at is null)),
  check ((heartbeat_box is null) = (heartbeat_hint is null))
);
create index alert_settings_heartbeat on wheelhouse.alert_settings (heartbeat_due_at) where heartbeat_due_at is not null;

-- One message to one recipient over one channel.
create table wheelhouse.notifications (
  id uuid primary key default wheelhouse.uuidv7(),
  org_id uuid not null references wheelhouse.organizations (id),
  incident_id uuid,
  event text not null check (event in ('fired', 'reopened', 'resolved', 'acknowledged', 'escalated', 'digest', 'test',
    'mail', 'channel')),
  severity text not null check (severity in ('critical', 'warning', 'info')),
  title text not null,
  summary text not null,
  path text not null,
  started_at timestamptz,
  channel text not null check (channel in ('bell', 'email', 'push', 'slack', 'teams', 'pagerduty', 'json', 'webhook')),
  -- The person, if it is for one.
  user_id uuid references wheelhouse.users (id),
  -- The row in `alert_channels` or `alert_contacts`; null for the bell and for a person's own address.
  channel_id uuid,
  -- As the log shows it, also after the person or the channel is gone.
  recipient text not null,
  -- Whom the throttle counts.
  throttle_key text,
  team text,
  step int,
  -- `held`: the recipient had enough within the window, or takes digests only; `digested`: part of a digest since.
  state text not null check (state in ('pending', 'sending', 'sent', 'failed', 'cancelled', 'held', 'digested')),
  attempts int not null default 0,
  due_at timestamptz not null,
  claim uuid,
  claimed_until timestamptz,
  -- Set while it is being sent; nothing follows.
  withdrawn_at timestamptz,
  sent_at timestamptz,
  latency_ms int,
  error text,
  digest_id uuid,
  -- Text that only the recipient may see, sealed and removed once it is sent.
  content_box bytea,
  address text,
  read_at timestamptz,
  -- When its link acknowledged the incident.
  link_used_at timestamptz,
  created_at timestamptz(3) not null default now(),
  check (channel <> 'bell' or user_id is not null)
);
create index notifications_due on wheelhouse.notifications (due_at) where state = 'pending';
create index notifications_claimed on wheelhouse.notifications (claimed_until) where state = 'sending';
create index notifications_held on wheelhouse.notifications (due_at) where state = 'held';
create index notifications_incident on wheelhouse.notifications (org_id, incident_id) where incident_id is not null;
create index notifications_bell on wheelhouse.notifications (org_id, user_id, id desc) where channel = 'bell';
create index notifications_unread on wheelhouse.notifications (org_id, user_id)
  where channel = 'bell' and read_at is null;
create index notifications_log on wheelhouse.notifications (org_id, id desc);
create index notifications_old on wheelhouse.notifications (created_at);

-- What a recipient got in the current window of the throttle.
create table wheelhouse.notification_allowances (
  org_id uuid not null references wheelhouse.organizations (id),
  throttle_key text not null,
  window_started_at timestamptz not null,
  used int not null,
  primary key (org_id, throttle_key)
);

-- Read-only links for wallboards. The grant itself is signed; the row is for revoking it.
create table wheelhouse.wall_grants (
  id uuid primary key default wheelhouse.uuidv7(),
  org_id uuid not null references wheelhouse.organizations (id),
  name text not null check (length(name) between 1 and 100),
  created_by text not null,
  created_at timestamptz(3) not null default now(),
  expires_at timestamptz not null,
  revoked_at timestamptz,
  seen_at timestamptz
);
create index wall_grants_newest on wheelhouse.wall_grants (org_id, id desc) where revoked_at is null;

select wheelhouse.own_by_organization(format('wheelhouse.%I', name)::regclass)
from unnest(array['alert_announcements', 'alert_teams', 'alert_overrides', 'alert_calls', 'alert_channels',
  'alert_contacts', 'alert_people', 'alert_settings', 'notifications', 'notification_allowances', 'wall_grants']) as name;

-- Incidents change in transactions of either role.
grant select, insert, delete on wheelhouse.alert_announcements to wheelhouse_app, wheelhouse_system;
grant update on wheelhouse.alert_announcements to wheelhouse_system;
grant select, insert, update, delete on wheelhouse.alert_teams, wheelhouse.alert_overrides, wheelhouse.alert_channels,
  wheelhouse.alert_contacts, wheelhouse.alert_people to wheelhouse_app;
grant select on wheelhouse.alert_teams, wheelhouse.alert_overrides, wheelhouse.alert_people to wheelhouse_system;
grant select, update on wheelhouse.alert_channels, wheelhouse.alert_contacts to wheelhouse_system;
grant select, update on wheelhouse.alert_calls to wheelhouse_app;
grant select, insert, update, delete on wheelhouse.alert_calls to wheelhouse_system;
grant select, insert, update on wheelhouse.alert_settings to wheelhouse_app, wheelhouse_system;
grant select, insert, update on wheelhouse.notifications to wheelhouse_app;
grant select, insert, update, delete on wheelhouse.notifications, wheelhouse.notification_allowances to wheelhouse_system;
grant select, insert, update on wheelhouse.wall_grants to wheelhouse_app;
grant select, update on wheelhouse.wall_grants to wheelhouse_system;

reset role;
