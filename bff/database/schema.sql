-- Written by `npm run schema` from the catalogues of a new database; do not edit. Partitions are left out; the bodies
-- of functions are in `functions/` and, where a table needs them, in `migrations/`.

create table wheelhouse.alert_announcements (
  id uuid not null default wheelhouse.uuidv7(),
  org_id uuid not null,
  incident_id uuid not null,
  event text not null,
  severity text not null,
  title text not null,
  summary text not null,
  path text not null,
  labels jsonb not null,
  started_at timestamptz not null,
  created_at timestamptz(3) not null default now(),
  constraint alert_announcements_pkey primary key (id),
  constraint alert_announcements_org_id_fkey foreign key (org_id) references wheelhouse.organizations(id),
  constraint alert_announcements_event_check check ((event = any (array['fired'::text, 'reopened'::text, 'resolved'::text, 'acknowledged'::text, 'escalated'::text]))),
  constraint alert_announcements_severity_check check ((severity = any (array['critical'::text, 'warning'::text, 'info'::text])))
);
create index alert_announcements_incident on wheelhouse.alert_announcements using btree (org_id, incident_id);
alter table wheelhouse.alert_announcements enable row level security, force row level security;
create policy by_organization on wheelhouse.alert_announcements to wheelhouse_app using ((org_id = any (wheelhouse.current_organizations()))) with check ((org_id = any (wheelhouse.current_organizations())));
create policy by_system on wheelhouse.alert_announcements to wheelhouse_system using (true) with check (true);
grant delete, insert, select on wheelhouse.alert_announcements to wheelhouse_app;
grant delete, insert, select, update on wheelhouse.alert_announcements to wheelhouse_system;

create table wheelhouse.alert_calls (
  org_id uuid not null,
  incident_id uuid not null,
  team_id uuid,
  severity text not null,
  title text not null,
  summary text not null,
  path text not null,
  labels jsonb not null,
  started_at timestamptz not null,
  state text not null,
  step integer not null,
  round integer not null,
  next_at timestamptz,
  updated_at timestamptz(3) not null default now(),
  constraint alert_calls_pkey primary key (org_id, incident_id),
  constraint alert_calls_org_id_fkey foreign key (org_id) references wheelhouse.organizations(id),
  constraint alert_calls_severity_check check ((severity = any (array['critical'::text, 'warning'::text, 'info'::text]))),
  constraint alert_calls_state_check check ((state = any (array['calling'::text, 'acknowledged'::text, 'ended'::text])))
);
create index alert_calls_due on wheelhouse.alert_calls using btree (next_at) where (next_at is not null);
create index alert_calls_old on wheelhouse.alert_calls using btree (updated_at) where (state = 'ended'::text);
alter table wheelhouse.alert_calls enable row level security, force row level security;
create policy by_organization on wheelhouse.alert_calls to wheelhouse_app using ((org_id = any (wheelhouse.current_organizations()))) with check ((org_id = any (wheelhouse.current_organizations())));
create policy by_system on wheelhouse.alert_calls to wheelhouse_system using (true) with check (true);
grant delete, insert, select, update on wheelhouse.alert_calls to wheelhouse_system;
grant select, update on wheelhouse.alert_calls to wheelhouse_app;

create table wheelhouse.alert_channels (
  id uuid not null default wheelhouse.uuidv7(),
  org_id uuid not null,
  kind text not null,
  name text not null,
  secret_box bytea,
  hint text not null,
  endpoint_id uuid,
  least_severity text not null,
  failing_since timestamptz,
  last_error text,
  last_sent_at timestamptz,
  tested_at timestamptz,
  version integer not null default 1,
  created_at timestamptz(3) not null default now(),
  constraint alert_channels_pkey primary key (id),
  constraint alert_channels_org_id_fkey foreign key (org_id) references wheelhouse.organizations(id),
  constraint alert_channels_check check (((kind = 'webhook'::text) = (endpoint_id is not null))),
  constraint alert_channels_check1 check (((kind = 'webhook'::text) = (secret_box is null))),
  constraint alert_channels_kind_check check ((kind = any (array['slack'::text, 'teams'::text, 'pagerduty'::text, 'json'::text, 'webhook'::text]))),
  constraint alert_channels_least_severity_check check ((least_severity = any (array['critical'::text, 'warning'::text, 'info'::text]))),
  constraint alert_channels_name_check check (((length(name) >= 1) and (length(name) <= 100)))
);
create unique index alert_channels_name on wheelhouse.alert_channels using btree (org_id, lower(name));
alter table wheelhouse.alert_channels enable row level security, force row level security;
create policy by_organization on wheelhouse.alert_channels to wheelhouse_app using ((org_id = any (wheelhouse.current_organizations()))) with check ((org_id = any (wheelhouse.current_organizations())));
create policy by_system on wheelhouse.alert_channels to wheelhouse_system using (true) with check (true);
grant delete, insert, select, update on wheelhouse.alert_channels to wheelhouse_app;
grant select, update on wheelhouse.alert_channels to wheelhouse_system;

create table wheelhouse.alert_contacts (
  id uuid not null default wheelhouse.uuidv7(),
  org_id uuid not null,
  user_id uuid not null,
  kind text not null,
  name text not null,
  secret_hash bytea not null,
  secret_box bytea not null,
  hint text not null,
  expired_at timestamptz,
  failing_since timestamptz,
  last_error text,
  last_sent_at timestamptz,
  tested_at timestamptz,
  created_at timestamptz(3) not null default now(),
  constraint alert_contacts_pkey primary key (id),
  constraint alert_contacts_org_id_fkey foreign key (org_id) references wheelhouse.organizations(id),
  constraint alert_contacts_user_id_fkey foreign key (user_id) references wheelhouse.users(id),
  constraint alert_contacts_kind_check check ((kind = any (array['email'::text, 'push'::text, 'pagerduty'::text]))),
  constraint alert_contacts_name_check check (((length(name) >= 1) and (length(name) <= 100)))
);
create unique index alert_contacts_secret on wheelhouse.alert_contacts using btree (org_id, user_id, secret_hash);
alter table wheelhouse.alert_contacts enable row level security, force row level security;
create policy by_organization on wheelhouse.alert_contacts to wheelhouse_app using ((org_id = any (wheelhouse.current_organizations()))) with check ((org_id = any (wheelhouse.current_organizations())));
create policy by_system on wheelhouse.alert_contacts to wheelhouse_system using (true) with check (true);
grant delete, insert, select, update on wheelhouse.alert_contacts to wheelhouse_app;
grant select, update on wheelhouse.alert_contacts to wheelhouse_system;

create table wheelhouse.alert_instances (
  org_id uuid not null,
  rule_key text not null,
  node text not null,
  state text not null,
  severity text not null,
  name text not null,
  text text not null,
  path text not null,
  value double precision,
  since timestamptz(3) not null,
  clearing_since timestamptz(3),
  no_data_since timestamptz(3),
  fires timestamptz(3)[] not null default '{}'::timestamp with time zone[],
  incident_id uuid,
  labels jsonb not null default '{}'::jsonb,
  updated_at timestamptz(3) not null default now(),
  constraint alert_instances_pkey primary key (org_id, rule_key, node),
  constraint alert_instances_incident_id_fkey foreign key (incident_id) references wheelhouse.incidents(id),
  constraint alert_instances_org_id_fkey foreign key (org_id) references wheelhouse.organizations(id),
  constraint alert_instances_severity_check check ((severity = any (array['critical'::text, 'warning'::text, 'info'::text]))),
  constraint alert_instances_state_check check ((state = any (array['pending'::text, 'firing'::text, 'resolved'::text])))
);
create index alert_instances_of_incident on wheelhouse.alert_instances using btree (org_id, incident_id);
create index alert_instances_old on wheelhouse.alert_instances using btree (updated_at) where (state = 'resolved'::text);
alter table wheelhouse.alert_instances enable row level security, force row level security;
create policy by_organization on wheelhouse.alert_instances to wheelhouse_app using ((org_id = any (wheelhouse.current_organizations()))) with check ((org_id = any (wheelhouse.current_organizations())));
create policy by_system on wheelhouse.alert_instances to wheelhouse_system using (true) with check (true);
grant delete, insert, select, update on wheelhouse.alert_instances to wheelhouse_system;
grant select on wheelhouse.alert_instances to wheelhouse_app;

create table wheelhouse.alert_objectives (
  org_id uuid not null,
  key text not null,
  definition jsonb not null,
  version integer not null default 1,
  updated_at timestamptz(3) not null default now(),
  updated_by text not null,
  deleted_at timestamptz(3),
  constraint alert_objectives_pkey primary key (org_id, key),
  constraint alert_objectives_org_id_fkey foreign key (org_id) references wheelhouse.organizations(id),
  constraint alert_objectives_key_check check (((length(key) >= 1) and (length(key) <= 50)))
);
alter table wheelhouse.alert_objectives enable row level security, force row level security;
create policy by_organization on wheelhouse.alert_objectives to wheelhouse_app using ((org_id = any (wheelhouse.current_organizations()))) with check ((org_id = any (wheelhouse.current_organizations())));
create policy by_system on wheelhouse.alert_objectives to wheelhouse_system using (true) with check (true);
grant insert, select, update on wheelhouse.alert_objectives to wheelhouse_app;
grant select on wheelhouse.alert_objectives to wheelhouse_system;

create table wheelhouse.alert_overrides (
  id uuid not null default wheelhouse.uuidv7(),
  org_id uuid not null,
  team_id uuid not null,
  layer integer not null,
  user_id uuid not null,
  starts_at timestamptz not null,
  ends_at timestamptz not null,
  reason text,
  created_by text not null,
  created_at timestamptz(3) not null default now(),
  constraint alert_overrides_pkey primary key (id),
  constraint alert_overrides_org_id_fkey foreign key (org_id) references wheelhouse.organizations(id),
  constraint alert_overrides_team_id_fkey foreign key (team_id) references wheelhouse.alert_teams(id) on delete cascade,
  constraint alert_overrides_user_id_fkey foreign key (user_id) references wheelhouse.users(id),
  constraint alert_overrides_check check ((ends_at > starts_at)),
  constraint alert_overrides_layer_check check ((layer >= 0))
);
create index alert_overrides_team on wheelhouse.alert_overrides using btree (org_id, team_id, ends_at);
alter table wheelhouse.alert_overrides enable row level security, force row level security;
create policy by_organization on wheelhouse.alert_overrides to wheelhouse_app using ((org_id = any (wheelhouse.current_organizations()))) with check ((org_id = any (wheelhouse.current_organizations())));
create policy by_system on wheelhouse.alert_overrides to wheelhouse_system using (true) with check (true);
grant delete, insert, select, update on wheelhouse.alert_overrides to wheelhouse_app;
grant select on wheelhouse.alert_overrides to wheelhouse_system;

create table wheelhouse.alert_people (
  org_id uuid not null,
  user_id uuid not null,
  time_zone text not null,
  night_from text not null,
  night_to text not null,
  rules jsonb not null,
  has_sound boolean not null default false,
  version integer not null default 1,
  constraint alert_people_pkey primary key (org_id, user_id),
  constraint alert_people_org_id_fkey foreign key (org_id) references wheelhouse.organizations(id),
  constraint alert_people_user_id_fkey foreign key (user_id) references wheelhouse.users(id),
  constraint alert_people_night_from_check check ((night_from ~ '^([01][0-9]|2[0-3]):[0-5][0-9]$'::text)),
  constraint alert_people_night_to_check check ((night_to ~ '^([01][0-9]|2[0-3]):[0-5][0-9]$'::text))
);
alter table wheelhouse.alert_people enable row level security, force row level security;
create policy by_organization on wheelhouse.alert_people to wheelhouse_app using ((org_id = any (wheelhouse.current_organizations()))) with check ((org_id = any (wheelhouse.current_organizations())));
create policy by_system on wheelhouse.alert_people to wheelhouse_system using (true) with check (true);
grant delete, insert, select, update on wheelhouse.alert_people to wheelhouse_app;
grant select on wheelhouse.alert_people to wheelhouse_system;

create table wheelhouse.alert_rule_versions (
  org_id uuid not null,
  key text not null,
  version integer not null,
  definition jsonb,
  changed_by text not null,
  created_at timestamptz(3) not null default now(),
  constraint alert_rule_versions_pkey primary key (org_id, key, version),
  constraint alert_rule_versions_org_id_fkey foreign key (org_id) references wheelhouse.organizations(id)
);
alter table wheelhouse.alert_rule_versions enable row level security, force row level security;
create policy by_organization on wheelhouse.alert_rule_versions to wheelhouse_app using ((org_id = any (wheelhouse.current_organizations()))) with check ((org_id = any (wheelhouse.current_organizations())));
create policy by_system on wheelhouse.alert_rule_versions to wheelhouse_system using (true) with check (true);
grant insert, select on wheelhouse.alert_rule_versions to wheelhouse_app;
grant select on wheelhouse.alert_rule_versions to wheelhouse_system;

create table wheelhouse.alert_rules (
  org_id uuid not null,
  key text not null,
  source text not null,
  definition jsonb not null,
  version integer not null default 1,
  updated_at timestamptz(3) not null default now(),
  updated_by text not null,
  deleted_at timestamptz(3),
  constraint alert_rules_pkey primary key (org_id, key),
  constraint alert_rules_org_id_fkey foreign key (org_id) references wheelhouse.organizations(id),
  constraint alert_rules_key_check check (((length(key) >= 1) and (length(key) <= 63))),
  constraint alert_rules_source_check check ((source = any (array['builtin'::text, 'page'::text, 'file'::text])))
);
alter table wheelhouse.alert_rules enable row level security, force row level security;
create policy by_organization on wheelhouse.alert_rules to wheelhouse_app using ((org_id = any (wheelhouse.current_organizations()))) with check ((org_id = any (wheelhouse.current_organizations())));
create policy by_system on wheelhouse.alert_rules to wheelhouse_system using (true) with check (true);
grant insert, select, update on wheelhouse.alert_rules to wheelhouse_app;
grant select on wheelhouse.alert_rules to wheelhouse_system;

create table wheelhouse.alert_settings (
  org_id uuid not null,
  throttle_limit integer not null default 20,
  throttle_minutes integer not null default 10,
  digest_minutes integer not null default 15,
  allows_links boolean not null default false,
  heartbeat_box bytea,
  heartbeat_hint text,
  heartbeat_seconds integer not null default 60,
  heartbeat_due_at timestamptz,
  heartbeat_sent_at timestamptz,
  heartbeat_error text,
  version integer not null default 1,
  constraint alert_settings_pkey primary key (org_id),
  constraint alert_settings_org_id_fkey foreign key (org_id) references wheelhouse.organizations(id),
  constraint alert_settings_check check (((heartbeat_box is null) = (heartbeat_due_at is null))),
  constraint alert_settings_check1 check (((heartbeat_box is null) = (heartbeat_hint is null))),
  constraint alert_settings_digest_minutes_check check (((digest_minutes >= 1) and (digest_minutes <= 1440))),
  constraint alert_settings_heartbeat_seconds_check check (((heartbeat_seconds >= 10) and (heartbeat_seconds <= 86400))),
  constraint alert_settings_throttle_limit_check check (((throttle_limit >= 1) and (throttle_limit <= 10000))),
  constraint alert_settings_throttle_minutes_check check (((throttle_minutes >= 1) and (throttle_minutes <= 1440)))
);
create index alert_settings_heartbeat on wheelhouse.alert_settings using btree (heartbeat_due_at) where (heartbeat_due_at is not null);
alter table wheelhouse.alert_settings enable row level security, force row level security;
create policy by_organization on wheelhouse.alert_settings to wheelhouse_app using ((org_id = any (wheelhouse.current_organizations()))) with check ((org_id = any (wheelhouse.current_organizations())));
create policy by_system on wheelhouse.alert_settings to wheelhouse_system using (true) with check (true);
grant insert, select, update on wheelhouse.alert_settings to wheelhouse_app;
grant insert, select, update on wheelhouse.alert_settings to wheelhouse_system;

create table wheelhouse.alert_teams (
  id uuid not null default wheelhouse.uuidv7(),
  org_id uuid not null,
  name text not null,
  position integer not null,
  matchers jsonb not null,
  time_zone text not null,
  handover_day integer not null,
  handover_time text not null,
  rota_from text not null,
  layers jsonb not null,
  steps jsonb not null,
  repeats integer not null,
  version integer not null default 1,
  created_at timestamptz(3) not null default now(),
  constraint alert_teams_pkey primary key (id),
  constraint alert_teams_org_id_fkey foreign key (org_id) references wheelhouse.organizations(id),
  constraint alert_teams_handover_day_check check (((handover_day >= 1) and (handover_day <= 7))),
  constraint alert_teams_handover_time_check check ((handover_time ~ '^([01][0-9]|2[0-3]):[0-5][0-9]$'::text)),
  constraint alert_teams_name_check check (((length(name) >= 1) and (length(name) <= 100))),
  constraint alert_teams_repeats_check check (((repeats >= 0) and (repeats <= 10))),
  constraint alert_teams_rota_from_check check ((rota_from ~ '^[0-9]{4}-[0-9]{2}-[0-9]{2}$'::text))
);
create unique index alert_teams_name on wheelhouse.alert_teams using btree (org_id, lower(name));
alter table wheelhouse.alert_teams enable row level security, force row level security;
create policy by_organization on wheelhouse.alert_teams to wheelhouse_app using ((org_id = any (wheelhouse.current_organizations()))) with check ((org_id = any (wheelhouse.current_organizations())));
create policy by_system on wheelhouse.alert_teams to wheelhouse_system using (true) with check (true);
grant delete, insert, select, update on wheelhouse.alert_teams to wheelhouse_app;
grant select on wheelhouse.alert_teams to wheelhouse_system;

create table wheelhouse.api_tokens (
  id uuid not null default wheelhouse.uuidv7(),
  org_id uuid not null,
  name text not null,
  prefix text not null,
  token_hash bytea not null,
  capabilities text[] not null,
  created_by uuid not null,
  created_at timestamptz not null default now(),
  expires_at timestamptz,
  last_used_at timestamptz,
  revoked_at timestamptz,
  constraint api_tokens_pkey primary key (id),
  constraint api_tokens_token_hash_key unique (token_hash),
  constraint api_tokens_created_by_fkey foreign key (created_by) references wheelhouse.users(id),
  constraint api_tokens_org_id_fkey foreign key (org_id) references wheelhouse.organizations(id),
  constraint api_tokens_capabilities_check check (((cardinality(capabilities) >= 1) and (cardinality(capabilities) <= 100))),
  constraint api_tokens_name_check check (((length(name) >= 1) and (length(name) <= 100))),
  constraint api_tokens_prefix_check check (((length(prefix) >= 8) and (length(prefix) <= 16))),
  constraint api_tokens_token_hash_check check ((octet_length(token_hash) = 32))
);
create index api_tokens_created_by on wheelhouse.api_tokens using btree (created_by, org_id);
create index api_tokens_newest on wheelhouse.api_tokens using btree (org_id, id desc) where (revoked_at is null);
alter table wheelhouse.api_tokens enable row level security, force row level security;
create policy by_organization on wheelhouse.api_tokens to wheelhouse_app using ((org_id = any (wheelhouse.current_organizations()))) with check ((org_id = any (wheelhouse.current_organizations())));
create policy by_system on wheelhouse.api_tokens to wheelhouse_system using (true) with check (true);
grant insert, select, update on wheelhouse.api_tokens to wheelhouse_app;
grant select on wheelhouse.api_tokens to wheelhouse_system;
grant update (last_used_at) on wheelhouse.api_tokens to wheelhouse_system;

create table wheelhouse.audit_activity (
  org_id uuid not null,
  hour timestamptz not null,
  actor text not null,
  action text not null,
  outcome text not null,
  events integer not null,
  constraint audit_activity_pkey primary key (org_id, hour, actor, action, outcome)
);
alter table wheelhouse.audit_activity enable row level security, force row level security;
create policy by_organization on wheelhouse.audit_activity to wheelhouse_app using ((org_id = any (wheelhouse.current_organizations()))) with check ((org_id = any (wheelhouse.current_organizations())));
create policy by_system on wheelhouse.audit_activity to wheelhouse_system using (true) with check (true);
grant delete, insert, select, update on wheelhouse.audit_activity to wheelhouse_system;
grant select on wheelhouse.audit_activity to wheelhouse_app;

create table wheelhouse.audit_blocks (
  org_id uuid not null,
  number bigint not null,
  first_at timestamptz not null,
  last_at timestamptz not null,
  ndjson text not null,
  csv_rows text,
  csv_ends integer[],
  constraint audit_blocks_pkey primary key (org_id, number),
  constraint audit_blocks_csv_ends_check check (((csv_ends is null) or ((csv_rows is not null) and (csv_ends[256] = octet_length(csv_rows))))),
  constraint audit_blocks_number_check check ((number >= 0))
);
create index audit_blocks_csv on wheelhouse.audit_blocks using btree (org_id, number) where (csv_ends is null);
alter table wheelhouse.audit_blocks enable row level security, force row level security;
create policy by_building on wheelhouse.audit_blocks to wheelhouse_owner using (true) with check (true);
create policy by_organization on wheelhouse.audit_blocks to wheelhouse_app using ((org_id = any (wheelhouse.current_organizations()))) with check ((org_id = any (wheelhouse.current_organizations())));
create policy by_system on wheelhouse.audit_blocks to wheelhouse_system using (true) with check (true);
create trigger refuse_change before delete or update on wheelhouse.audit_blocks for each row execute function wheelhouse.refuse_audit_block_change(); -- always
create trigger refuse_truncate before truncate on wheelhouse.audit_blocks for each statement execute function wheelhouse.refuse_audit_change(); -- always
grant select on wheelhouse.audit_blocks to wheelhouse_app;
grant select on wheelhouse.audit_blocks to wheelhouse_system;

create table wheelhouse.audit_chain (
  org_id uuid not null,
  seq bigint not null,
  audit_id uuid not null,
  recorded_at timestamptz not null,
  content_hash bytea not null,
  prev bytea not null,
  hash bytea not null,
  constraint audit_chain_pkey primary key (org_id, seq),
  constraint audit_chain_audit_id_key unique (audit_id),
  constraint audit_chain_org_id_prev_key unique (org_id, prev),
  constraint audit_chain_seq_check check ((seq > 0))
);
alter table wheelhouse.audit_chain enable row level security, force row level security;
create policy by_organization on wheelhouse.audit_chain to wheelhouse_app using ((org_id = any (( select wheelhouse.current_organizations() as current_organizations)::uuid[]))) with check ((org_id = any (wheelhouse.current_organizations())));
create policy by_seal on wheelhouse.audit_chain to wheelhouse_owner using (true) with check (true);
create policy by_search on wheelhouse.audit_chain for select to wheelhouse_search using (true);
create policy by_system on wheelhouse.audit_chain to wheelhouse_system using (true) with check (true);
create trigger refuse_change before delete or update on wheelhouse.audit_chain for each row execute function wheelhouse.refuse_audit_change(); -- always
create trigger refuse_truncate before truncate on wheelhouse.audit_chain for each statement execute function wheelhouse.refuse_audit_change(); -- always
grant select on wheelhouse.audit_chain to wheelhouse_app;
grant select on wheelhouse.audit_chain to wheelhouse_system;
grant select (org_id, seq, recorded_at) on wheelhouse.audit_chain to wheelhouse_search;

create table wheelhouse.audit_checkpoints (
  org_id uuid not null,
  number bigint not null,
  seq bigint not null,
  hash text not null,
  key_id text not null,
  line text not null,
  created_at timestamptz not null default now(),
  constraint audit_checkpoints_pkey primary key (org_id, number),
  constraint audit_checkpoints_line_check check ((octet_length(line) <= 4096))
);
create index audit_checkpoints_seq on wheelhouse.audit_checkpoints using btree (org_id, seq, number);
alter table wheelhouse.audit_checkpoints enable row level security, force row level security;
create policy by_expiry on wheelhouse.audit_checkpoints for select to wheelhouse_owner using (true);
create policy by_organization on wheelhouse.audit_checkpoints to wheelhouse_app using ((org_id = any (wheelhouse.current_organizations()))) with check ((org_id = any (wheelhouse.current_organizations())));
create policy by_system on wheelhouse.audit_checkpoints to wheelhouse_system using (true) with check (true);
create trigger derive before insert on wheelhouse.audit_checkpoints for each row execute function wheelhouse.derive_audit_checkpoint(); -- always
create trigger refuse_change before delete or update on wheelhouse.audit_checkpoints for each row execute function wheelhouse.refuse_audit_change(); -- always
create trigger refuse_truncate before truncate on wheelhouse.audit_checkpoints for each statement execute function wheelhouse.refuse_audit_change(); -- always
grant select on wheelhouse.audit_checkpoints to wheelhouse_app;
grant select on wheelhouse.audit_checkpoints to wheelhouse_system;
grant insert (org_id, line) on wheelhouse.audit_checkpoints to wheelhouse_system;

create table wheelhouse.audit_events (
  id uuid not null,
  org_id uuid not null,
  recorded_at timestamptz not null default date_trunc('milliseconds'::text, now()),
  content text not null,
  action text not null,
  outcome text not null,
  actor_type text not null,
  actor_id text,
  actor_display text not null,
  target_keys text[] not null,
  search_text text not null,
  class text not null generated always as (split_part(split_part(action, '.'::text, 1), ':'::text, 1)) stored,
  constraint audit_events_pkey primary key (id, recorded_at),
  constraint audit_events_content_check check ((octet_length(content) <= 65536)),
  constraint audit_events_outcome_check check ((outcome = any (array['success'::text, 'denied'::text, 'failure'::text])))
) partition by range (recorded_at);
create index audit_events_action on only wheelhouse.audit_events using btree (org_id, action, recorded_at desc, id desc);
create index audit_events_actor on only wheelhouse.audit_events using btree (org_id, actor_id, recorded_at desc, id desc);
create index audit_events_newest on only wheelhouse.audit_events using btree (org_id, recorded_at desc, id desc);
create index audit_events_refused on only wheelhouse.audit_events using btree (org_id, outcome, recorded_at desc, id desc) where (outcome <> 'success'::text);
create index audit_events_words on only wheelhouse.audit_events using gin (wheelhouse.audit_words(org_id, recorded_at, action, outcome, actor_id, actor_display, target_keys, search_text));
alter table wheelhouse.audit_events enable row level security, force row level security;
create policy by_expiry on wheelhouse.audit_events for select to wheelhouse_owner using (true);
create policy by_expiry_removal on wheelhouse.audit_events for delete to wheelhouse_owner using (true);
create policy by_organization on wheelhouse.audit_events to wheelhouse_app using ((org_id = any (( select wheelhouse.current_organizations() as current_organizations)::uuid[]))) with check ((org_id = any (wheelhouse.current_organizations())));
create policy by_owner on wheelhouse.audit_events for insert to wheelhouse_owner with check (true);
create policy by_search on wheelhouse.audit_events for select to wheelhouse_search using (true);
create policy by_system on wheelhouse.audit_events to wheelhouse_system using (true) with check (true);
create trigger derive before insert on wheelhouse.audit_events for each row execute function wheelhouse.derive_audit_event(); -- always
create trigger refuse_change before delete or update on wheelhouse.audit_events for each row execute function wheelhouse.refuse_audit_change(); -- always
create trigger refuse_truncate before truncate on wheelhouse.audit_events for each statement execute function wheelhouse.refuse_audit_change(); -- always
create constraint trigger seal after insert on wheelhouse.audit_events deferrable initially deferred for each row execute function wheelhouse.seal_audit_event(); -- always
grant select on wheelhouse.audit_events to wheelhouse_app;
grant select on wheelhouse.audit_events to wheelhouse_search;
grant select on wheelhouse.audit_events to wheelhouse_system;
grant insert (id, org_id, content) on wheelhouse.audit_events to wheelhouse_app;
grant insert (id, org_id, content) on wheelhouse.audit_events to wheelhouse_system;

create table wheelhouse.audit_expirations (
  org_id uuid not null,
  upto_seq bigint not null,
  checkpoint_number bigint not null,
  expired_at timestamptz not null default now(),
  constraint audit_expirations_pkey primary key (org_id, upto_seq),
  constraint audit_expirations_upto_seq_check check ((upto_seq > 0))
);
alter table wheelhouse.audit_expirations enable row level security, force row level security;
create policy by_expiry on wheelhouse.audit_expirations to wheelhouse_owner using (true) with check (true);
create policy by_organization on wheelhouse.audit_expirations to wheelhouse_app using ((org_id = any (wheelhouse.current_organizations()))) with check ((org_id = any (wheelhouse.current_organizations())));
create policy by_search on wheelhouse.audit_expirations for select to wheelhouse_search using (true);
create policy by_system on wheelhouse.audit_expirations to wheelhouse_system using (true) with check (true);
create trigger derive before insert on wheelhouse.audit_expirations for each row execute function wheelhouse.check_audit_expiration(); -- always
create trigger refuse_change before delete or update on wheelhouse.audit_expirations for each row execute function wheelhouse.refuse_audit_change(); -- always
create trigger refuse_truncate before truncate on wheelhouse.audit_expirations for each statement execute function wheelhouse.refuse_audit_change(); -- always
grant select on wheelhouse.audit_expirations to wheelhouse_app;
grant select on wheelhouse.audit_expirations to wheelhouse_system;
grant select (org_id, upto_seq) on wheelhouse.audit_expirations to wheelhouse_search;

create table wheelhouse.audit_heads (
  org_id uuid not null,
  seq bigint not null,
  hash bytea not null,
  constraint audit_heads_pkey primary key (org_id)
);
alter table wheelhouse.audit_heads enable row level security, force row level security;
create policy by_organization on wheelhouse.audit_heads to wheelhouse_app using ((org_id = any (wheelhouse.current_organizations()))) with check ((org_id = any (wheelhouse.current_organizations())));
create policy by_seal on wheelhouse.audit_heads to wheelhouse_owner using (true) with check (true);
create policy by_system on wheelhouse.audit_heads to wheelhouse_system using (true) with check (true);
create trigger refuse_change before delete on wheelhouse.audit_heads for each row execute function wheelhouse.refuse_audit_change(); -- always
create trigger refuse_truncate before truncate on wheelhouse.audit_heads for each statement execute function wheelhouse.refuse_audit_change(); -- always
create trigger step before update on wheelhouse.audit_heads for each row execute function wheelhouse.step_audit_head(); -- always
grant select on wheelhouse.audit_heads to wheelhouse_app;
grant select on wheelhouse.audit_heads to wheelhouse_system;

create table wheelhouse.audit_intake_keys (
  org_id uuid not null,
  reporter text not null,
  key text not null,
  request_hash bytea not null,
  audit_id uuid not null,
  created_at timestamptz not null default now(),
  constraint audit_intake_keys_pkey primary key (org_id, reporter, key)
);
create index audit_intake_keys_age on wheelhouse.audit_intake_keys using btree (created_at);
alter table wheelhouse.audit_intake_keys enable row level security, force row level security;
create policy by_organization on wheelhouse.audit_intake_keys to wheelhouse_app using ((org_id = any (wheelhouse.current_organizations()))) with check ((org_id = any (wheelhouse.current_organizations())));
create policy by_system on wheelhouse.audit_intake_keys to wheelhouse_system using (true) with check (true);
grant delete, select on wheelhouse.audit_intake_keys to wheelhouse_system;
grant insert, select on wheelhouse.audit_intake_keys to wheelhouse_app;

create table wheelhouse.audit_known (
  org_id uuid not null,
  kind text not null,
  value text not null,
  label text not null,
  detail text,
  events bigint not null,
  last_at timestamptz not null,
  constraint audit_known_pkey primary key (org_id, kind, value),
  constraint audit_known_kind_check check ((kind = any (array['actor'::text, 'action'::text, 'outcome'::text, 'target'::text])))
);
create index audit_known_newest on wheelhouse.audit_known using btree (org_id, kind, last_at desc);
alter table wheelhouse.audit_known enable row level security, force row level security;
create policy by_organization on wheelhouse.audit_known to wheelhouse_app using ((org_id = any (wheelhouse.current_organizations()))) with check ((org_id = any (wheelhouse.current_organizations())));
create policy by_system on wheelhouse.audit_known to wheelhouse_system using (true) with check (true);
grant delete, insert, select, update on wheelhouse.audit_known to wheelhouse_system;
grant select on wheelhouse.audit_known to wheelhouse_app;

create table wheelhouse.audit_legal_holds (
  id uuid not null default wheelhouse.uuidv7(),
  org_id uuid not null,
  reason text not null,
  placed_by text not null,
  placed_at timestamptz not null default now(),
  released_by text,
  released_at timestamptz,
  constraint audit_legal_holds_pkey primary key (id),
  constraint audit_legal_holds_org_id_fkey foreign key (org_id) references wheelhouse.organizations(id),
  constraint audit_legal_holds_check check (((released_at is null) = (released_by is null))),
  constraint audit_legal_holds_reason_check check (((length(reason) >= 1) and (length(reason) <= 1000)))
);
create index audit_legal_holds_open on wheelhouse.audit_legal_holds using btree (org_id) where (released_at is null);
alter table wheelhouse.audit_legal_holds enable row level security, force row level security;
create policy by_expiry on wheelhouse.audit_legal_holds for select to wheelhouse_owner using (true);
create policy by_organization on wheelhouse.audit_legal_holds to wheelhouse_app using ((org_id = any (wheelhouse.current_organizations()))) with check ((org_id = any (wheelhouse.current_organizations())));
create policy by_system on wheelhouse.audit_legal_holds to wheelhouse_system using (true) with check (true);
create trigger await_expiry before insert or update on wheelhouse.audit_legal_holds for each row execute function wheelhouse.await_audit_expiry(); -- always
grant insert, select, update on wheelhouse.audit_legal_holds to wheelhouse_app;
grant insert, select, update on wheelhouse.audit_legal_holds to wheelhouse_system;

create table wheelhouse.audit_retention (
  org_id uuid not null,
  keep_days integer,
  updated_at timestamptz not null default now(),
  constraint audit_retention_pkey primary key (org_id),
  constraint audit_retention_org_id_fkey foreign key (org_id) references wheelhouse.organizations(id),
  constraint audit_retention_keep_days_check check (((keep_days >= 1) and (keep_days <= 36500)))
);
alter table wheelhouse.audit_retention enable row level security, force row level security;
create policy by_organization on wheelhouse.audit_retention to wheelhouse_app using ((org_id = any (wheelhouse.current_organizations()))) with check ((org_id = any (wheelhouse.current_organizations())));
create policy by_system on wheelhouse.audit_retention to wheelhouse_system using (true) with check (true);
grant insert, select, update on wheelhouse.audit_retention to wheelhouse_app;
grant insert, select, update on wheelhouse.audit_retention to wheelhouse_system;

create table wheelhouse.audit_review_comments (
  id uuid not null default wheelhouse.uuidv7(),
  review_id uuid not null,
  org_id uuid not null,
  audit_id uuid not null,
  author_id text not null,
  author_name text not null,
  text text not null,
  created_at timestamptz not null default now(),
  constraint audit_review_comments_pkey primary key (id),
  constraint audit_review_comments_review_id_audit_id_fkey foreign key (review_id, audit_id) references wheelhouse.audit_review_items(review_id, audit_id),
  constraint audit_review_comments_review_id_fkey foreign key (review_id) references wheelhouse.audit_reviews(id),
  constraint audit_review_comments_text_check check (((length(text) >= 1) and (length(text) <= 1000)))
);
create index audit_review_comments_event on wheelhouse.audit_review_comments using btree (review_id, audit_id, created_at);
alter table wheelhouse.audit_review_comments enable row level security, force row level security;
create policy by_organization on wheelhouse.audit_review_comments to wheelhouse_app using ((org_id = any (wheelhouse.current_organizations()))) with check ((org_id = any (wheelhouse.current_organizations())));
create policy by_system on wheelhouse.audit_review_comments to wheelhouse_system using (true) with check (true);
grant insert, select on wheelhouse.audit_review_comments to wheelhouse_app;

create table wheelhouse.audit_review_items (
  review_id uuid not null,
  org_id uuid not null,
  audit_id uuid not null,
  seq bigint not null,
  recorded_at timestamptz not null,
  actor_id text,
  mark text,
  marked_by text,
  marked_by_name text,
  marked_at timestamptz,
  settled_by text,
  settled_by_name text,
  settled_at timestamptz,
  constraint audit_review_items_pkey primary key (review_id, audit_id),
  constraint audit_review_items_review_id_fkey foreign key (review_id) references wheelhouse.audit_reviews(id),
  constraint audit_review_items_check check (((mark is null) = (marked_by is null))),
  constraint audit_review_items_check1 check (((settled_at is null) or (mark = 'flagged'::text))),
  constraint audit_review_items_mark_check check ((mark = any (array['reviewed'::text, 'flagged'::text])))
);
create index audit_review_items_place on wheelhouse.audit_review_items using btree (review_id, seq desc);
alter table wheelhouse.audit_review_items enable row level security, force row level security;
create policy by_organization on wheelhouse.audit_review_items to wheelhouse_app using ((org_id = any (wheelhouse.current_organizations()))) with check ((org_id = any (wheelhouse.current_organizations())));
create policy by_system on wheelhouse.audit_review_items to wheelhouse_system using (true) with check (true);
grant insert, select, update on wheelhouse.audit_review_items to wheelhouse_app;

create table wheelhouse.audit_reviews (
  id uuid not null default wheelhouse.uuidv7(),
  org_id uuid not null,
  name text not null,
  from_at timestamptz not null,
  to_at timestamptz not null,
  filter jsonb not null,
  view_name text,
  opened_by text not null,
  opened_by_name text not null,
  opened_at timestamptz not null default now(),
  covered_seq bigint not null,
  covered_hash text not null,
  signed_by text,
  signed_by_name text,
  signed_at timestamptz,
  comment text,
  not_reviewed integer,
  same_inviter integer,
  same_address integer,
  constraint audit_reviews_pkey primary key (id),
  constraint audit_reviews_org_id_fkey foreign key (org_id) references wheelhouse.organizations(id),
  constraint audit_reviews_check check ((from_at < to_at)),
  constraint audit_reviews_check1 check (((signed_at is null) = (signed_by is null))),
  constraint audit_reviews_name_check check (((length(name) >= 1) and (length(name) <= 120)))
);
create index audit_reviews_newest on wheelhouse.audit_reviews using btree (org_id, opened_at desc, id desc);
alter table wheelhouse.audit_reviews enable row level security, force row level security;
create policy by_organization on wheelhouse.audit_reviews to wheelhouse_app using ((org_id = any (wheelhouse.current_organizations()))) with check ((org_id = any (wheelhouse.current_organizations())));
create policy by_system on wheelhouse.audit_reviews to wheelhouse_system using (true) with check (true);
grant insert, select, update on wheelhouse.audit_reviews to wheelhouse_app;

create table wheelhouse.audit_rolled (
  org_id uuid not null,
  seq bigint not null default 0,
  constraint audit_rolled_pkey primary key (org_id)
);
alter table wheelhouse.audit_rolled enable row level security, force row level security;
create policy by_organization on wheelhouse.audit_rolled to wheelhouse_app using ((org_id = any (wheelhouse.current_organizations()))) with check ((org_id = any (wheelhouse.current_organizations())));
create policy by_system on wheelhouse.audit_rolled to wheelhouse_system using (true) with check (true);
grant delete, insert, select, update on wheelhouse.audit_rolled to wheelhouse_system;
grant select on wheelhouse.audit_rolled to wheelhouse_app;

create table wheelhouse.audit_sink_state (
  sink text not null,
  org_id uuid not null,
  number bigint not null,
  updated_at timestamptz not null default now(),
  constraint audit_sink_state_pkey primary key (sink, org_id)
);
alter table wheelhouse.audit_sink_state enable row level security, force row level security;
create policy by_organization on wheelhouse.audit_sink_state to wheelhouse_app using ((org_id = any (wheelhouse.current_organizations()))) with check ((org_id = any (wheelhouse.current_organizations())));
create policy by_system on wheelhouse.audit_sink_state to wheelhouse_system using (true) with check (true);
grant insert, select, update on wheelhouse.audit_sink_state to wheelhouse_system;
grant select on wheelhouse.audit_sink_state to wheelhouse_app;

create table wheelhouse.audit_views (
  id uuid not null default wheelhouse.uuidv7(),
  org_id uuid not null,
  owner_id text not null,
  owner_name text not null,
  name text not null,
  shared boolean not null,
  filter jsonb not null,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint audit_views_pkey primary key (id),
  constraint audit_views_org_id_fkey foreign key (org_id) references wheelhouse.organizations(id),
  constraint audit_views_name_check check (((length(name) >= 1) and (length(name) <= 80)))
);
create unique index audit_views_own_name on wheelhouse.audit_views using btree (org_id, owner_id, lower(name));
alter table wheelhouse.audit_views enable row level security, force row level security;
create policy by_organization on wheelhouse.audit_views to wheelhouse_app using ((org_id = any (wheelhouse.current_organizations()))) with check ((org_id = any (wheelhouse.current_organizations())));
create policy by_system on wheelhouse.audit_views to wheelhouse_system using (true) with check (true);
grant delete, insert, select, update on wheelhouse.audit_views to wheelhouse_app;

create table wheelhouse.cache_figures (
  org_id uuid not null,
  at timestamptz(0) not null,
  service text not null,
  cache text not null,
  hits bigint not null,
  misses bigint not null,
  entries bigint,
  size_bytes bigint,
  constraint cache_figures_pkey primary key (org_id, at, service, cache),
  constraint cache_figures_org_id_fkey foreign key (org_id) references wheelhouse.organizations(id)
);
create index cache_figures_oldest on wheelhouse.cache_figures using btree (at);
alter table wheelhouse.cache_figures enable row level security, force row level security;
create policy by_organization on wheelhouse.cache_figures to wheelhouse_app using ((org_id = any (wheelhouse.current_organizations()))) with check ((org_id = any (wheelhouse.current_organizations())));
create policy by_system on wheelhouse.cache_figures to wheelhouse_system using (true) with check (true);
grant delete, insert, select on wheelhouse.cache_figures to wheelhouse_system;
grant select on wheelhouse.cache_figures to wheelhouse_app;

create table wheelhouse.cache_removals (
  id uuid not null default wheelhouse.uuidv7(),
  org_id uuid not null,
  cache_id text not null,
  cache_name text not null,
  source_id text not null,
  prefix text not null,
  store text,
  by text not null,
  value text not null,
  reason text not null,
  actor_display text not null,
  created_at timestamptz not null default now(),
  state text not null default 'running'::text,
  place text not null default '0'::text,
  looked bigint not null default 0,
  total_keys bigint,
  removed bigint not null default 0,
  cause text,
  cancel_requested_at timestamptz,
  runner text,
  told_at timestamptz not null default now(),
  ended_at timestamptz,
  constraint cache_removals_pkey primary key (id),
  constraint cache_removals_org_id_fkey foreign key (org_id) references wheelhouse.organizations(id),
  constraint cache_removals_by_check check ((by = any (array['key'::text, 'pattern'::text, 'prefix'::text, 'tag'::text]))),
  constraint cache_removals_cache_id_check check (((length(cache_id) >= 1) and (length(cache_id) <= 1000))),
  constraint cache_removals_check check (((state = 'running'::text) = (ended_at is null))),
  constraint cache_removals_prefix_check check (((length(prefix) >= 1) and (length(prefix) <= 200))),
  constraint cache_removals_state_check check ((state = any (array['running'::text, 'done'::text, 'cancelled'::text, 'failed'::text]))),
  constraint cache_removals_value_check check (((length(value) >= 1) and (length(value) <= 500)))
);
create index cache_removals_newest on wheelhouse.cache_removals using btree (org_id, cache_id, created_at desc);
create unique index cache_removals_running on wheelhouse.cache_removals using btree (org_id, cache_id) where (state = 'running'::text);
alter table wheelhouse.cache_removals enable row level security, force row level security;
create policy by_organization on wheelhouse.cache_removals to wheelhouse_app using ((org_id = any (wheelhouse.current_organizations()))) with check ((org_id = any (wheelhouse.current_organizations())));
create policy by_system on wheelhouse.cache_removals to wheelhouse_system using (true) with check (true);
grant delete, insert, select, update on wheelhouse.cache_removals to wheelhouse_system;
grant insert, select on wheelhouse.cache_removals to wheelhouse_app;
grant update (cancel_requested_at) on wheelhouse.cache_removals to wheelhouse_app;

create table wheelhouse.daily_figures (
  org_id uuid not null,
  day date not null,
  deliveries bigint not null,
  completed bigint not null,
  dead_letters bigint not null,
  attempts bigint not null,
  audit_events bigint not null,
  audit_refused bigint not null,
  audit_actors bigint not null,
  made_at timestamptz(3) not null default now(),
  constraint daily_figures_pkey primary key (org_id, day),
  constraint daily_figures_org_id_fkey foreign key (org_id) references wheelhouse.organizations(id)
);
alter table wheelhouse.daily_figures enable row level security, force row level security;
create policy by_organization on wheelhouse.daily_figures to wheelhouse_app using ((org_id = any (wheelhouse.current_organizations()))) with check ((org_id = any (wheelhouse.current_organizations())));
create policy by_system on wheelhouse.daily_figures to wheelhouse_system using (true) with check (true);
grant delete, insert, select, update on wheelhouse.daily_figures to wheelhouse_system;
grant select on wheelhouse.daily_figures to wheelhouse_app;

create table wheelhouse.database_reports (
  org_id uuid not null,
  made_at timestamptz(3) not null default now(),
  content jsonb not null,
  constraint database_reports_pkey primary key (org_id, made_at),
  constraint database_reports_org_id_fkey foreign key (org_id) references wheelhouse.organizations(id)
);
alter table wheelhouse.database_reports enable row level security, force row level security;
create policy by_organization on wheelhouse.database_reports to wheelhouse_app using ((org_id = any (wheelhouse.current_organizations()))) with check ((org_id = any (wheelhouse.current_organizations())));
create policy by_system on wheelhouse.database_reports to wheelhouse_system using (true) with check (true);
grant delete, insert, select on wheelhouse.database_reports to wheelhouse_system;
grant select on wheelhouse.database_reports to wheelhouse_app;

create table wheelhouse.deployments (
  id uuid not null default wheelhouse.uuidv7(),
  org_id uuid not null,
  service text not null,
  version text not null,
  deployed_at timestamptz not null,
  deployed_by text not null,
  url text,
  created_at timestamptz not null default now(),
  constraint deployments_pkey primary key (id),
  constraint deployments_org_id_fkey foreign key (org_id) references wheelhouse.organizations(id),
  constraint deployments_deployed_by_check check (((length(deployed_by) >= 1) and (length(deployed_by) <= 100))),
  constraint deployments_service_check check (((length(service) >= 1) and (length(service) <= 100))),
  constraint deployments_url_check check ((length(url) <= 500)),
  constraint deployments_version_check check (((length(version) >= 1) and (length(version) <= 100)))
);
create index deployments_deployed on wheelhouse.deployments using btree (org_id, deployed_at desc, id desc);
create index deployments_newest on wheelhouse.deployments using btree (org_id, created_at desc, id desc);
alter table wheelhouse.deployments enable row level security, force row level security;
create policy by_organization on wheelhouse.deployments to wheelhouse_app using ((org_id = any (wheelhouse.current_organizations()))) with check ((org_id = any (wheelhouse.current_organizations())));
create policy by_system on wheelhouse.deployments to wheelhouse_system using (true) with check (true);
grant insert, select on wheelhouse.deployments to wheelhouse_app;
grant select on wheelhouse.deployments to wheelhouse_system;

create table wheelhouse.heartbeat_secrets (
  org_id uuid not null,
  service text not null,
  instance text not null,
  secret_hash bytea not null,
  secret_hint text not null,
  issued_at timestamptz(3) not null,
  constraint heartbeat_secrets_pkey primary key (org_id, service, instance),
  constraint heartbeat_secrets_org_id_fkey foreign key (org_id) references wheelhouse.organizations(id),
  constraint heartbeat_secrets_instance_check check (((length(instance) >= 1) and (length(instance) <= 100))),
  constraint heartbeat_secrets_secret_hash_check check ((length(secret_hash) = 32)),
  constraint heartbeat_secrets_secret_hint_check check ((length(secret_hint) = 4)),
  constraint heartbeat_secrets_service_check check (((length(service) >= 1) and (length(service) <= 130)))
);
alter table wheelhouse.heartbeat_secrets enable row level security, force row level security;
create policy by_organization on wheelhouse.heartbeat_secrets to wheelhouse_app using ((org_id = any (wheelhouse.current_organizations()))) with check ((org_id = any (wheelhouse.current_organizations())));
create policy by_system on wheelhouse.heartbeat_secrets to wheelhouse_system using (true) with check (true);
grant delete, insert, select, update on wheelhouse.heartbeat_secrets to wheelhouse_app;
grant select on wheelhouse.heartbeat_secrets to wheelhouse_system;

create table wheelhouse.history_chunks (
  org_id uuid not null,
  kind text not null,
  entity text not null,
  step_s integer not null,
  starts_at timestamptz not null,
  metrics text[] not null,
  means real[] not null,
  mins real[] not null,
  maxs real[] not null,
  constraint history_chunks_pkey primary key (org_id, kind, entity, step_s, starts_at),
  constraint history_chunks_org_id_fkey foreign key (org_id) references wheelhouse.organizations(id),
  constraint history_chunks_step_s_check check ((step_s = any (array[10, 60, 3600])))
);
create index history_chunks_oldest on wheelhouse.history_chunks using btree (step_s, starts_at);
alter table wheelhouse.history_chunks enable row level security, force row level security;
create policy by_organization on wheelhouse.history_chunks to wheelhouse_app using ((org_id = any (wheelhouse.current_organizations()))) with check ((org_id = any (wheelhouse.current_organizations())));
create policy by_system on wheelhouse.history_chunks to wheelhouse_system using (true) with check (true);
grant delete, insert, select, update on wheelhouse.history_chunks to wheelhouse_system;
grant select on wheelhouse.history_chunks to wheelhouse_app;

create table wheelhouse.history_frames (
  org_id uuid not null,
  at timestamptz not null,
  part text not null,
  base_at timestamptz,
  keep_until timestamptz not null,
  packed bytea not null,
  constraint history_frames_pkey primary key (org_id, at, part),
  constraint history_frames_org_id_fkey1 foreign key (org_id) references wheelhouse.organizations(id)
);
create index history_frames_expired on wheelhouse.history_frames using btree (keep_until);
alter table wheelhouse.history_frames enable row level security, force row level security;
create policy by_organization on wheelhouse.history_frames to wheelhouse_app using ((org_id = any (wheelhouse.current_organizations()))) with check ((org_id = any (wheelhouse.current_organizations())));
create policy by_system on wheelhouse.history_frames to wheelhouse_system using (true) with check (true);
grant delete, insert, select on wheelhouse.history_frames to wheelhouse_system;
grant select on wheelhouse.history_frames to wheelhouse_app;

create table wheelhouse.history_journal (
  id uuid not null default wheelhouse.uuidv7(),
  org_id uuid not null,
  at timestamptz not null,
  kind text not null,
  subject_id text,
  subject text not null,
  from_state text,
  to_state text,
  text text not null,
  cause text not null,
  constraint history_journal_pkey primary key (id),
  constraint history_journal_org_id_fkey foreign key (org_id) references wheelhouse.organizations(id)
);
create index history_journal_newest on wheelhouse.history_journal using btree (org_id, at desc, id desc);
create index history_journal_oldest on wheelhouse.history_journal using btree (at);
create index history_journal_subject on wheelhouse.history_journal using btree (org_id, subject, at desc, id desc);
create index history_journal_subject_id on wheelhouse.history_journal using btree (org_id, subject_id, at desc, id desc);
alter table wheelhouse.history_journal enable row level security, force row level security;
create policy by_organization on wheelhouse.history_journal to wheelhouse_app using ((org_id = any (wheelhouse.current_organizations()))) with check ((org_id = any (wheelhouse.current_organizations())));
create policy by_system on wheelhouse.history_journal to wheelhouse_system using (true) with check (true);
grant delete, insert, select on wheelhouse.history_journal to wheelhouse_system;
grant select on wheelhouse.history_journal to wheelhouse_app;

create table wheelhouse.history_moves (
  id uuid not null default wheelhouse.uuidv7(),
  org_id uuid not null,
  kind text not null,
  entity text not null,
  name text not null,
  part text not null,
  at timestamptz not null,
  state text not null,
  from_state text,
  failure_ratio real,
  constraint history_moves_pkey primary key (id),
  constraint history_moves_org_id_kind_entity_part_at_state_key unique (org_id, kind, entity, part, at, state),
  constraint history_moves_org_id_fkey foreign key (org_id) references wheelhouse.organizations(id)
);
create index history_moves_newest on wheelhouse.history_moves using btree (org_id, kind, at desc, id desc);
create index history_moves_of_entity on wheelhouse.history_moves using btree (org_id, kind, entity, at desc, id desc);
create index history_moves_oldest on wheelhouse.history_moves using btree (at);
alter table wheelhouse.history_moves enable row level security, force row level security;
create policy by_organization on wheelhouse.history_moves to wheelhouse_app using ((org_id = any (wheelhouse.current_organizations()))) with check ((org_id = any (wheelhouse.current_organizations())));
create policy by_system on wheelhouse.history_moves to wheelhouse_system using (true) with check (true);
grant delete, insert, select on wheelhouse.history_moves to wheelhouse_system;
grant select on wheelhouse.history_moves to wheelhouse_app;

create table wheelhouse.history_open (
  org_id uuid not null,
  kind text not null,
  entity text not null,
  starts_at timestamptz not null,
  metrics text[] not null,
  means real[] not null,
  constraint history_open_pkey primary key (org_id, kind, entity),
  constraint history_open_org_id_fkey foreign key (org_id) references wheelhouse.organizations(id)
) with (fillfactor=40);
alter table wheelhouse.history_open enable row level security, force row level security;
create policy by_organization on wheelhouse.history_open to wheelhouse_app using ((org_id = any (wheelhouse.current_organizations()))) with check ((org_id = any (wheelhouse.current_organizations())));
create policy by_system on wheelhouse.history_open to wheelhouse_system using (true) with check (true);
grant delete, insert, select, update on wheelhouse.history_open to wheelhouse_system;
grant select on wheelhouse.history_open to wheelhouse_app;

create table wheelhouse.history_rollups (
  starts_at timestamptz not null,
  constraint history_rollups_pkey primary key (starts_at)
);
grant delete, insert, select on wheelhouse.history_rollups to wheelhouse_system;
grant select on wheelhouse.history_rollups to wheelhouse_app;

create table wheelhouse.idempotency_keys (
  org_id uuid not null,
  actor_id text not null,
  key text not null,
  request_hash bytea not null,
  result bytea,
  created_at timestamptz not null default now(),
  constraint idempotency_keys_pkey primary key (org_id, actor_id, key),
  constraint idempotency_keys_org_id_fkey foreign key (org_id) references wheelhouse.organizations(id),
  constraint idempotency_keys_key_check check (((length(key) >= 1) and (length(key) <= 200)))
);
create index idempotency_keys_created_at on wheelhouse.idempotency_keys using btree (created_at);
alter table wheelhouse.idempotency_keys enable row level security, force row level security;
create policy by_organization on wheelhouse.idempotency_keys to wheelhouse_app using ((org_id = any (wheelhouse.current_organizations()))) with check ((org_id = any (wheelhouse.current_organizations())));
create policy by_system on wheelhouse.idempotency_keys to wheelhouse_system using (true) with check (true);
grant delete, insert, select, update on wheelhouse.idempotency_keys to wheelhouse_app;
grant delete, insert, select, update on wheelhouse.idempotency_keys to wheelhouse_system;

create table wheelhouse.incident_entries (
  id uuid not null default wheelhouse.uuidv7(),
  org_id uuid not null,
  incident_id uuid not null,
  at timestamptz(3) not null default now(),
  kind text not null,
  text text not null,
  by text,
  constraint incident_entries_pkey primary key (id),
  constraint incident_entries_incident_id_fkey foreign key (incident_id) references wheelhouse.incidents(id),
  constraint incident_entries_org_id_fkey foreign key (org_id) references wheelhouse.organizations(id)
);
create index incident_entries_newest on wheelhouse.incident_entries using btree (org_id, at desc, id desc);
create index incident_entries_of_incident on wheelhouse.incident_entries using btree (org_id, incident_id, at desc, id desc);
alter table wheelhouse.incident_entries enable row level security, force row level security;
create policy by_organization on wheelhouse.incident_entries to wheelhouse_app using ((org_id = any (wheelhouse.current_organizations()))) with check ((org_id = any (wheelhouse.current_organizations())));
create policy by_system on wheelhouse.incident_entries to wheelhouse_system using (true) with check (true);
grant insert, select on wheelhouse.incident_entries to wheelhouse_app;
grant insert, select on wheelhouse.incident_entries to wheelhouse_system;

create table wheelhouse.incident_numbers (
  org_id uuid not null,
  newest integer not null,
  constraint incident_numbers_pkey primary key (org_id),
  constraint incident_numbers_org_id_fkey foreign key (org_id) references wheelhouse.organizations(id)
);
alter table wheelhouse.incident_numbers enable row level security, force row level security;
create policy by_organization on wheelhouse.incident_numbers to wheelhouse_app using ((org_id = any (wheelhouse.current_organizations()))) with check ((org_id = any (wheelhouse.current_organizations())));
create policy by_system on wheelhouse.incident_numbers to wheelhouse_system using (true) with check (true);
grant insert, select, update on wheelhouse.incident_numbers to wheelhouse_app;
grant insert, select, update on wheelhouse.incident_numbers to wheelhouse_system;

create table wheelhouse.incidents (
  id uuid not null default wheelhouse.uuidv7(),
  org_id uuid not null,
  number integer not null,
  status text not null default 'open'::text,
  severity text not null,
  root text not null,
  subject text not null,
  title text not null,
  cause text not null,
  path text not null,
  rule_key text not null,
  labels jsonb not null default '{}'::jsonb,
  owner text,
  runbook text,
  alerts integer not null default 0,
  firing integer not null default 0,
  affected jsonb not null default '[]'::jsonb,
  affected_count integer not null default 0,
  has_data boolean not null default true,
  is_flapping boolean not null default false,
  started_at timestamptz(3) not null,
  reopened_at timestamptz(3),
  resolved_at timestamptz(3),
  resolved_by text,
  merged_into uuid,
  acknowledged_at timestamptz(3),
  acknowledged_by text,
  assigned_to text,
  snoozed_until timestamptz(3),
  announced_at timestamptz(3),
  announced_severity text,
  was_announced boolean not null default false,
  held_by text,
  version integer not null default 1,
  updated_at timestamptz(3) not null default now(),
  constraint incidents_pkey primary key (id),
  constraint incidents_org_id_number_key unique (org_id, number),
  constraint incidents_org_id_fkey foreign key (org_id) references wheelhouse.organizations(id),
  constraint incidents_severity_check check ((severity = any (array['critical'::text, 'warning'::text, 'info'::text]))),
  constraint incidents_status_check check ((status = any (array['open'::text, 'resolved'::text])))
);
create index incidents_due on wheelhouse.incidents using btree (org_id) where ((status = 'open'::text) and (announced_at is null));
create index incidents_of_root on wheelhouse.incidents using btree (org_id, root, started_at desc);
create unique index incidents_one_a_root on wheelhouse.incidents using btree (org_id, root) where (status = 'open'::text);
create index incidents_open on wheelhouse.incidents using btree (org_id, started_at desc, id desc) where (status = 'open'::text);
create index incidents_resolved on wheelhouse.incidents using btree (org_id, resolved_at desc, id desc) where (status = 'resolved'::text);
alter table wheelhouse.incidents enable row level security, force row level security;
create policy by_organization on wheelhouse.incidents to wheelhouse_app using ((org_id = any (wheelhouse.current_organizations()))) with check ((org_id = any (wheelhouse.current_organizations())));
create policy by_system on wheelhouse.incidents to wheelhouse_system using (true) with check (true);
grant insert, select, update on wheelhouse.incidents to wheelhouse_app;
grant insert, select, update on wheelhouse.incidents to wheelhouse_system;

create table wheelhouse.index_field_rules (
  org_id uuid not null,
  id uuid not null default wheelhouse.uuidv7(),
  queue text,
  path text not null,
  what text not null,
  created_by text not null,
  created_at timestamptz(3) not null default now(),
  constraint index_field_rules_pkey primary key (id),
  constraint index_field_rules_org_id_fkey foreign key (org_id) references wheelhouse.organizations(id),
  constraint index_field_rules_path_check check (((length(path) >= 1) and (length(path) <= 200))),
  constraint index_field_rules_what_check check ((what = any (array['out'::text, 'hash'::text])))
);
create unique index index_field_rules_one on wheelhouse.index_field_rules using btree (org_id, coalesce(queue, ''::text), path);
alter table wheelhouse.index_field_rules enable row level security, force row level security;
create policy by_organization on wheelhouse.index_field_rules to wheelhouse_app using ((org_id = any (wheelhouse.current_organizations()))) with check ((org_id = any (wheelhouse.current_organizations())));
create policy by_system on wheelhouse.index_field_rules to wheelhouse_system using (true) with check (true);
grant delete, insert, select on wheelhouse.index_field_rules to wheelhouse_app;
grant select on wheelhouse.index_field_rules to wheelhouse_system;

create table wheelhouse.indexed_causes (
  org_id uuid not null,
  id bigint not null,
  name text not null,
  message text not null,
  constraint indexed_causes_pkey primary key (org_id, id)
);
alter table wheelhouse.indexed_causes enable row level security, force row level security;
create policy by_organization on wheelhouse.indexed_causes to wheelhouse_app using ((org_id = any (wheelhouse.current_organizations()))) with check ((org_id = any (wheelhouse.current_organizations())));
create policy by_owner on wheelhouse.indexed_causes to wheelhouse_owner using (true) with check (true);
create policy by_search on wheelhouse.indexed_causes for select to wheelhouse_search using (true);
create policy by_system on wheelhouse.indexed_causes to wheelhouse_system using (true) with check (true);
grant delete, insert, select, update on wheelhouse.indexed_causes to wheelhouse_system;
grant select on wheelhouse.indexed_causes to wheelhouse_app;
grant select on wheelhouse.indexed_causes to wheelhouse_search;

create table wheelhouse.indexed_job_tallies (
  org_id uuid not null,
  queue integer not null,
  name text not null,
  state text not null,
  cause bigint not null,
  jobs integer not null,
  first_at timestamptz(3),
  last_at timestamptz(3),
  constraint indexed_job_tallies_pkey primary key (org_id, queue, name, state, cause)
) with (fillfactor=50);
alter table wheelhouse.indexed_job_tallies enable row level security, force row level security;
create policy by_organization on wheelhouse.indexed_job_tallies to wheelhouse_app using ((org_id = any (wheelhouse.current_organizations()))) with check ((org_id = any (wheelhouse.current_organizations())));
create policy by_owner on wheelhouse.indexed_job_tallies to wheelhouse_owner using (true) with check (true);
create policy by_system on wheelhouse.indexed_job_tallies to wheelhouse_system using (true) with check (true);
grant delete, insert, select, update on wheelhouse.indexed_job_tallies to wheelhouse_system;
grant select on wheelhouse.indexed_job_tallies to wheelhouse_app;

create table wheelhouse.indexed_job_terms (
  org_id uuid not null,
  job_id text not null,
  queue integer not null,
  added_at timestamptz(3) not null,
  no bigint not null,
  terms bigint[] not null,
  fields jsonb
) partition by range (added_at);
create index indexed_job_terms_by_no on only wheelhouse.indexed_job_terms using btree (no);
create index indexed_job_terms_terms on only wheelhouse.indexed_job_terms using gin (terms) with (gin_pending_list_limit='512');
alter table wheelhouse.indexed_job_terms enable row level security, force row level security;
create policy by_organization on wheelhouse.indexed_job_terms to wheelhouse_app using ((org_id = any (wheelhouse.current_organizations()))) with check ((org_id = any (wheelhouse.current_organizations())));
create policy by_search on wheelhouse.indexed_job_terms for select to wheelhouse_search using (true);
create policy by_system on wheelhouse.indexed_job_terms to wheelhouse_system using (true) with check (true);
grant insert, select on wheelhouse.indexed_job_terms to wheelhouse_system;
grant select on wheelhouse.indexed_job_terms to wheelhouse_app;
grant select on wheelhouse.indexed_job_terms to wheelhouse_search;

create table wheelhouse.indexed_jobs (
  org_id uuid not null,
  job_id text not null,
  queue integer not null,
  added_at timestamptz(3) not null,
  no bigint not null default nextval('wheelhouse.indexed_jobs_no'::regclass),
  name text not null,
  state text not null,
  attempts integer not null,
  attempts_most integer,
  processed_at timestamptz(3),
  finished_at timestamptz(3),
  due_at timestamptz(3),
  worker text,
  error text,
  cause bigint,
  tallied_as text not null,
  data_no bigint,
  data_hash bigint,
  error_no bigint,
  error_hash bigint,
  data_bytes integer,
  fields text not null,
  constraint indexed_jobs_pkey primary key (org_id, job_id, queue, added_at),
  constraint indexed_jobs_fields_check check ((fields = any (array['whole'::text, 'cut'::text, 'none'::text]))),
  constraint indexed_jobs_state_check check ((state = any (array['waiting'::text, 'prioritized'::text, 'delayed'::text, 'active'::text, 'waiting-children'::text, 'completed'::text, 'failed'::text, 'removed'::text])))
) partition by range (added_at);
create index indexed_jobs_cause on only wheelhouse.indexed_jobs using btree (org_id, cause, added_at desc, no desc) where (cause is not null);
create index indexed_jobs_cut on only wheelhouse.indexed_jobs using btree (org_id, fields, data_bytes desc) where (fields <> 'whole'::text);
create index indexed_jobs_name on only wheelhouse.indexed_jobs using btree (queue, name, state, added_at desc, no desc);
create index indexed_jobs_queue on only wheelhouse.indexed_jobs using btree (queue, state, added_at desc, no desc);
create index indexed_jobs_state on only wheelhouse.indexed_jobs using btree (org_id, state, added_at desc, no desc);
alter table wheelhouse.indexed_jobs enable row level security, force row level security;
create policy by_organization on wheelhouse.indexed_jobs to wheelhouse_app using ((org_id = any (wheelhouse.current_organizations()))) with check ((org_id = any (wheelhouse.current_organizations())));
create policy by_owner on wheelhouse.indexed_jobs to wheelhouse_owner using (true) with check (true);
create policy by_search on wheelhouse.indexed_jobs for select to wheelhouse_search using (true);
create policy by_system on wheelhouse.indexed_jobs to wheelhouse_system using (true) with check (true);
grant delete, insert, select, update on wheelhouse.indexed_jobs to wheelhouse_system;
grant select on wheelhouse.indexed_jobs to wheelhouse_app;
grant select on wheelhouse.indexed_jobs to wheelhouse_search;

create table wheelhouse.indexed_queues (
  id integer not null generated always as identity,
  org_id uuid not null,
  queue text not null,
  source text not null,
  name text not null,
  cursor text not null,
  gaps integer not null default 0,
  gap_at timestamptz(3),
  filling jsonb,
  filled_jobs integer not null default 0,
  filled_at timestamptz(3),
  skipped integer not null default 0,
  added_at timestamptz(3) not null default now(),
  constraint indexed_queues_pkey primary key (id),
  constraint indexed_queues_org_id_queue_key unique (org_id, queue),
  constraint indexed_queues_org_id_fkey foreign key (org_id) references wheelhouse.organizations(id)
);
alter table wheelhouse.indexed_queues enable row level security, force row level security;
create policy by_organization on wheelhouse.indexed_queues to wheelhouse_app using ((org_id = any (wheelhouse.current_organizations()))) with check ((org_id = any (wheelhouse.current_organizations())));
create policy by_search on wheelhouse.indexed_queues for select to wheelhouse_search using (true);
create policy by_system on wheelhouse.indexed_queues to wheelhouse_system using (true) with check (true);
grant delete, insert, select, update on wheelhouse.indexed_queues to wheelhouse_system;
grant select on wheelhouse.indexed_queues to wheelhouse_app;
grant select on wheelhouse.indexed_queues to wheelhouse_search;

create table wheelhouse.indexed_sources (
  org_id uuid not null,
  source text not null,
  read_at timestamptz(3),
  behind_ms integer,
  failure text,
  updated_at timestamptz(3) not null,
  constraint indexed_sources_pkey primary key (org_id, source),
  constraint indexed_sources_org_id_fkey foreign key (org_id) references wheelhouse.organizations(id)
);
alter table wheelhouse.indexed_sources enable row level security, force row level security;
create policy by_organization on wheelhouse.indexed_sources to wheelhouse_app using ((org_id = any (wheelhouse.current_organizations()))) with check ((org_id = any (wheelhouse.current_organizations())));
create policy by_system on wheelhouse.indexed_sources to wheelhouse_system using (true) with check (true);
grant delete, insert, select, update on wheelhouse.indexed_sources to wheelhouse_system;
grant select on wheelhouse.indexed_sources to wheelhouse_app;

create table wheelhouse.invitations (
  id uuid not null default wheelhouse.uuidv7(),
  org_id uuid not null,
  email text not null,
  role text not null,
  token_hash bytea not null,
  invited_by uuid not null,
  created_at timestamptz not null default now(),
  expires_at timestamptz not null,
  opened_at timestamptz,
  accepted_at timestamptz,
  accepted_by uuid,
  revoked_at timestamptz,
  constraint invitations_pkey primary key (id),
  constraint invitations_token_hash_key unique (token_hash),
  constraint invitations_accepted_by_fkey foreign key (accepted_by) references wheelhouse.users(id),
  constraint invitations_invited_by_fkey foreign key (invited_by) references wheelhouse.users(id),
  constraint invitations_org_id_fkey foreign key (org_id) references wheelhouse.organizations(id),
  constraint invitations_check check (((role <> 'superadmin'::text) or (org_id = '00000000-0000-7000-8000-000000000001'::uuid))),
  constraint invitations_email_check check ((((length(email) >= 3) and (length(email) <= 254)) and (email = btrim(email)))),
  constraint invitations_role_check check ((role = any (array['viewer'::text, 'operator'::text, 'admin'::text, 'auditor'::text, 'superadmin'::text]))),
  constraint invitations_token_hash_check check ((octet_length(token_hash) = 32))
);
create index invitations_invited_by on wheelhouse.invitations using btree (invited_by, org_id);
create index invitations_newest on wheelhouse.invitations using btree (org_id, id desc) where ((accepted_at is null) and (revoked_at is null));
create unique index invitations_waiting on wheelhouse.invitations using btree (org_id, lower(email)) where ((accepted_at is null) and (revoked_at is null));
alter table wheelhouse.invitations enable row level security, force row level security;
create policy by_organization on wheelhouse.invitations to wheelhouse_app using ((org_id = any (wheelhouse.current_organizations()))) with check ((org_id = any (wheelhouse.current_organizations())));
create policy by_system on wheelhouse.invitations to wheelhouse_system using (true) with check (true);
grant insert, select, update on wheelhouse.invitations to wheelhouse_app;
grant select on wheelhouse.invitations to wheelhouse_system;

create table wheelhouse.job_run_items (
  run_id uuid not null,
  place integer not null,
  org_id uuid not null,
  lane text not null,
  job_id text not null,
  stamp text not null,
  state text not null default 'waiting'::text,
  begun_at timestamptz,
  why text,
  constraint job_run_items_pkey primary key (run_id, place),
  constraint job_run_items_state_check check ((state = any (array['waiting'::text, 'begun'::text, 'sent'::text, 'succeeded'::text, 'failed'::text, 'skipped'::text])))
);
create index job_run_items_open on wheelhouse.job_run_items using btree (run_id, place) where (state = any (array['begun'::text, 'sent'::text]));
create index job_run_items_rest on wheelhouse.job_run_items using btree (run_id, lane) where (state = any (array['failed'::text, 'skipped'::text]));
create index job_run_items_waiting on wheelhouse.job_run_items using btree (run_id, lane, place) where (state = 'waiting'::text);
alter table wheelhouse.job_run_items enable row level security, force row level security;
create policy by_organization on wheelhouse.job_run_items to wheelhouse_app using ((org_id = any (wheelhouse.current_organizations()))) with check ((org_id = any (wheelhouse.current_organizations())));
create policy by_system on wheelhouse.job_run_items to wheelhouse_system using (true) with check (true);
grant delete, insert, select, update on wheelhouse.job_run_items to wheelhouse_system;
grant insert, select on wheelhouse.job_run_items to wheelhouse_app;

create table wheelhouse.job_run_journal (
  run_id uuid not null,
  id bigint not null generated by default as identity,
  org_id uuid not null,
  at timestamptz not null,
  lane text,
  what text not null,
  detail text,
  constraint job_run_journal_pkey primary key (run_id, id),
  constraint job_run_journal_run_id_fkey foreign key (run_id) references wheelhouse.job_runs(id) on delete cascade
);
alter table wheelhouse.job_run_journal enable row level security, force row level security;
create policy by_organization on wheelhouse.job_run_journal to wheelhouse_app using ((org_id = any (wheelhouse.current_organizations()))) with check ((org_id = any (wheelhouse.current_organizations())));
create policy by_system on wheelhouse.job_run_journal to wheelhouse_system using (true) with check (true);
grant delete, insert, select, update on wheelhouse.job_run_journal to wheelhouse_system;
grant insert, select on wheelhouse.job_run_journal to wheelhouse_app;

create table wheelhouse.job_run_lanes (
  run_id uuid not null,
  org_id uuid not null,
  lane text not null,
  job_name text not null,
  error text,
  oldest_at timestamptz,
  newest_at timestamptz,
  total integer not null,
  sent integer not null default 0,
  succeeded integer not null default 0,
  failed integer not null default 0,
  skipped integer not null default 0,
  phase text not null default 'canary'::text,
  cause text,
  waits_for_breaker boolean not null default false,
  canary_sent integer not null default 0,
  canary_ok integer not null default 0,
  canary_bad integer not null default 0,
  failed_in_row integer not null default 0,
  rate double precision,
  budget double precision not null default 0,
  paced_at timestamptz not null,
  window_at timestamptz not null,
  window_ok integer not null default 0,
  window_bad integer not null default 0,
  rate_limit integer,
  is_skipped boolean not null default false,
  constraint job_run_lanes_pkey primary key (run_id, lane),
  constraint job_run_lanes_run_id_fkey foreign key (run_id) references wheelhouse.job_runs(id) on delete cascade,
  constraint job_run_lanes_phase_check check ((phase = any (array['canary'::text, 'sending'::text, 'held'::text, 'done'::text]))),
  constraint job_run_lanes_rate_limit_check check (((rate_limit >= 1) and (rate_limit <= 10000)))
);
alter table wheelhouse.job_run_lanes enable row level security, force row level security;
create policy by_organization on wheelhouse.job_run_lanes to wheelhouse_app using ((org_id = any (wheelhouse.current_organizations()))) with check ((org_id = any (wheelhouse.current_organizations())));
create policy by_system on wheelhouse.job_run_lanes to wheelhouse_system using (true) with check (true);
grant delete, insert, select, update on wheelhouse.job_run_lanes to wheelhouse_system;
grant insert, select, update on wheelhouse.job_run_lanes to wheelhouse_app;

create table wheelhouse.job_runs (
  id uuid not null default wheelhouse.uuidv7(),
  org_id uuid not null,
  state text not null default 'planned'::text,
  filter jsonb not null,
  plan jsonb not null,
  reason text,
  rate integer,
  canary integer,
  cause text,
  total integer not null default 0,
  sent integer not null default 0,
  succeeded integer not null default 0,
  failed integer not null default 0,
  skipped integer not null default 0,
  planned_by text not null,
  started_by text,
  created_at timestamptz(3) not null,
  expires_at timestamptz not null,
  starts_at timestamptz,
  ended_at timestamptz,
  constraint job_runs_pkey primary key (id),
  constraint job_runs_org_id_fkey foreign key (org_id) references wheelhouse.organizations(id),
  constraint job_runs_canary_check check (((canary >= 0) and (canary <= 1000))),
  constraint job_runs_rate_check check (((rate >= 1) and (rate <= 10000))),
  constraint job_runs_state_check check ((state = any (array['planned'::text, 'running'::text, 'paused'::text, 'completed'::text, 'cancelled'::text, 'expired'::text])))
);
create index job_runs_going on wheelhouse.job_runs using btree (id) where ((state = 'running'::text) or (sent > (succeeded + failed)));
create index job_runs_page on wheelhouse.job_runs using btree (org_id, created_at desc, id desc);
create index job_runs_planned on wheelhouse.job_runs using btree (expires_at) where (state = 'planned'::text);
alter table wheelhouse.job_runs enable row level security, force row level security;
create policy by_organization on wheelhouse.job_runs to wheelhouse_app using ((org_id = any (wheelhouse.current_organizations()))) with check ((org_id = any (wheelhouse.current_organizations())));
create policy by_system on wheelhouse.job_runs to wheelhouse_system using (true) with check (true);
grant delete, insert, select, update on wheelhouse.job_runs to wheelhouse_system;
grant insert, select, update on wheelhouse.job_runs to wheelhouse_app;

create table wheelhouse.job_timings (
  org_id uuid not null,
  queue text not null,
  name text not null,
  jobs integer not null,
  wait_p50_ms integer,
  wait_p95_ms integer,
  wait_p99_ms integer,
  run_p50_ms integer,
  run_p95_ms integer,
  run_p99_ms integer,
  observed_at timestamptz(3) not null,
  constraint job_timings_pkey primary key (org_id, queue, name),
  constraint job_timings_org_id_fkey foreign key (org_id) references wheelhouse.organizations(id)
) with (fillfactor=50);
create index job_timings_old on wheelhouse.job_timings using btree (observed_at);
alter table wheelhouse.job_timings enable row level security, force row level security;
create policy by_organization on wheelhouse.job_timings to wheelhouse_app using ((org_id = any (wheelhouse.current_organizations()))) with check ((org_id = any (wheelhouse.current_organizations())));
create policy by_system on wheelhouse.job_timings to wheelhouse_system using (true) with check (true);
grant delete, insert, select, update on wheelhouse.job_timings to wheelhouse_system;
grant select on wheelhouse.job_timings to wheelhouse_app;

create table wheelhouse.leases (
  name text not null,
  owner text not null,
  epoch bigint not null,
  expires_at timestamptz not null,
  constraint leases_pkey primary key (name)
);
grant insert, select, update on wheelhouse.leases to wheelhouse_system;

create table wheelhouse.maintenance_windows (
  id uuid not null default wheelhouse.uuidv7(),
  org_id uuid not null,
  services text[] not null,
  starts_at timestamptz(3) not null,
  ends_at timestamptz(3) not null,
  reason text not null,
  created_by text not null,
  created_at timestamptz(3) not null default now(),
  ended_at timestamptz(3),
  constraint maintenance_windows_pkey primary key (id),
  constraint maintenance_windows_org_id_fkey foreign key (org_id) references wheelhouse.organizations(id),
  constraint maintenance_windows_check check ((ends_at > starts_at)),
  constraint maintenance_windows_services_check check (((cardinality(services) >= 1) and (cardinality(services) <= 100)))
);
create index maintenance_windows_list on wheelhouse.maintenance_windows using btree (org_id, starts_at desc, id desc);
create index maintenance_windows_open on wheelhouse.maintenance_windows using btree (ends_at) where (ended_at is null);
alter table wheelhouse.maintenance_windows enable row level security, force row level security;
create policy by_organization on wheelhouse.maintenance_windows to wheelhouse_app using ((org_id = any (wheelhouse.current_organizations()))) with check ((org_id = any (wheelhouse.current_organizations())));
create policy by_system on wheelhouse.maintenance_windows to wheelhouse_system using (true) with check (true);
grant insert, select on wheelhouse.maintenance_windows to wheelhouse_app;
grant select on wheelhouse.maintenance_windows to wheelhouse_system;
grant update (ended_at) on wheelhouse.maintenance_windows to wheelhouse_app;

create table wheelhouse.memberships (
  org_id uuid not null,
  user_id uuid not null,
  role text not null,
  created_at timestamptz not null default now(),
  constraint memberships_pkey primary key (user_id, org_id),
  constraint memberships_org_id_fkey foreign key (org_id) references wheelhouse.organizations(id),
  constraint memberships_user_id_fkey foreign key (user_id) references wheelhouse.users(id),
  constraint memberships_check check (((role <> 'superadmin'::text) or (org_id = '00000000-0000-7000-8000-000000000001'::uuid))),
  constraint memberships_role_check check ((role = any (array['viewer'::text, 'operator'::text, 'admin'::text, 'auditor'::text, 'superadmin'::text])))
);
create index memberships_org_id on wheelhouse.memberships using btree (org_id);
alter table wheelhouse.memberships enable row level security, force row level security;
create policy by_organization on wheelhouse.memberships to wheelhouse_app using ((org_id = any (wheelhouse.current_organizations()))) with check ((org_id = any (wheelhouse.current_organizations())));
create policy by_owner on wheelhouse.memberships to wheelhouse_owner using (true) with check (true);
create policy by_system on wheelhouse.memberships to wheelhouse_system using (true) with check (true);
create constraint trigger demand_record after insert or delete or update on wheelhouse.memberships deferrable initially deferred for each row when ((pg_has_role(CURRENT_USER, 'wheelhouse_app'::name, 'usage'::text) and (not pg_has_role(CURRENT_USER, 'wheelhouse_owner'::name, 'usage'::text)))) execute function wheelhouse.demand_record();
grant delete, insert, select on wheelhouse.memberships to wheelhouse_app;
grant delete, insert, select, update on wheelhouse.memberships to wheelhouse_system;
grant update (role) on wheelhouse.memberships to wheelhouse_app;

create table wheelhouse.notification_allowances (
  org_id uuid not null,
  throttle_key text not null,
  window_started_at timestamptz not null,
  used integer not null,
  constraint notification_allowances_pkey primary key (org_id, throttle_key),
  constraint notification_allowances_org_id_fkey foreign key (org_id) references wheelhouse.organizations(id)
);
alter table wheelhouse.notification_allowances enable row level security, force row level security;
create policy by_organization on wheelhouse.notification_allowances to wheelhouse_app using ((org_id = any (wheelhouse.current_organizations()))) with check ((org_id = any (wheelhouse.current_organizations())));
create policy by_system on wheelhouse.notification_allowances to wheelhouse_system using (true) with check (true);
grant delete, insert, select, update on wheelhouse.notification_allowances to wheelhouse_system;

create table wheelhouse.notifications (
  id uuid not null default wheelhouse.uuidv7(),
  org_id uuid not null,
  incident_id uuid,
  event text not null,
  severity text not null,
  title text not null,
  summary text not null,
  path text not null,
  started_at timestamptz,
  channel text not null,
  user_id uuid,
  channel_id uuid,
  recipient text not null,
  throttle_key text,
  team text,
  step integer,
  state text not null,
  attempts integer not null default 0,
  due_at timestamptz not null,
  claim uuid,
  claimed_until timestamptz,
  withdrawn_at timestamptz,
  sent_at timestamptz,
  latency_ms integer,
  error text,
  digest_id uuid,
  content_box bytea,
  address text,
  read_at timestamptz,
  link_used_at timestamptz,
  created_at timestamptz(3) not null default now(),
  constraint notifications_pkey primary key (id),
  constraint notifications_org_id_fkey foreign key (org_id) references wheelhouse.organizations(id),
  constraint notifications_user_id_fkey foreign key (user_id) references wheelhouse.users(id),
  constraint notifications_channel_check check ((channel = any (array['bell'::text, 'email'::text, 'push'::text, 'slack'::text, 'teams'::text, 'pagerduty'::text, 'json'::text, 'webhook'::text]))),
  constraint notifications_check check (((channel <> 'bell'::text) or (user_id is not null))),
  constraint notifications_event_check check ((event = any (array['fired'::text, 'reopened'::text, 'resolved'::text, 'acknowledged'::text, 'escalated'::text, 'digest'::text, 'test'::text, 'mail'::text, 'channel'::text]))),
  constraint notifications_severity_check check ((severity = any (array['critical'::text, 'warning'::text, 'info'::text]))),
  constraint notifications_state_check check ((state = any (array['pending'::text, 'sending'::text, 'sent'::text, 'failed'::text, 'cancelled'::text, 'held'::text, 'digested'::text])))
);
create index notifications_bell on wheelhouse.notifications using btree (org_id, user_id, id desc) where (channel = 'bell'::text);
create index notifications_claimed on wheelhouse.notifications using btree (claimed_until) where (state = 'sending'::text);
create index notifications_due on wheelhouse.notifications using btree (due_at) where (state = 'pending'::text);
create index notifications_held on wheelhouse.notifications using btree (due_at) where (state = 'held'::text);
create index notifications_incident on wheelhouse.notifications using btree (org_id, incident_id) where (incident_id is not null);
create index notifications_log on wheelhouse.notifications using btree (org_id, id desc);
create index notifications_old on wheelhouse.notifications using btree (created_at);
create index notifications_unread on wheelhouse.notifications using btree (org_id, user_id) where ((channel = 'bell'::text) and (read_at is null));
alter table wheelhouse.notifications enable row level security, force row level security;
create policy by_organization on wheelhouse.notifications to wheelhouse_app using ((org_id = any (wheelhouse.current_organizations()))) with check ((org_id = any (wheelhouse.current_organizations())));
create policy by_system on wheelhouse.notifications to wheelhouse_system using (true) with check (true);
grant delete, insert, select, update on wheelhouse.notifications to wheelhouse_system;
grant insert, select, update on wheelhouse.notifications to wheelhouse_app;

create table wheelhouse.oidc_identities (
  issuer text not null,
  subject text not null,
  user_id uuid not null,
  linked_at timestamptz not null default now(),
  constraint oidc_identities_pkey primary key (issuer, subject),
  constraint oidc_identities_user_id_issuer_key unique (user_id, issuer),
  constraint oidc_identities_user_id_fkey foreign key (user_id) references wheelhouse.users(id),
  constraint oidc_identities_subject_check check (((length(subject) >= 1) and (length(subject) <= 255)))
);
alter table wheelhouse.oidc_identities enable row level security, force row level security;
create policy by_owner on wheelhouse.oidc_identities to wheelhouse_owner using (true) with check (true);
create policy by_system on wheelhouse.oidc_identities to wheelhouse_system using (true) with check (true);
create policy made on wheelhouse.oidc_identities for insert to wheelhouse_app with check ((user_id = ( select wheelhouse.current_person() as current_person)));
create policy seen on wheelhouse.oidc_identities for select to wheelhouse_app using ((exists ( select
   from wheelhouse.users u
  where (u.id = oidc_identities.user_id))));
create constraint trigger demand_record after insert or delete or update on wheelhouse.oidc_identities deferrable initially deferred for each row when ((pg_has_role(CURRENT_USER, 'wheelhouse_app'::name, 'usage'::text) and (not pg_has_role(CURRENT_USER, 'wheelhouse_owner'::name, 'usage'::text)))) execute function wheelhouse.demand_record();
grant delete, insert, select on wheelhouse.oidc_identities to wheelhouse_system;
grant insert on wheelhouse.oidc_identities to wheelhouse_app;
grant select (user_id) on wheelhouse.oidc_identities to wheelhouse_app;

create table wheelhouse.operations (
  id uuid not null default wheelhouse.uuidv7(),
  org_id uuid not null,
  ordinal bigint not null generated by default as identity,
  kind text not null,
  target_id text not null,
  target_name text not null,
  source_id text not null,
  service text not null,
  act jsonb not null,
  instances text[] not null,
  reason text not null,
  actor_display text not null,
  created_at timestamptz not null default now(),
  expires_at timestamptz not null,
  state text not null default 'accepted'::text,
  replies jsonb not null default '{}'::jsonb,
  ended_at timestamptz,
  hold_until timestamptz,
  released_at timestamptz,
  made text[],
  constraint operations_pkey primary key (id),
  constraint operations_org_id_fkey foreign key (org_id) references wheelhouse.organizations(id),
  constraint operations_check check (((state = 'accepted'::text) = (ended_at is null))),
  constraint operations_check1 check (((hold_until is null) or (kind = any (array['breaker.open'::text, 'breaker.close'::text])))),
  constraint operations_instances_check check (((cardinality(instances) >= 1) and (cardinality(instances) <= 200))),
  constraint operations_kind_check check (((length(kind) >= 1) and (length(kind) <= 60))),
  constraint operations_state_check check ((state = any (array['accepted'::text, 'done'::text, 'superseded'::text]))),
  constraint operations_target_id_check check (((length(target_id) >= 1) and (length(target_id) <= 1000)))
);
create index operations_accepted on wheelhouse.operations using btree (org_id, target_id, ordinal) where (state = 'accepted'::text);
create index operations_due on wheelhouse.operations using btree (hold_until) where ((hold_until is not null) and (released_at is null));
create index operations_made on wheelhouse.operations using gin (made) where (made is not null);
create index operations_of_jobs on wheelhouse.operations using gin (instances) where (kind ~~ 'queues.job%'::text);
create index operations_of_target on wheelhouse.operations using btree (org_id, target_id, ordinal desc);
alter table wheelhouse.operations enable row level security, force row level security;
create policy by_organization on wheelhouse.operations to wheelhouse_app using ((org_id = any (wheelhouse.current_organizations()))) with check ((org_id = any (wheelhouse.current_organizations())));
create policy by_system on wheelhouse.operations to wheelhouse_system using (true) with check (true);
grant delete, insert, select, update on wheelhouse.operations to wheelhouse_system;
grant insert, select on wheelhouse.operations to wheelhouse_app;

create table wheelhouse.organizations (
  id uuid not null default wheelhouse.uuidv7(),
  slug text not null,
  name text not null,
  parent_id uuid,
  depth integer not null,
  created_at timestamptz not null default now(),
  constraint organizations_pkey primary key (id),
  constraint organizations_slug_key unique (slug),
  constraint organizations_parent_id_fkey foreign key (parent_id) references wheelhouse.organizations(id),
  constraint organizations_depth_check check (((depth >= 1) and (depth <= 5))),
  constraint organizations_name_check check (((length(name) >= 1) and (length(name) <= 100))),
  constraint organizations_slug_check check (((slug ~ '^[a-z0-9]([a-z0-9-]*[a-z0-9])?$'::text) and (length(slug) <= 63)))
);
create index organizations_parent_id on wheelhouse.organizations using btree (parent_id);
alter table wheelhouse.organizations enable row level security, force row level security;
create policy by_organization on wheelhouse.organizations to wheelhouse_app using ((id = any (wheelhouse.current_organizations()))) with check ((id = any (wheelhouse.current_organizations())));
create policy by_owner on wheelhouse.organizations to wheelhouse_owner using (true) with check (true);
create policy by_system on wheelhouse.organizations to wheelhouse_system using (true) with check (true);
create trigger place before insert or update on wheelhouse.organizations for each row execute function wheelhouse.place_organization();
grant insert, select, update on wheelhouse.organizations to wheelhouse_system;
grant select on wheelhouse.organizations to wheelhouse_app;
grant insert (id, slug, name, parent_id, depth) on wheelhouse.organizations to wheelhouse_app;
grant update (name) on wheelhouse.organizations to wheelhouse_app;

create table wheelhouse.password_resets (
  id uuid not null default wheelhouse.uuidv7(),
  org_id uuid not null,
  user_id uuid not null,
  token_hash bytea not null,
  created_at timestamptz not null default now(),
  expires_at timestamptz not null,
  ended_at timestamptz,
  constraint password_resets_pkey primary key (id),
  constraint password_resets_token_hash_key unique (token_hash),
  constraint password_resets_org_id_fkey foreign key (org_id) references wheelhouse.organizations(id),
  constraint password_resets_user_id_fkey foreign key (user_id) references wheelhouse.users(id),
  constraint password_resets_token_hash_check check ((octet_length(token_hash) = 32))
);
create index password_resets_user_id on wheelhouse.password_resets using btree (user_id) where (ended_at is null);
alter table wheelhouse.password_resets enable row level security, force row level security;
create policy by_organization on wheelhouse.password_resets to wheelhouse_app using ((org_id = any (wheelhouse.current_organizations()))) with check ((org_id = any (wheelhouse.current_organizations())));
create policy by_system on wheelhouse.password_resets to wheelhouse_system using (true) with check (true);
grant delete, insert, select, update on wheelhouse.password_resets to wheelhouse_system;
grant insert, select, update on wheelhouse.password_resets to wheelhouse_app;

create table wheelhouse.period_figures (
  org_id uuid not null,
  period text not null,
  starts_on date not null,
  days integer not null,
  deliveries bigint not null,
  completed bigint not null,
  dead_letters bigint not null,
  attempts bigint not null,
  audit_events bigint not null,
  audit_refused bigint not null,
  made_at timestamptz(3) not null default now(),
  constraint period_figures_pkey primary key (org_id, period, starts_on),
  constraint period_figures_org_id_fkey foreign key (org_id) references wheelhouse.organizations(id),
  constraint period_figures_period_check check ((period = any (array['week'::text, 'month'::text])))
);
alter table wheelhouse.period_figures enable row level security, force row level security;
create policy by_organization on wheelhouse.period_figures to wheelhouse_app using ((org_id = any (wheelhouse.current_organizations()))) with check ((org_id = any (wheelhouse.current_organizations())));
create policy by_system on wheelhouse.period_figures to wheelhouse_system using (true) with check (true);
grant delete, insert, select, update on wheelhouse.period_figures to wheelhouse_system;
grant select on wheelhouse.period_figures to wheelhouse_app;

create table wheelhouse.processed_webhook_events (
  org_id uuid not null,
  source_id uuid not null,
  source_event_id text not null,
  body_hash text not null,
  event_id text not null,
  day date not null,
  constraint processed_webhook_events_pkey primary key (org_id, source_id, source_event_id, body_hash, day)
) partition by range (day);
alter table wheelhouse.processed_webhook_events enable row level security, force row level security;
create policy by_organization on wheelhouse.processed_webhook_events to wheelhouse_app using ((org_id = any (wheelhouse.current_organizations()))) with check ((org_id = any (wheelhouse.current_organizations())));
create policy by_system on wheelhouse.processed_webhook_events to wheelhouse_system using (true) with check (true);
grant insert, select on wheelhouse.processed_webhook_events to wheelhouse_system;

create table wheelhouse.run_rates (
  run_id uuid not null,
  lane text not null,
  at timestamptz(3) not null,
  org_id uuid not null,
  sent integer not null,
  constraint run_rates_pkey primary key (run_id, lane, at)
);
alter table wheelhouse.run_rates enable row level security, force row level security;
create policy by_organization on wheelhouse.run_rates to wheelhouse_app using ((org_id = any (wheelhouse.current_organizations()))) with check ((org_id = any (wheelhouse.current_organizations())));
create policy by_system on wheelhouse.run_rates to wheelhouse_system using (true) with check (true);
grant delete, insert, select on wheelhouse.run_rates to wheelhouse_system;
grant select on wheelhouse.run_rates to wheelhouse_app;

create table wheelhouse.schedule_commands (
  id uuid not null default wheelhouse.uuidv7(),
  org_id uuid not null,
  schedule text not null,
  name text not null,
  command text not null,
  act jsonb not null,
  reason text not null,
  actor_display text not null,
  created_at timestamptz(3) not null default now(),
  expires_at timestamptz not null default (now() + '00:01:00'::interval),
  state text not null default 'accepted'::text,
  detail text,
  ended_at timestamptz,
  constraint schedule_commands_pkey primary key (id),
  constraint schedule_commands_org_id_fkey foreign key (org_id) references wheelhouse.organizations(id),
  constraint schedule_commands_check check (((state = 'accepted'::text) = (ended_at is null))),
  constraint schedule_commands_command_check check ((command = any (array['run'::text, 'pause'::text, 'resume'::text, 'edit'::text, 'remove'::text]))),
  constraint schedule_commands_detail_check check ((length(detail) <= 1000)),
  constraint schedule_commands_schedule_check check (((length(schedule) >= 1) and (length(schedule) <= 1000))),
  constraint schedule_commands_state_check check ((state = any (array['accepted'::text, 'done'::text, 'refused'::text])))
);
create index schedule_commands_ended on wheelhouse.schedule_commands using btree (ended_at) where (ended_at is not null);
create index schedule_commands_open on wheelhouse.schedule_commands using btree (created_at) where (state = 'accepted'::text);
alter table wheelhouse.schedule_commands enable row level security, force row level security;
create policy by_organization on wheelhouse.schedule_commands to wheelhouse_app using ((org_id = any (wheelhouse.current_organizations()))) with check ((org_id = any (wheelhouse.current_organizations())));
create policy by_system on wheelhouse.schedule_commands to wheelhouse_system using (true) with check (true);
grant delete, select, update on wheelhouse.schedule_commands to wheelhouse_system;
grant insert, select on wheelhouse.schedule_commands to wheelhouse_app;

create table wheelhouse.schedule_runs (
  org_id uuid not null,
  schedule text not null,
  due_at timestamptz(3) not null,
  started_at timestamptz(3),
  ended_at timestamptz(3),
  outcome text not null,
  detail text,
  trigger text not null default 'due'::text,
  asked_by text,
  runner text,
  lease_until timestamptz,
  attempts integer not null default 0,
  steps_done text[] not null default '{}'::text[],
  constraint schedule_runs_pkey primary key (org_id, schedule, due_at),
  constraint schedule_runs_org_id_fkey foreign key (org_id) references wheelhouse.organizations(id),
  constraint schedule_runs_check check (((lease_until is null) or (outcome = any (array['waiting'::text, 'running'::text])))),
  constraint schedule_runs_detail_check check ((length(detail) <= 1000)),
  constraint schedule_runs_outcome_check check ((outcome = any (array['waiting'::text, 'running'::text, 'completed'::text, 'failed'::text, 'timed_out'::text, 'missed'::text, 'unknown'::text]))),
  constraint schedule_runs_schedule_check check (((length(schedule) >= 1) and (length(schedule) <= 1000))),
  constraint schedule_runs_trigger_check check ((trigger = any (array['due'::text, 'first'::text, 'person'::text, 'parent'::text])))
);
create index schedule_runs_asked on wheelhouse.schedule_runs using btree (due_at) where ((trigger = 'person'::text) and (outcome = any (array['waiting'::text, 'running'::text])));
create index schedule_runs_oldest on wheelhouse.schedule_runs using btree (due_at);
create unique index schedule_runs_open on wheelhouse.schedule_runs using btree (org_id, schedule) where (lease_until is not null);
alter table wheelhouse.schedule_runs enable row level security, force row level security;
create policy by_organization on wheelhouse.schedule_runs to wheelhouse_app using ((org_id = any (wheelhouse.current_organizations()))) with check ((org_id = any (wheelhouse.current_organizations())));
create policy by_system on wheelhouse.schedule_runs to wheelhouse_system using (true) with check (true);
grant delete, insert, select, update on wheelhouse.schedule_runs to wheelhouse_system;
grant insert, select on wheelhouse.schedule_runs to wheelhouse_app;

create table wheelhouse.schedule_states (
  org_id uuid not null,
  schedule text not null,
  name text not null,
  handled_until timestamptz(3),
  paused_at timestamptz(3),
  paused_by text,
  pause_reason text,
  template jsonb,
  recreated_at timestamptz(3),
  constraint schedule_states_pkey primary key (org_id, schedule),
  constraint schedule_states_org_id_fkey foreign key (org_id) references wheelhouse.organizations(id),
  constraint schedule_states_schedule_check check (((length(schedule) >= 1) and (length(schedule) <= 1000)))
);
alter table wheelhouse.schedule_states enable row level security, force row level security;
create policy by_organization on wheelhouse.schedule_states to wheelhouse_app using ((org_id = any (wheelhouse.current_organizations()))) with check ((org_id = any (wheelhouse.current_organizations())));
create policy by_system on wheelhouse.schedule_states to wheelhouse_system using (true) with check (true);
grant delete, insert, select, update on wheelhouse.schedule_states to wheelhouse_app;
grant delete, insert, select, update on wheelhouse.schedule_states to wheelhouse_system;

create table wheelhouse.sessions (
  id uuid not null default wheelhouse.uuidv7(),
  token_hash bytea not null,
  previous_token_hash bytea,
  previous_until timestamptz,
  user_id uuid not null,
  default_org_id uuid not null,
  auth_method text not null,
  address text,
  user_agent text,
  created_at timestamptz not null default now(),
  last_seen_at timestamptz not null default now(),
  expires_at timestamptz not null,
  revoked_at timestamptz,
  confirmed_at timestamptz not null default now(),
  constraint sessions_pkey primary key (id),
  constraint sessions_token_hash_key unique (token_hash),
  constraint sessions_default_org_id_fkey foreign key (default_org_id) references wheelhouse.organizations(id),
  constraint sessions_user_id_fkey foreign key (user_id) references wheelhouse.users(id),
  constraint sessions_auth_method_check check ((auth_method = any (array['password'::text, 'oidc'::text]))),
  constraint sessions_previous_token_hash_check check ((octet_length(previous_token_hash) = 32)),
  constraint sessions_token_hash_check check ((octet_length(token_hash) = 32))
);
create index sessions_expires_at on wheelhouse.sessions using btree (expires_at);
create index sessions_last_seen on wheelhouse.sessions using btree (user_id, last_seen_at desc);
create unique index sessions_previous_token_hash on wheelhouse.sessions using btree (previous_token_hash) where (previous_token_hash is not null);
create index sessions_user_id on wheelhouse.sessions using btree (user_id) where (revoked_at is null);
alter table wheelhouse.sessions enable row level security, force row level security;
create policy by_owner on wheelhouse.sessions to wheelhouse_owner using (true) with check (true);
create policy by_system on wheelhouse.sessions to wheelhouse_system using (true) with check (true);
create policy changed on wheelhouse.sessions for update to wheelhouse_app using ((exists ( select
   from wheelhouse.users u
  where (u.id = sessions.user_id))));
create policy made on wheelhouse.sessions for insert to wheelhouse_app with check ((user_id = ( select wheelhouse.current_person() as current_person)));
create policy seen on wheelhouse.sessions for select to wheelhouse_app using ((exists ( select
   from wheelhouse.users u
  where (u.id = sessions.user_id))));
create constraint trigger demand_record after insert or delete or update on wheelhouse.sessions deferrable initially deferred for each row when ((pg_has_role(CURRENT_USER, 'wheelhouse_app'::name, 'usage'::text) and (not pg_has_role(CURRENT_USER, 'wheelhouse_owner'::name, 'usage'::text)))) execute function wheelhouse.demand_record();
grant delete, insert, select, update on wheelhouse.sessions to wheelhouse_system;
grant insert (id, token_hash, user_id, default_org_id, auth_method, address, user_agent, created_at, last_seen_at, expires_at, confirmed_at) on wheelhouse.sessions to wheelhouse_app;
grant select (id, user_id, created_at, last_seen_at, expires_at, revoked_at) on wheelhouse.sessions to wheelhouse_app;
grant update (revoked_at) on wheelhouse.sessions to wheelhouse_app;

create table wheelhouse.sign_in_failures (
  bucket text not null,
  window_started_at timestamptz not null,
  failures integer not null,
  last_at timestamptz not null,
  constraint sign_in_failures_pkey primary key (bucket)
);
grant delete, insert, select, update on wheelhouse.sign_in_failures to wheelhouse_system;

create table wheelhouse.silences (
  id uuid not null default wheelhouse.uuidv7(),
  org_id uuid not null,
  matchers jsonb not null,
  reason text not null,
  starts_at timestamptz(3) not null,
  ends_at timestamptz(3) not null,
  created_by text not null,
  created_at timestamptz(3) not null default now(),
  ended_at timestamptz(3),
  ended_by text,
  constraint silences_pkey primary key (id),
  constraint silences_org_id_fkey foreign key (org_id) references wheelhouse.organizations(id),
  constraint silences_check check ((ends_at > starts_at))
);
create index silences_newest on wheelhouse.silences using btree (org_id, created_at desc, id desc);
create index silences_open on wheelhouse.silences using btree (org_id, ends_at) where (ended_at is null);
alter table wheelhouse.silences enable row level security, force row level security;
create policy by_organization on wheelhouse.silences to wheelhouse_app using ((org_id = any (wheelhouse.current_organizations()))) with check ((org_id = any (wheelhouse.current_organizations())));
create policy by_system on wheelhouse.silences to wheelhouse_system using (true) with check (true);
grant insert, select, update on wheelhouse.silences to wheelhouse_app;
grant select on wheelhouse.silences to wheelhouse_system;

create table wheelhouse.users (
  id uuid not null default wheelhouse.uuidv7(),
  email text not null,
  name text not null,
  password_hash text,
  disabled_at timestamptz,
  created_at timestamptz not null default now(),
  has_password boolean generated always as ((password_hash is not null)) stored,
  constraint users_pkey primary key (id),
  constraint users_email_check check ((((length(email) >= 3) and (length(email) <= 254)) and (email = btrim(email)))),
  constraint users_name_check check (((length(name) >= 1) and (length(name) <= 100)))
);
create unique index users_email on wheelhouse.users using btree (lower(email));
alter table wheelhouse.users enable row level security, force row level security;
create policy by_owner on wheelhouse.users to wheelhouse_owner using (true) with check (true);
create policy by_system on wheelhouse.users to wheelhouse_system using (true) with check (true);
create policy changed on wheelhouse.users for update to wheelhouse_app using (((id = ( select wheelhouse.current_person() as current_person)) or (exists ( select
   from wheelhouse.memberships m
  where (m.user_id = users.id)))));
create policy made on wheelhouse.users for insert to wheelhouse_app with check ((id = ( select wheelhouse.current_person() as current_person)));
create policy seen on wheelhouse.users for select to wheelhouse_app using (((id = ( select wheelhouse.current_person() as current_person)) or (exists ( select
   from wheelhouse.memberships m
  where (m.user_id = users.id))) or (exists ( select
   from wheelhouse.invitations i
  where (i.invited_by = users.id))) or (exists ( select
   from wheelhouse.api_tokens t
  where (t.created_by = users.id)))));
create constraint trigger demand_record after insert or delete or update on wheelhouse.users deferrable initially deferred for each row when ((pg_has_role(CURRENT_USER, 'wheelhouse_app'::name, 'usage'::text) and (not pg_has_role(CURRENT_USER, 'wheelhouse_owner'::name, 'usage'::text)))) execute function wheelhouse.demand_record();
grant insert, select, update on wheelhouse.users to wheelhouse_system;
grant insert (id, email, name, password_hash) on wheelhouse.users to wheelhouse_app;
grant select (id, email, name, disabled_at, created_at, has_password) on wheelhouse.users to wheelhouse_app;
grant update (password_hash, disabled_at) on wheelhouse.users to wheelhouse_app;

create table wheelhouse.wall_grants (
  id uuid not null default wheelhouse.uuidv7(),
  org_id uuid not null,
  name text not null,
  created_by text not null,
  created_at timestamptz(3) not null default now(),
  expires_at timestamptz not null,
  revoked_at timestamptz,
  seen_at timestamptz,
  constraint wall_grants_pkey primary key (id),
  constraint wall_grants_org_id_fkey foreign key (org_id) references wheelhouse.organizations(id),
  constraint wall_grants_name_check check (((length(name) >= 1) and (length(name) <= 100)))
);
create index wall_grants_newest on wheelhouse.wall_grants using btree (org_id, id desc) where (revoked_at is null);
alter table wheelhouse.wall_grants enable row level security, force row level security;
create policy by_organization on wheelhouse.wall_grants to wheelhouse_app using ((org_id = any (wheelhouse.current_organizations()))) with check ((org_id = any (wheelhouse.current_organizations())));
create policy by_system on wheelhouse.wall_grants to wheelhouse_system using (true) with check (true);
grant insert, select, update on wheelhouse.wall_grants to wheelhouse_app;
grant select, update on wheelhouse.wall_grants to wheelhouse_system;

create table wheelhouse.watched_sources (
  id uuid not null default wheelhouse.uuidv7(),
  org_id uuid not null,
  slug text not null,
  kind text not null,
  definition jsonb not null,
  url_box bytea,
  version integer not null default 1,
  created_at timestamptz(3) not null default now(),
  credentials_box bytea,
  constraint watched_sources_pkey primary key (id),
  constraint watched_sources_org_id_slug_key unique (org_id, slug),
  constraint watched_sources_org_id_fkey foreign key (org_id) references wheelhouse.organizations(id),
  constraint watched_sources_check check (((url_box is not null) = (kind = any (array['redis'::text, 'postgres'::text])))),
  constraint watched_sources_check1 check (((credentials_box is null) or (kind = any (array['service'::text, 'prometheus'::text])))),
  constraint watched_sources_kind_check check ((kind = any (array['redis'::text, 'postgres'::text, 'service'::text, 'prometheus'::text, 'cache'::text]))),
  constraint watched_sources_slug_check check ((slug ~ '^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$'::text))
);
create unique index watched_sources_caches on wheelhouse.watched_sources using btree (org_id, ((definition ->> 'service'::text)), ((definition ->> 'name'::text))) where (kind = 'cache'::text);
alter table wheelhouse.watched_sources enable row level security, force row level security;
create policy by_organization on wheelhouse.watched_sources to wheelhouse_app using ((org_id = any (wheelhouse.current_organizations()))) with check ((org_id = any (wheelhouse.current_organizations())));
create policy by_system on wheelhouse.watched_sources to wheelhouse_system using (true) with check (true);
grant delete, insert, select, update on wheelhouse.watched_sources to wheelhouse_app;
grant select on wheelhouse.watched_sources to wheelhouse_system;

create table wheelhouse.webhook_attempts (
  delivery_id uuid not null,
  delivery_created_at timestamptz not null,
  org_id uuid not null,
  endpoint_id uuid not null,
  generation integer not null,
  attempt integer not null,
  attempt_trigger text not null,
  url text not null,
  started_at timestamptz not null,
  finished_at timestamptz not null,
  latency_ms integer,
  outcome text not null,
  status_code integer,
  error_class text,
  error_message text,
  request_headers jsonb not null,
  response_headers jsonb,
  response_body text,
  response_size_bytes integer,
  response_truncated boolean,
  constraint webhook_attempts_pkey primary key (delivery_id, generation, attempt, delivery_created_at),
  constraint webhook_attempts_outcome_check check ((outcome = any (array['success'::text, 'failure'::text, 'unknown'::text])))
) partition by range (delivery_created_at);
alter table wheelhouse.webhook_attempts enable row level security, force row level security;
create policy by_organization on wheelhouse.webhook_attempts to wheelhouse_app using ((org_id = any (wheelhouse.current_organizations()))) with check ((org_id = any (wheelhouse.current_organizations())));
create policy by_owner on wheelhouse.webhook_attempts to wheelhouse_owner using (true) with check (true);
create policy by_system on wheelhouse.webhook_attempts to wheelhouse_system using (true) with check (true);
grant insert, select on wheelhouse.webhook_attempts to wheelhouse_system;
grant select on wheelhouse.webhook_attempts to wheelhouse_app;

create table wheelhouse.webhook_claims (
  delivery_id uuid not null,
  delivery_created_at timestamptz not null,
  org_id uuid not null,
  endpoint_id uuid not null,
  generation integer not null,
  attempt integer not null,
  attempt_trigger text not null,
  url text not null,
  worker text not null,
  started_at timestamptz not null,
  deadline_at timestamptz not null,
  constraint webhook_claims_pkey primary key (delivery_id)
);
create index webhook_claims_deadline on wheelhouse.webhook_claims using btree (deadline_at);
create index webhook_claims_org on wheelhouse.webhook_claims using btree (org_id);
alter table wheelhouse.webhook_claims enable row level security, force row level security;
create policy by_organization on wheelhouse.webhook_claims to wheelhouse_app using ((org_id = any (wheelhouse.current_organizations()))) with check ((org_id = any (wheelhouse.current_organizations())));
create policy by_owner on wheelhouse.webhook_claims to wheelhouse_owner using (true) with check (true);
create policy by_search on wheelhouse.webhook_claims for select to wheelhouse_search using (true);
create policy by_system on wheelhouse.webhook_claims to wheelhouse_system using (true) with check (true);
grant delete, insert, select on wheelhouse.webhook_claims to wheelhouse_system;
grant select on wheelhouse.webhook_claims to wheelhouse_app;
grant select on wheelhouse.webhook_claims to wheelhouse_search;

create table wheelhouse.webhook_counts (
  org_id uuid not null,
  status text not null,
  delta bigint not null
);
alter table wheelhouse.webhook_counts enable row level security, force row level security;
create policy by_organization on wheelhouse.webhook_counts to wheelhouse_app using ((org_id = any (wheelhouse.current_organizations()))) with check ((org_id = any (wheelhouse.current_organizations())));
create policy by_owner on wheelhouse.webhook_counts to wheelhouse_owner using (true) with check (true);
create policy by_system on wheelhouse.webhook_counts to wheelhouse_system using (true) with check (true);
grant delete, insert, select on wheelhouse.webhook_counts to wheelhouse_system;
grant insert on wheelhouse.webhook_counts to wheelhouse_app;

create table wheelhouse.webhook_delivery_log (
  id uuid not null,
  org_id uuid not null,
  source_id uuid not null,
  endpoint_id uuid not null,
  event_type text not null,
  event_id text not null,
  received_at timestamptz not null,
  status text not null,
  attempts integer not null default 0,
  max_attempts integer not null,
  generation integer not null default 1,
  generation_started_at timestamptz not null,
  version integer not null default 1,
  next_attempt_at timestamptz,
  next_trigger text not null default 'schedule'::text,
  last_attempt_at timestamptz,
  completed_at timestamptz,
  last_status_code integer,
  error_class text,
  error_message text,
  job_id text,
  created_at timestamptz not null,
  constraint webhook_delivery_log_pkey primary key (id, created_at),
  constraint webhook_delivery_log_next_trigger_check check ((next_trigger = any (array['schedule'::text, 'replay'::text, 'recovery'::text]))),
  constraint webhook_delivery_log_status_check check ((status = any (array['pending'::text, 'completed'::text, 'failed'::text, 'dead_letter'::text, 'discarded'::text])))
) partition by range (created_at);
create index webhook_delivery_log_due on only wheelhouse.webhook_delivery_log using btree (next_attempt_at, id) where (status = any (array['pending'::text, 'failed'::text]));
create index webhook_delivery_log_ended on only wheelhouse.webhook_delivery_log using btree (org_id, created_at, id) where (status = any (array['dead_letter'::text, 'discarded'::text]));
create index webhook_delivery_log_page on only wheelhouse.webhook_delivery_log using btree (org_id, created_at desc, id desc);
create index webhook_delivery_log_stream on only wheelhouse.webhook_delivery_log using btree (wheelhouse.webhook_stream(org_id, endpoint_id, event_type, status, error_class), created_at desc, id desc);
create index webhook_delivery_log_words on only wheelhouse.webhook_delivery_log using gin (wheelhouse.webhook_words(org_id, error_message)) with (gin_pending_list_limit='256') where (error_message is not null);
alter table wheelhouse.webhook_delivery_log enable row level security, force row level security;
create policy by_organization on wheelhouse.webhook_delivery_log to wheelhouse_app using ((org_id = any (wheelhouse.current_organizations()))) with check ((org_id = any (wheelhouse.current_organizations())));
create policy by_owner on wheelhouse.webhook_delivery_log to wheelhouse_owner using (true) with check (true);
create policy by_search on wheelhouse.webhook_delivery_log for select to wheelhouse_search using (true);
create policy by_system on wheelhouse.webhook_delivery_log to wheelhouse_system using (true) with check (true);
create trigger count_inserted after insert on wheelhouse.webhook_delivery_log referencing new table as new_rows for each statement execute function wheelhouse.webhook_count_inserted();
create trigger count_updated after update on wheelhouse.webhook_delivery_log referencing old table as old_rows new table as new_rows for each statement execute function wheelhouse.webhook_count_updated();
create trigger end_webhook_ordered after update on wheelhouse.webhook_delivery_log referencing new table as changed for each statement execute function wheelhouse.end_webhook_ordered();
grant insert, select, update on wheelhouse.webhook_delivery_log to wheelhouse_app;
grant insert, select, update on wheelhouse.webhook_delivery_log to wheelhouse_system;
grant select on wheelhouse.webhook_delivery_log to wheelhouse_search;

create table wheelhouse.webhook_endpoints (
  id uuid not null default wheelhouse.uuidv7(),
  org_id uuid not null,
  slug text not null,
  name text not null,
  url text not null,
  event_types text[] not null default '{}'::text[],
  secret_box bytea,
  secret_hint text not null,
  enabled boolean not null default true,
  disabled_reason text,
  version integer not null default 1,
  created_at timestamptz(3) not null default now(),
  deleted_at timestamptz,
  settings jsonb not null default '{}'::jsonb,
  headers jsonb not null default '[]'::jsonb,
  previous_secret_box bytea,
  previous_secret_until timestamptz,
  changed_at timestamptz(3) not null default now(),
  changed_by text,
  failing_since timestamptz,
  warned_percent integer not null default 0,
  constraint webhook_endpoints_pkey primary key (id),
  constraint webhook_endpoints_org_id_fkey foreign key (org_id) references wheelhouse.organizations(id),
  constraint webhook_endpoints_warned_percent_check check ((warned_percent = any (array[0, 50, 70, 90])))
);
create index webhook_endpoints_page on wheelhouse.webhook_endpoints using btree (org_id, created_at desc, id desc);
create unique index webhook_endpoints_slug on wheelhouse.webhook_endpoints using btree (org_id, slug) where (deleted_at is null);
alter table wheelhouse.webhook_endpoints enable row level security, force row level security;
create policy by_organization on wheelhouse.webhook_endpoints to wheelhouse_app using ((org_id = any (wheelhouse.current_organizations()))) with check ((org_id = any (wheelhouse.current_organizations())));
create policy by_search on wheelhouse.webhook_endpoints for select to wheelhouse_search using (true);
create policy by_system on wheelhouse.webhook_endpoints to wheelhouse_system using (true) with check (true);
grant insert, select, update on wheelhouse.webhook_endpoints to wheelhouse_app;
grant insert, select, update on wheelhouse.webhook_endpoints to wheelhouse_system;
grant select (id, org_id, name, url) on wheelhouse.webhook_endpoints to wheelhouse_search;

create table wheelhouse.webhook_events (
  event_id text not null,
  org_id uuid not null,
  source_id uuid not null,
  source_event_id text not null,
  event_type text not null,
  content_type text not null,
  headers jsonb not null,
  payload bytea,
  received_at timestamptz not null,
  created_at timestamptz not null,
  fate text not null default 'matched'::text,
  missed_by uuid[] not null default '{}'::uuid[],
  size_bytes integer,
  expunged_at timestamptz(3),
  search_values text[] not null default '{}'::text[],
  constraint webhook_events_pkey primary key (event_id, created_at),
  constraint webhook_events_expunged check (((payload is null) = (expunged_at is not null))),
  constraint webhook_events_fate_check check ((fate = any (array['matched'::text, 'disabled'::text, 'filter'::text, 'none'::text, 'later'::text, 'unrecorded'::text])))
) partition by range (created_at);
create index webhook_events_fate on only wheelhouse.webhook_events using btree (org_id, fate, created_at desc, event_id desc);
create index webhook_events_missed on only wheelhouse.webhook_events using gin (missed_by) where (missed_by <> '{}'::uuid[]);
create index webhook_events_sender on only wheelhouse.webhook_events using btree (org_id, source_event_id);
create index webhook_events_sent_id on only wheelhouse.webhook_events using btree (org_id, source_event_id, created_at desc);
create index webhook_events_source on only wheelhouse.webhook_events using btree (org_id, source_id, fate, created_at desc nulls last, event_id desc);
create index webhook_events_source_type on only wheelhouse.webhook_events using btree (org_id, source_id, event_type, fate, created_at desc, event_id desc nulls last);
create index webhook_events_type on only wheelhouse.webhook_events using btree (org_id, event_type, fate, created_at desc nulls last, event_id desc nulls last);
create index webhook_events_values on only wheelhouse.webhook_events using gin (search_values) where (search_values <> '{}'::text[]);
alter table wheelhouse.webhook_events enable row level security, force row level security;
create policy by_organization on wheelhouse.webhook_events to wheelhouse_app using ((org_id = any (wheelhouse.current_organizations()))) with check ((org_id = any (wheelhouse.current_organizations())));
create policy by_owner on wheelhouse.webhook_events to wheelhouse_owner using (true) with check (true);
create policy by_search on wheelhouse.webhook_events for select to wheelhouse_search using (true);
create policy by_system on wheelhouse.webhook_events to wheelhouse_system using (true) with check (true);
grant insert, select on wheelhouse.webhook_events to wheelhouse_system;
grant select on wheelhouse.webhook_events to wheelhouse_app;
grant update (headers, payload, fate, expunged_at, search_values) on wheelhouse.webhook_events to wheelhouse_app;
grant select (event_id, org_id, source_event_id, created_at, missed_by, search_values) on wheelhouse.webhook_events to wheelhouse_search;
grant update (fate) on wheelhouse.webhook_events to wheelhouse_system;

create table wheelhouse.webhook_expired_days (
  day date not null,
  kept_what text not null,
  removed bigint not null,
  kept bigint not null,
  at timestamptz not null default now(),
  constraint webhook_expired_days_pkey primary key (day, kept_what)
);
grant insert, select on wheelhouse.webhook_expired_days to wheelhouse_system;

create table wheelhouse.webhook_fates_due (
  up_to_id text not null,
  constraint webhook_fates_due_pkey primary key (up_to_id)
);
grant delete, select, update on wheelhouse.webhook_fates_due to wheelhouse_system;

create table wheelhouse.webhook_figures (
  org_id uuid not null,
  endpoint_id uuid not null,
  at timestamptz not null,
  success boolean not null,
  first_attempt boolean not null,
  final boolean not null,
  latency_bucket smallint not null,
  count integer not null
);
create index webhook_figures_at on wheelhouse.webhook_figures using btree (at);
alter table wheelhouse.webhook_figures enable row level security, force row level security;
create policy by_organization on wheelhouse.webhook_figures to wheelhouse_app using ((org_id = any (wheelhouse.current_organizations()))) with check ((org_id = any (wheelhouse.current_organizations())));
create policy by_system on wheelhouse.webhook_figures to wheelhouse_system using (true) with check (true);
grant delete, insert, select on wheelhouse.webhook_figures to wheelhouse_system;

create table wheelhouse.webhook_late_items (
  plan_id uuid not null,
  event_id text not null,
  event_created_at timestamptz not null,
  org_id uuid not null,
  delivery_id uuid,
  constraint webhook_late_items_pkey primary key (plan_id, event_id),
  constraint webhook_late_items_plan_id_fkey foreign key (plan_id) references wheelhouse.webhook_late_plans(id) on delete cascade
);
alter table wheelhouse.webhook_late_items enable row level security, force row level security;
create policy by_organization on wheelhouse.webhook_late_items to wheelhouse_app using ((org_id = any (wheelhouse.current_organizations()))) with check ((org_id = any (wheelhouse.current_organizations())));
create policy by_system on wheelhouse.webhook_late_items to wheelhouse_system using (true) with check (true);
grant delete, select on wheelhouse.webhook_late_items to wheelhouse_system;
grant insert, select, update on wheelhouse.webhook_late_items to wheelhouse_app;

create table wheelhouse.webhook_late_plans (
  id uuid not null default wheelhouse.uuidv7(),
  org_id uuid not null,
  endpoint_id uuid not null,
  state text not null default 'planned'::text,
  filter jsonb not null,
  plan jsonb not null,
  total integer not null,
  reason text,
  rate integer,
  planned_by text not null,
  started_by text,
  created_at timestamptz(3) not null,
  expires_at timestamptz(3) not null,
  starts_at timestamptz(3),
  constraint webhook_late_plans_pkey primary key (id),
  constraint webhook_late_plans_org_id_fkey foreign key (org_id) references wheelhouse.organizations(id),
  constraint webhook_late_plans_rate_check check (((rate >= 1) and (rate <= 10000))),
  constraint webhook_late_plans_state_check check ((state = any (array['planned'::text, 'started'::text, 'cancelled'::text])))
);
create index webhook_late_plans_old on wheelhouse.webhook_late_plans using btree (created_at);
alter table wheelhouse.webhook_late_plans enable row level security, force row level security;
create policy by_organization on wheelhouse.webhook_late_plans to wheelhouse_app using ((org_id = any (wheelhouse.current_organizations()))) with check ((org_id = any (wheelhouse.current_organizations())));
create policy by_system on wheelhouse.webhook_late_plans to wheelhouse_system using (true) with check (true);
grant delete, select on wheelhouse.webhook_late_plans to wheelhouse_system;
grant insert, select, update on wheelhouse.webhook_late_plans to wheelhouse_app;

create table wheelhouse.webhook_ordered (
  seq bigint not null generated by default as identity,
  org_id uuid not null,
  endpoint_id uuid not null,
  key text not null,
  delivery_id uuid not null,
  delivery_created_at timestamptz(3) not null,
  state text not null default 'new'::text,
  constraint webhook_ordered_pkey primary key (seq),
  constraint webhook_ordered_org_id_fkey foreign key (org_id) references wheelhouse.organizations(id),
  constraint webhook_ordered_state_check check ((state = any (array['new'::text, 'waiting'::text, 'head'::text, 'ended'::text])))
);
create unique index webhook_ordered_delivery on wheelhouse.webhook_ordered using btree (delivery_id);
create unique index webhook_ordered_heads on wheelhouse.webhook_ordered using btree (endpoint_id, key) where (state = 'head'::text);
create index webhook_ordered_key on wheelhouse.webhook_ordered using btree (endpoint_id, key, seq);
create index webhook_ordered_work on wheelhouse.webhook_ordered using btree (seq) where (state = any (array['new'::text, 'ended'::text]));
alter table wheelhouse.webhook_ordered enable row level security, force row level security;
create policy by_organization on wheelhouse.webhook_ordered to wheelhouse_app using ((org_id = any (wheelhouse.current_organizations()))) with check ((org_id = any (wheelhouse.current_organizations())));
create policy by_system on wheelhouse.webhook_ordered to wheelhouse_system using (true) with check (true);
grant delete, insert, select, update on wheelhouse.webhook_ordered to wheelhouse_system;
grant delete, select on wheelhouse.webhook_ordered to wheelhouse_app;
grant update (state) on wheelhouse.webhook_ordered to wheelhouse_app;

create table wheelhouse.webhook_outcome_changes (
  org_id uuid not null,
  at timestamptz not null,
  endpoint_id uuid not null,
  event_type text not null,
  error_class text not null,
  delivered integer not null,
  failed integer not null,
  dead_letters integer not null,
  replays integer not null,
  duration smallint
);
alter table wheelhouse.webhook_outcome_changes enable row level security, force row level security;
create policy by_organization on wheelhouse.webhook_outcome_changes to wheelhouse_app using ((org_id = any (wheelhouse.current_organizations()))) with check ((org_id = any (wheelhouse.current_organizations())));
create policy by_system on wheelhouse.webhook_outcome_changes to wheelhouse_system using (true) with check (true);
grant delete, insert, select, update on wheelhouse.webhook_outcome_changes to wheelhouse_system;
grant insert, select on wheelhouse.webhook_outcome_changes to wheelhouse_app;

create table wheelhouse.webhook_outcomes (
  org_id uuid not null,
  step smallint not null,
  at timestamptz not null,
  endpoint_id uuid not null,
  event_type text not null,
  error_class text not null,
  delivered integer not null,
  failed integer not null,
  dead_letters integer not null,
  replays integer not null,
  durations integer[] not null,
  constraint webhook_outcomes_pkey primary key (org_id, step, at, endpoint_id, event_type, error_class)
);
alter table wheelhouse.webhook_outcomes enable row level security, force row level security;
create policy by_organization on wheelhouse.webhook_outcomes to wheelhouse_app using ((org_id = any (wheelhouse.current_organizations()))) with check ((org_id = any (wheelhouse.current_organizations())));
create policy by_owner on wheelhouse.webhook_outcomes to wheelhouse_owner using (true) with check (true);
create policy by_system on wheelhouse.webhook_outcomes to wheelhouse_system using (true) with check (true);
grant delete, insert, select, update on wheelhouse.webhook_outcomes to wheelhouse_system;
grant select on wheelhouse.webhook_outcomes to wheelhouse_app;

create table wheelhouse.webhook_refusals (
  org_id uuid not null,
  hour timestamptz not null,
  source text not null,
  reason text not null,
  status integer not null,
  requests bigint not null,
  first_at timestamptz(3) not null,
  last_at timestamptz(3) not null,
  addresses text[] not null,
  request_id text not null,
  field text,
  message text not null,
  newest jsonb not null,
  constraint webhook_refusals_pkey primary key (org_id, hour, source, reason),
  constraint webhook_refusals_org_id_fkey foreign key (org_id) references wheelhouse.organizations(id),
  constraint webhook_refusals_requests_check check ((requests > 0))
);
create index webhook_refusals_old on wheelhouse.webhook_refusals using btree (hour);
alter table wheelhouse.webhook_refusals enable row level security, force row level security;
create policy by_organization on wheelhouse.webhook_refusals to wheelhouse_app using ((org_id = any (wheelhouse.current_organizations()))) with check ((org_id = any (wheelhouse.current_organizations())));
create policy by_system on wheelhouse.webhook_refusals to wheelhouse_system using (true) with check (true);
grant delete, insert, select, update on wheelhouse.webhook_refusals to wheelhouse_system;
grant select on wheelhouse.webhook_refusals to wheelhouse_app;

create table wheelhouse.webhook_replay_endpoints (
  replay_id uuid not null,
  org_id uuid not null,
  endpoint_id uuid not null,
  event_types text[] not null,
  total integer not null,
  sent integer not null default 0,
  succeeded integer not null default 0,
  failed integer not null default 0,
  skipped integer not null default 0,
  phase text not null default 'canary'::text,
  cause text,
  canary_sent integer not null default 0,
  canary_ok integer not null default 0,
  canary_bad integer not null default 0,
  failed_in_row integer not null default 0,
  rate double precision,
  budget double precision not null default 0,
  paced_at timestamptz not null,
  window_at timestamptz not null,
  window_ok integer not null default 0,
  window_bad integer not null default 0,
  waits_for_breaker boolean not null default false,
  rate_limit integer,
  is_skipped boolean not null default false,
  constraint webhook_replay_endpoints_pkey primary key (replay_id, endpoint_id),
  constraint webhook_replay_endpoints_replay_id_fkey foreign key (replay_id) references wheelhouse.webhook_replays(id) on delete cascade,
  constraint webhook_replay_endpoints_phase_check check ((phase = any (array['canary'::text, 'sending'::text, 'held'::text, 'done'::text]))),
  constraint webhook_replay_endpoints_rate_limit_check check (((rate_limit >= 1) and (rate_limit <= 10000)))
);
alter table wheelhouse.webhook_replay_endpoints enable row level security, force row level security;
create policy by_organization on wheelhouse.webhook_replay_endpoints to wheelhouse_app using ((org_id = any (wheelhouse.current_organizations()))) with check ((org_id = any (wheelhouse.current_organizations())));
create policy by_system on wheelhouse.webhook_replay_endpoints to wheelhouse_system using (true) with check (true);
grant delete, insert, select, update on wheelhouse.webhook_replay_endpoints to wheelhouse_system;
grant insert, select, update on wheelhouse.webhook_replay_endpoints to wheelhouse_app;

create table wheelhouse.webhook_replay_items (
  delivery_id uuid not null,
  replay_id uuid not null,
  org_id uuid not null,
  endpoint_id uuid not null,
  delivery_created_at timestamptz not null,
  generation integer not null,
  state text not null default 'waiting'::text,
  why text,
  status_code integer,
  error_class text,
  constraint webhook_replay_items_pkey primary key (delivery_id, replay_id),
  constraint webhook_replay_items_state_check check ((state = any (array['waiting'::text, 'sent'::text, 'succeeded'::text, 'failed'::text, 'skipped'::text])))
);
create index webhook_replay_items_failed on wheelhouse.webhook_replay_items using btree (replay_id, endpoint_id) where (state = 'failed'::text);
create index webhook_replay_items_sent on wheelhouse.webhook_replay_items using btree (replay_id, delivery_id) where (state = 'sent'::text);
create index webhook_replay_items_waiting on wheelhouse.webhook_replay_items using btree (replay_id, endpoint_id, delivery_id) where (state = 'waiting'::text);
alter table wheelhouse.webhook_replay_items enable row level security, force row level security;
create policy by_organization on wheelhouse.webhook_replay_items to wheelhouse_app using ((org_id = any (wheelhouse.current_organizations()))) with check ((org_id = any (wheelhouse.current_organizations())));
create policy by_owner on wheelhouse.webhook_replay_items to wheelhouse_owner using (true) with check (true);
create policy by_system on wheelhouse.webhook_replay_items to wheelhouse_system using (true) with check (true);
grant delete, insert, select, update on wheelhouse.webhook_replay_items to wheelhouse_system;
grant insert, select on wheelhouse.webhook_replay_items to wheelhouse_app;

create table wheelhouse.webhook_replay_journal (
  replay_id uuid not null,
  id bigint not null generated by default as identity,
  org_id uuid not null,
  at timestamptz not null,
  endpoint_id uuid,
  what text not null,
  detail text,
  constraint webhook_replay_journal_pkey primary key (replay_id, id),
  constraint webhook_replay_journal_replay_id_fkey foreign key (replay_id) references wheelhouse.webhook_replays(id) on delete cascade
);
alter table wheelhouse.webhook_replay_journal enable row level security, force row level security;
create policy by_organization on wheelhouse.webhook_replay_journal to wheelhouse_app using ((org_id = any (wheelhouse.current_organizations()))) with check ((org_id = any (wheelhouse.current_organizations())));
create policy by_system on wheelhouse.webhook_replay_journal to wheelhouse_system using (true) with check (true);
grant delete, insert, select, update on wheelhouse.webhook_replay_journal to wheelhouse_system;
grant insert, select on wheelhouse.webhook_replay_journal to wheelhouse_app;

create table wheelhouse.webhook_replays (
  id uuid not null default wheelhouse.uuidv7(),
  org_id uuid not null,
  state text not null default 'planned'::text,
  filter jsonb not null,
  plan jsonb not null,
  reason text,
  rate integer,
  cause text,
  total integer not null default 0,
  sent integer not null default 0,
  succeeded integer not null default 0,
  failed integer not null default 0,
  skipped integer not null default 0,
  planned_by text not null,
  started_by text,
  created_at timestamptz(3) not null,
  expires_at timestamptz not null,
  starts_at timestamptz,
  ended_at timestamptz,
  constraint webhook_replays_pkey primary key (id),
  constraint webhook_replays_org_id_fkey foreign key (org_id) references wheelhouse.organizations(id),
  constraint webhook_replays_rate_check check (((rate >= 1) and (rate <= 10000))),
  constraint webhook_replays_state_check check ((state = any (array['planned'::text, 'running'::text, 'paused'::text, 'completed'::text, 'cancelled'::text, 'expired'::text])))
);
create index webhook_replays_going on wheelhouse.webhook_replays using btree (id) where ((state = 'running'::text) or (sent > (succeeded + failed)));
create index webhook_replays_page on wheelhouse.webhook_replays using btree (org_id, created_at desc, id desc);
create index webhook_replays_planned on wheelhouse.webhook_replays using btree (expires_at) where (state = 'planned'::text);
alter table wheelhouse.webhook_replays enable row level security, force row level security;
create policy by_organization on wheelhouse.webhook_replays to wheelhouse_app using ((org_id = any (wheelhouse.current_organizations()))) with check ((org_id = any (wheelhouse.current_organizations())));
create policy by_owner on wheelhouse.webhook_replays to wheelhouse_owner using (true) with check (true);
create policy by_system on wheelhouse.webhook_replays to wheelhouse_system using (true) with check (true);
grant delete, insert, select, update on wheelhouse.webhook_replays to wheelhouse_system;
grant insert, select, update on wheelhouse.webhook_replays to wheelhouse_app;

create table wheelhouse.webhook_sources (
  id uuid not null default wheelhouse.uuidv7(),
  org_id uuid not null,
  slug text not null,
  name text not null,
  scheme text not null,
  secret_box bytea,
  secret_hint text,
  version integer not null default 1,
  created_at timestamptz(3) not null default now(),
  deleted_at timestamptz,
  rules jsonb not null default '{}'::jsonb,
  addresses text[] not null default '{}'::text[],
  max_body_bytes integer not null default 1048576,
  previous_secret_box bytea,
  previous_secret_until timestamptz(3),
  redaction jsonb not null default '{}'::jsonb,
  search_fields text[] not null default '{}'::text[],
  constraint webhook_sources_pkey primary key (id),
  constraint webhook_sources_org_id_fkey foreign key (org_id) references wheelhouse.organizations(id),
  constraint webhook_sources_max_body_bytes_check check (((max_body_bytes >= 1024) and (max_body_bytes <= 26214400))),
  constraint webhook_sources_previous check (((previous_secret_box is null) = (previous_secret_until is null))),
  constraint webhook_sources_scheme_check check ((scheme = any (array['standard'::text, 'github'::text, 'stripe'::text, 'shopify'::text, 'slack'::text, 'hmac'::text, 'bearer'::text, 'addresses'::text])))
);
create index webhook_sources_page on wheelhouse.webhook_sources using btree (org_id, created_at desc, id desc);
create unique index webhook_sources_slug on wheelhouse.webhook_sources using btree (org_id, slug) where (deleted_at is null);
alter table wheelhouse.webhook_sources enable row level security, force row level security;
create policy by_organization on wheelhouse.webhook_sources to wheelhouse_app using ((org_id = any (wheelhouse.current_organizations()))) with check ((org_id = any (wheelhouse.current_organizations())));
create policy by_search on wheelhouse.webhook_sources for select to wheelhouse_search using (true);
create policy by_system on wheelhouse.webhook_sources to wheelhouse_system using (true) with check (true);
grant insert, select, update on wheelhouse.webhook_sources to wheelhouse_app;
grant insert, select, update on wheelhouse.webhook_sources to wheelhouse_system;
grant select (id, org_id, name, search_fields) on wheelhouse.webhook_sources to wheelhouse_search;

create table wheelhouse.webhook_streams (
  stream bigint not null,
  org_id uuid not null,
  endpoint_id uuid,
  event_type text,
  status text not null,
  error_class text,
  constraint webhook_streams_pkey primary key (stream)
);
create index webhook_streams_org on wheelhouse.webhook_streams using btree (org_id);
alter table wheelhouse.webhook_streams enable row level security, force row level security;
create policy by_organization on wheelhouse.webhook_streams to wheelhouse_app using ((org_id = any (wheelhouse.current_organizations()))) with check ((org_id = any (wheelhouse.current_organizations())));
create policy by_owner on wheelhouse.webhook_streams to wheelhouse_owner using (true) with check (true);
create policy by_search on wheelhouse.webhook_streams for select to wheelhouse_search using (true);
create policy by_system on wheelhouse.webhook_streams to wheelhouse_system using (true) with check (true);
grant delete, insert, select, update on wheelhouse.webhook_streams to wheelhouse_system;
grant select on wheelhouse.webhook_streams to wheelhouse_app;
grant select on wheelhouse.webhook_streams to wheelhouse_search;

create table wheelhouse.webhook_tally (
  stream bigint not null,
  step smallint not null,
  at timestamptz not null,
  org_id uuid not null,
  count integer not null,
  constraint webhook_tally_pkey primary key (stream, step, at)
);
create index webhook_tally_day on wheelhouse.webhook_tally using btree (at) where (step > 5);
create index webhook_tally_old on wheelhouse.webhook_tally using btree (at) where (step = 5);
alter table wheelhouse.webhook_tally enable row level security, force row level security;
create policy by_organization on wheelhouse.webhook_tally to wheelhouse_app using ((org_id = any (wheelhouse.current_organizations()))) with check ((org_id = any (wheelhouse.current_organizations())));
create policy by_owner on wheelhouse.webhook_tally to wheelhouse_owner using (true) with check (true);
create policy by_search on wheelhouse.webhook_tally for select to wheelhouse_search using (true);
create policy by_system on wheelhouse.webhook_tally to wheelhouse_system using (true) with check (true);
grant delete, insert, select, update on wheelhouse.webhook_tally to wheelhouse_system;
grant select on wheelhouse.webhook_tally to wheelhouse_app;
grant select on wheelhouse.webhook_tally to wheelhouse_search;

create table wheelhouse.webhook_tally_changes (
  org_id uuid not null,
  at timestamptz not null,
  endpoint_id uuid not null,
  event_type text not null,
  status text not null,
  error_class text,
  change integer not null
);
alter table wheelhouse.webhook_tally_changes enable row level security, force row level security;
create policy by_organization on wheelhouse.webhook_tally_changes to wheelhouse_app using ((org_id = any (wheelhouse.current_organizations()))) with check ((org_id = any (wheelhouse.current_organizations())));
create policy by_owner on wheelhouse.webhook_tally_changes to wheelhouse_owner using (true) with check (true);
create policy by_search on wheelhouse.webhook_tally_changes for select to wheelhouse_search using (true);
create policy by_system on wheelhouse.webhook_tally_changes to wheelhouse_system using (true) with check (true);
grant delete, insert, select, update on wheelhouse.webhook_tally_changes to wheelhouse_system;
grant insert, select on wheelhouse.webhook_tally_changes to wheelhouse_app;
grant select on wheelhouse.webhook_tally_changes to wheelhouse_search;

create table wheelhouse.webhook_views (
  id uuid not null default wheelhouse.uuidv7(),
  org_id uuid not null,
  owner_id text not null,
  name text not null,
  filter jsonb not null,
  created_at timestamptz not null default now(),
  constraint webhook_views_pkey primary key (id),
  constraint webhook_views_org_id_fkey foreign key (org_id) references wheelhouse.organizations(id),
  constraint webhook_views_name_check check (((length(name) >= 1) and (length(name) <= 80)))
);
create unique index webhook_views_name on wheelhouse.webhook_views using btree (org_id, owner_id, lower(name));
alter table wheelhouse.webhook_views enable row level security, force row level security;
create policy by_organization on wheelhouse.webhook_views to wheelhouse_app using ((org_id = any (wheelhouse.current_organizations()))) with check ((org_id = any (wheelhouse.current_organizations())));
create policy by_system on wheelhouse.webhook_views to wheelhouse_system using (true) with check (true);
grant delete, insert, select on wheelhouse.webhook_views to wheelhouse_app;

-- Functions

-- wheelhouse.audit_begins(organizations uuid[]) returns timestamp with time zone
--   wheelhouse_owner: plpgsql, stable, search_path=wheelhouse, pg_temp
grant execute on function wheelhouse.audit_begins(uuid[]) to wheelhouse_app;
grant execute on function wheelhouse.audit_begins(uuid[]) to wheelhouse_search;
-- wheelhouse.audit_csv_cell(cell text) returns text
--   wheelhouse_owner: sql, immutable, parallel safe
grant execute on function wheelhouse.audit_csv_cell(text) to public;
-- wheelhouse.audit_csv_line(seq bigint, hash bytea, content text) returns text
--   wheelhouse_owner: plpgsql, immutable, parallel safe
grant execute on function wheelhouse.audit_csv_line(bigint,bytea,text) to public;
-- wheelhouse.audit_csv_pick(csv_rows text, csv_ends integer[], places integer[]) returns bytea
--   wheelhouse_owner: plpgsql, immutable, parallel safe
grant execute on function wheelhouse.audit_csv_pick(text,integer[],integer[]) to public;
-- wheelhouse.audit_csv_row(seq bigint, hash bytea, content text) returns text
--   wheelhouse_owner: plpgsql, immutable, parallel safe
grant execute on function wheelhouse.audit_csv_row(bigint,bytea,text) to public;
-- wheelhouse.audit_expire(org uuid, upto_seq bigint) returns bigint
--   wheelhouse_owner: plpgsql, volatile, security definer, search_path=wheelhouse, pg_temp
grant execute on function wheelhouse.audit_expire(uuid,bigint) to wheelhouse_system;
-- wheelhouse.audit_lexeme(word text) returns text
--   wheelhouse_search: sql, immutable, strict, parallel safe
grant execute on function wheelhouse.audit_lexeme(text) to public;
-- wheelhouse.audit_link_hash(org_id uuid, seq bigint, audit_id uuid, content_hash bytea, prev bytea) returns bytea
--   wheelhouse_owner: sql, immutable, strict, parallel safe
grant execute on function wheelhouse.audit_link_hash(uuid,bigint,uuid,bytea,bytea) to public;
-- wheelhouse.audit_ndjson_line(seq bigint, prev bytea, hash bytea, content text) returns text
--   wheelhouse_owner: sql, immutable, parallel safe
grant execute on function wheelhouse.audit_ndjson_line(bigint,bytea,bytea,text) to public;
-- wheelhouse.audit_query(filter jsonb, org uuid) returns tsquery
--   wheelhouse_search: plpgsql, immutable, parallel safe
grant execute on function wheelhouse.audit_query(jsonb,uuid) to public;
-- wheelhouse.audit_words(org_id uuid, recorded_at timestamp with time zone, action text, outcome text, actor_id text, actor_display text, target_keys text[], search_text text) returns tsvector
--   wheelhouse_owner: plpgsql, immutable, parallel safe
grant execute on function wheelhouse.audit_words(uuid,timestamp with time zone,text,text,text,text,text[],text) to public;
-- wheelhouse.await_audit_expiry() returns trigger
--   wheelhouse_owner: plpgsql, volatile
grant execute on function wheelhouse.await_audit_expiry() to public;
-- wheelhouse.bound_audit_pending() returns void
--   wheelhouse_owner: plpgsql, volatile, search_path=wheelhouse, pg_temp
-- wheelhouse.browse_audit(organizations uuid[], walked text, wanted text[], outcomes text[], from_at timestamp with time zone, to_at timestamp with time zone, before_at timestamp with time zone, before_id uuid, max_rows integer, with_content boolean) returns TABLE(id uuid, recorded_at timestamp with time zone, content text)
--   wheelhouse_owner: plpgsql, stable, search_path=wheelhouse, pg_temp, max_parallel_workers_per_gather=0
grant execute on function wheelhouse.browse_audit(uuid[],text,text[],text[],timestamp with time zone,timestamp with time zone,timestamp with time zone,uuid,integer,boolean) to wheelhouse_app;
-- wheelhouse.build_audit_blocks(organization uuid, max_blocks integer) returns integer
--   wheelhouse_owner: plpgsql, volatile, security definer, search_path=wheelhouse, pg_temp, work_mem=64MB, enable_nestloop=off, jit=off
grant execute on function wheelhouse.build_audit_blocks(uuid,integer) to wheelhouse_system;
-- wheelhouse.check_audit_expiration() returns trigger
--   wheelhouse_owner: plpgsql, volatile, search_path=wheelhouse, pg_temp
grant execute on function wheelhouse.check_audit_expiration() to public;
-- wheelhouse.claim_webhook_deliveries(refs json, first_at timestamp with time zone, last_at timestamp with time zone, claimed_by text, started timestamp with time zone, deadline timestamp with time zone) returns TABLE(id uuid, org_id uuid, endpoint_id uuid, generation integer, attempt integer, max_attempts integer, event_id text, event_type text, url text, endpoint_version integer, secret_box bytea, payload bytea, content_type text)
--   wheelhouse_owner: plpgsql, volatile, search_path=wheelhouse, pg_temp, plan_cache_mode=force_generic_plan, enable_seqscan=off, enable_hashjoin=off, enable_mergejoin=off
grant execute on function wheelhouse.claim_webhook_deliveries(json,timestamp with time zone,timestamp with time zone,text,timestamp with time zone,timestamp with time zone) to wheelhouse_system;
-- wheelhouse.claim_webhook_deliveries(refs json, first_at timestamp with time zone, last_at timestamp with time zone, claimed_by text, started timestamp with time zone, timeout_ms integer, grace_ms integer) returns TABLE(id uuid, org_id uuid, endpoint_id uuid, generation integer, attempt integer, max_attempts integer, event_id text, event_type text, url text, endpoint_version integer, settings jsonb, headers jsonb, secret_box bytea, previous_secret_box bytea, previous_secret_until timestamp with time zone, payload bytea, content_type text)
--   wheelhouse_owner: plpgsql, volatile, search_path=wheelhouse, pg_temp, plan_cache_mode=force_generic_plan, enable_seqscan=off, enable_hashjoin=off, enable_mergejoin=off
grant execute on function wheelhouse.claim_webhook_deliveries(json,timestamp with time zone,timestamp with time zone,text,timestamp with time zone,integer,integer) to wheelhouse_system;
-- wheelhouse.count_webhook_deliveries(filter jsonb, from_at timestamp with time zone, to_at timestamp with time zone, bar_ms bigint, by_stream boolean) returns TABLE(bar integer, endpoint_id uuid, event_type text, status text, error_class text, count bigint)
--   wheelhouse_search: plpgsql, stable, security definer, search_path=wheelhouse, pg_temp, TimeZone=UTC, plan_cache_mode=force_generic_plan, enable_seqscan=off, jit=off, max_parallel_workers_per_gather=0
grant execute on function wheelhouse.count_webhook_deliveries(jsonb,timestamp with time zone,timestamp with time zone,bigint,boolean) to wheelhouse_app;
-- wheelhouse.count_webhook_events(organizations uuid[], sources uuid[], types text[], fates text[], from_at timestamp with time zone, step interval, bars integer, most integer) returns TABLE(bar integer, fate text, count integer)
--   wheelhouse_owner: plpgsql, stable, search_path=wheelhouse, pg_temp, plan_cache_mode=force_generic_plan, enable_seqscan=off, enable_bitmapscan=off, max_parallel_workers_per_gather=0
grant execute on function wheelhouse.count_webhook_events(uuid[],uuid[],text[],text[],timestamp with time zone,interval,integer,integer) to wheelhouse_app;
-- wheelhouse.current_organizations() returns uuid[]
--   wheelhouse_owner: sql, stable, parallel safe
grant execute on function wheelhouse.current_organizations() to public;
-- wheelhouse.current_person() returns uuid
--   wheelhouse_owner: sql, stable, parallel safe
grant execute on function wheelhouse.current_person() to public;
-- wheelhouse.demand_record() returns trigger
--   wheelhouse_search: plpgsql, volatile, security definer, search_path=wheelhouse, pg_temp
grant execute on function wheelhouse.demand_record() to wheelhouse_owner;
-- wheelhouse.derive_audit_checkpoint() returns trigger
--   wheelhouse_owner: plpgsql, volatile, search_path=wheelhouse, pg_temp
grant execute on function wheelhouse.derive_audit_checkpoint() to public;
-- wheelhouse.derive_audit_event() returns trigger
--   wheelhouse_owner: plpgsql, volatile
grant execute on function wheelhouse.derive_audit_event() to public;
-- wheelhouse.discard_unwanted_webhook_deliveries(refs json, first_at timestamp with time zone, last_at timestamp with time zone) returns TABLE(id uuid, org_id uuid)
--   wheelhouse_owner: plpgsql, volatile, search_path=wheelhouse, pg_temp, plan_cache_mode=force_generic_plan, enable_seqscan=off, enable_hashjoin=off, enable_mergejoin=off
grant execute on function wheelhouse.discard_unwanted_webhook_deliveries(json,timestamp with time zone,timestamp with time zone) to wheelhouse_system;
-- wheelhouse.end_webhook_ordered() returns trigger
--   wheelhouse_owner: plpgsql, volatile, search_path=wheelhouse, pg_temp, plan_cache_mode=force_generic_plan, enable_seqscan=off, enable_hashjoin=off, enable_mergejoin=off
grant execute on function wheelhouse.end_webhook_ordered() to public;
-- wheelhouse.expire_indexed_day(first_kept date) returns date
--   wheelhouse_owner: plpgsql, volatile, security definer, search_path=wheelhouse, pg_temp, lock_timeout=3s, TimeZone=UTC
grant execute on function wheelhouse.expire_indexed_day(date) to wheelhouse_system;
-- wheelhouse.expire_webhook_day(day date, keep text) returns TABLE(state text, removed bigint, kept bigint)
--   wheelhouse_owner: plpgsql, volatile, security definer, search_path=wheelhouse, pg_temp, lock_timeout=3s, TimeZone=UTC
grant execute on function wheelhouse.expire_webhook_day(date,text) to wheelhouse_system;
-- wheelhouse.fill_audit_csv(organization uuid, max_blocks integer) returns integer
--   wheelhouse_owner: plpgsql, volatile, security definer, search_path=wheelhouse, pg_temp, work_mem=64MB, enable_nestloop=off, jit=off
grant execute on function wheelhouse.fill_audit_csv(uuid,integer) to wheelhouse_system;
-- wheelhouse.find_api_token(hash bytea, valid_at timestamp with time zone) returns TABLE(id uuid, name text, "organizationId" uuid, capabilities text[], "lastUsedAt" timestamp with time zone, memberships json)
--   wheelhouse_owner: plpgsql, stable, search_path=wheelhouse, pg_temp
grant execute on function wheelhouse.find_api_token(bytea,timestamp with time zone) to wheelhouse_system;
-- wheelhouse.find_audit(filter jsonb, before_at timestamp with time zone, before_id uuid, max_rows integer, with_content boolean DEFAULT false) returns TABLE(id uuid, recorded_at timestamp with time zone, content text)
--   wheelhouse_search: plpgsql, stable, security definer, search_path=wheelhouse, pg_temp, work_mem=32MB, max_parallel_workers_per_gather=0, plan_cache_mode=force_generic_plan, enable_sort=off, cpu_index_tuple_cost=1
grant execute on function wheelhouse.find_audit(jsonb,timestamp with time zone,uuid,integer,boolean) to wheelhouse_app;
-- wheelhouse.find_indexed_causes(organizations uuid[], asked text, most integer) returns TABLE(id bigint)
--   wheelhouse_search: plpgsql, stable, security definer, search_path=wheelhouse, pg_temp, plan_cache_mode=force_generic_plan, jit=off
grant execute on function wheelhouse.find_indexed_causes(uuid[],text,integer) to wheelhouse_app;
-- wheelhouse.find_indexed_jobs(filter jsonb, before_at timestamp with time zone, before_no bigint, max_rows integer) returns TABLE(org_id uuid, job_id text, queue integer, added_at timestamp with time zone, no bigint, state text)
--   wheelhouse_search: plpgsql, stable, security definer, search_path=wheelhouse, pg_temp, TimeZone=UTC, plan_cache_mode=force_generic_plan, enable_seqscan=off, enable_hashjoin=off, enable_mergejoin=off, jit=off, max_parallel_workers_per_gather=0
grant execute on function wheelhouse.find_indexed_jobs(jsonb,timestamp with time zone,bigint,integer) to wheelhouse_app;
-- wheelhouse.find_sessions(hashes bytea[], valid_at timestamp with time zone, used_after timestamp with time zone, confirmed_after timestamp with time zone, created_after timestamp with time zone) returns TABLE(id uuid, previous boolean, "tokenHash" text, "defaultOrganizationId" uuid, "expiresAt" timestamp with time zone, "lastSeenAt" timestamp with time zone, confirmed boolean, "signedInBy" text, "user" json, memberships json)
--   wheelhouse_owner: plpgsql, stable, search_path=wheelhouse, pg_temp
grant execute on function wheelhouse.find_sessions(bytea[],timestamp with time zone,timestamp with time zone,timestamp with time zone,timestamp with time zone) to wheelhouse_system;
-- wheelhouse.find_webhook_deliveries(filter jsonb, before_at timestamp with time zone, before_id uuid, max_rows integer) returns TABLE(id uuid, created_at timestamp with time zone)
--   wheelhouse_search: plpgsql, stable, security definer, search_path=wheelhouse, pg_temp, TimeZone=UTC, plan_cache_mode=force_generic_plan, enable_seqscan=off, enable_bitmapscan=off, enable_hashjoin=off, enable_mergejoin=off, jit=off, max_parallel_workers_per_gather=0
grant execute on function wheelhouse.find_webhook_deliveries(jsonb,timestamp with time zone,uuid,integer) to wheelhouse_app;
-- wheelhouse.find_webhook_events(organizations uuid[], sources uuid[], types text[], fates text[], from_at timestamp with time zone, to_at timestamp with time zone, before_at timestamp with time zone, before_id text, max_rows integer) returns TABLE(event_id text, created_at timestamp with time zone)
--   wheelhouse_owner: plpgsql, stable, search_path=wheelhouse, pg_temp, plan_cache_mode=force_generic_plan, enable_seqscan=off, enable_bitmapscan=off, enable_sort=off, enable_incremental_sort=off, max_parallel_workers_per_gather=0
grant execute on function wheelhouse.find_webhook_events(uuid[],uuid[],text[],text[],timestamp with time zone,timestamp with time zone,timestamp with time zone,text,integer) to wheelhouse_app;
-- wheelhouse.find_webhook_values(asked text, organizations uuid[], from_at timestamp with time zone, to_at timestamp with time zone, max_rows integer) returns TABLE(event_id text, created_at timestamp with time zone)
--   wheelhouse_search: plpgsql, stable, security definer, search_path=wheelhouse, pg_temp, plan_cache_mode=force_generic_plan, enable_seqscan=off, enable_indexscan=off
grant execute on function wheelhouse.find_webhook_values(text,uuid[],timestamp with time zone,timestamp with time zone,integer) to wheelhouse_app;
-- wheelhouse.find_webhook_words(asked_words text[], filter jsonb, visible uuid[], from_at timestamp with time zone, until_at timestamp with time zone, place_at timestamp with time zone, place_id uuid, max_rows integer) returns TABLE(id uuid, created_at timestamp with time zone)
--   wheelhouse_search: plpgsql, stable, security definer, search_path=wheelhouse, pg_temp, work_mem=32MB, plan_cache_mode=force_generic_plan, enable_seqscan=off, enable_indexscan=off, jit=off, max_parallel_workers_per_gather=0
-- wheelhouse.finish_webhook_attempts(outcomes json, first_at timestamp with time zone, last_at timestamp with time zone) returns TABLE(id uuid, org_id uuid)
--   wheelhouse_owner: plpgsql, volatile, search_path=wheelhouse, pg_temp, plan_cache_mode=force_generic_plan, enable_seqscan=off, enable_hashjoin=off, enable_mergejoin=off
grant execute on function wheelhouse.finish_webhook_attempts(json,timestamp with time zone,timestamp with time zone) to wheelhouse_system;
-- wheelhouse.fold_webhook_changes() returns integer
--   wheelhouse_owner: plpgsql, volatile, search_path=wheelhouse, pg_temp, TimeZone=UTC
grant execute on function wheelhouse.fold_webhook_changes() to wheelhouse_system;
-- wheelhouse.forget_webhook_copies(last_day date) returns void
--   wheelhouse_owner: plpgsql, volatile, security definer, search_path=wheelhouse, pg_temp, lock_timeout=3s, TimeZone=UTC
grant execute on function wheelhouse.forget_webhook_copies(date) to wheelhouse_system;
-- wheelhouse.has_indexed_terms(at timestamp with time zone, data_no bigint, error_no bigint, required bigint[], either_1 bigint[], either_2 bigint[], either_3 bigint[]) returns boolean
--   wheelhouse_search: plpgsql, stable, search_path=wheelhouse, pg_temp, plan_cache_mode=force_generic_plan, enable_seqscan=off, jit=off
-- wheelhouse.keep_indexed_jobs(jobs jsonb) returns integer
--   wheelhouse_owner: plpgsql, volatile, search_path=wheelhouse, pg_temp, plan_cache_mode=force_generic_plan, enable_seqscan=off, enable_hashjoin=off, enable_mergejoin=off, jit=off
grant execute on function wheelhouse.keep_indexed_jobs(jsonb) to wheelhouse_system;
-- wheelhouse.lock_audit_expiry(org_id uuid) returns void
--   wheelhouse_owner: sql, volatile, security definer, search_path=wheelhouse, pg_temp
grant execute on function wheelhouse.lock_audit_expiry(uuid) to wheelhouse_app;
grant execute on function wheelhouse.lock_audit_expiry(uuid) to wheelhouse_system;
-- wheelhouse.make_audit_partitions(months_ahead integer) returns integer
--   wheelhouse_owner: plpgsql, volatile, security definer, search_path=wheelhouse, pg_temp
grant execute on function wheelhouse.make_audit_partitions(integer) to wheelhouse_app;
grant execute on function wheelhouse.make_audit_partitions(integer) to wheelhouse_system;
-- wheelhouse.make_indexed_days(first_day date, last_day date) returns integer
--   wheelhouse_owner: plpgsql, volatile, security definer, search_path=pg_catalog, pg_temp, lock_timeout=3s, TimeZone=UTC
grant execute on function wheelhouse.make_indexed_days(date,date) to wheelhouse_system;
-- wheelhouse.make_webhook_partitions(first_day date, last_day date) returns integer
--   wheelhouse_owner: plpgsql, volatile, security definer, search_path=pg_catalog, pg_temp, lock_timeout=3s, TimeZone=UTC
grant execute on function wheelhouse.make_webhook_partitions(date,date) to wheelhouse_system;
-- wheelhouse.match_webhook_streams(filter jsonb, visible uuid[]) returns TABLE(stream bigint, org_id uuid, endpoint_id uuid, event_type text, status text, error_class text)
--   wheelhouse_search: plpgsql, stable, security definer, search_path=wheelhouse, pg_temp, plan_cache_mode=force_generic_plan, jit=off
-- wheelhouse.missed_webhook_events(endpoint uuid, from_at timestamp with time zone, max_rows integer) returns TABLE(event_id text, created_at timestamp with time zone)
--   wheelhouse_search: plpgsql, stable, security definer, search_path=wheelhouse, pg_temp, plan_cache_mode=force_generic_plan, enable_seqscan=off, enable_indexscan=off
grant execute on function wheelhouse.missed_webhook_events(uuid,timestamp with time zone,integer) to wheelhouse_app;
-- wheelhouse.order_audit_month() returns text
--   wheelhouse_owner: plpgsql, volatile, security definer, search_path=wheelhouse, pg_temp, maintenance_work_mem=256MB, work_mem=256MB, enable_indexscan=off, enable_bitmapscan=off
grant execute on function wheelhouse.order_audit_month() to wheelhouse_system;
-- wheelhouse.own_by_organization(relation regclass) returns void
--   wheelhouse_owner: plpgsql, volatile
-- wheelhouse.place_organization() returns trigger
--   wheelhouse_owner: plpgsql, volatile
grant execute on function wheelhouse.place_organization() to public;
-- wheelhouse.postpone_webhook_deliveries(refs json, first_at timestamp with time zone, last_at timestamp with time zone, at timestamp with time zone, max_age_ms double precision) returns TABLE(id uuid, org_id uuid, status text, next_attempt_at timestamp with time zone)
--   wheelhouse_owner: plpgsql, volatile, search_path=wheelhouse, pg_temp, plan_cache_mode=force_generic_plan, enable_seqscan=off, enable_hashjoin=off, enable_mergejoin=off
grant execute on function wheelhouse.postpone_webhook_deliveries(json,timestamp with time zone,timestamp with time zone,timestamp with time zone,double precision) to wheelhouse_system;
-- wheelhouse.recent_webhook_answers(organization uuid, endpoint uuid, since timestamp with time zone, most integer) returns TABLE(deliveries integer, succeeded integer, p50 integer, p95 integer)
--   wheelhouse_owner: plpgsql, stable, search_path=wheelhouse, pg_temp, plan_cache_mode=force_generic_plan, enable_seqscan=off, enable_hashjoin=off, enable_mergejoin=off, enable_bitmapscan=off, jit=off
grant execute on function wheelhouse.recent_webhook_answers(uuid,uuid,timestamp with time zone,integer) to wheelhouse_app;
-- wheelhouse.refuse_audit_block_change() returns trigger
--   wheelhouse_owner: plpgsql, volatile
grant execute on function wheelhouse.refuse_audit_block_change() to public;
-- wheelhouse.refuse_audit_change() returns trigger
--   wheelhouse_owner: plpgsql, volatile
grant execute on function wheelhouse.refuse_audit_change() to public;
-- wheelhouse.release_webhook_keys(now_at timestamp with time zone, max_keys integer) returns TABLE(delivery_id uuid, endpoint_id uuid, org_id uuid, generation integer)
--   wheelhouse_owner: plpgsql, volatile, search_path=wheelhouse, pg_temp, plan_cache_mode=force_generic_plan, enable_seqscan=off, enable_hashjoin=off, enable_mergejoin=off
grant execute on function wheelhouse.release_webhook_keys(timestamp with time zone,integer) to wheelhouse_system;
-- wheelhouse.roll_up_audit(org uuid, max_events integer) returns bigint
--   wheelhouse_owner: plpgsql, volatile, search_path=wheelhouse, pg_temp
grant execute on function wheelhouse.roll_up_audit(uuid,integer) to wheelhouse_system;
-- wheelhouse.rotate_session(session_id uuid, from_hash bytea, to_hash bytea, old_until timestamp with time zone, organization_id uuid, confirmed timestamp with time zone) returns boolean
--   wheelhouse_owner: sql, volatile, security definer, search_path=wheelhouse, pg_temp
grant execute on function wheelhouse.rotate_session(uuid,bytea,bytea,timestamp with time zone,uuid,timestamp with time zone) to wheelhouse_app;
-- wheelhouse.seal_audit_event() returns trigger
--   wheelhouse_owner: plpgsql, volatile, security definer, search_path=wheelhouse, pg_temp
-- wheelhouse.seen_webhook_events(events json) returns TABLE(n integer, event_id text)
--   wheelhouse_owner: plpgsql, stable, search_path=wheelhouse, pg_temp, plan_cache_mode=force_generic_plan, enable_seqscan=off, enable_hashjoin=off, enable_mergejoin=off
grant execute on function wheelhouse.seen_webhook_events(json) to wheelhouse_system;
-- wheelhouse.seen_webhook_streams(streams bigint[]) returns TABLE(stream bigint, first_at timestamp with time zone, last_at timestamp with time zone, last_status_code integer, error_message text)
--   wheelhouse_search: plpgsql, stable, security definer, search_path=wheelhouse, pg_temp, TimeZone=UTC, plan_cache_mode=force_generic_plan, enable_seqscan=off, enable_bitmapscan=off, enable_sort=off, jit=off
grant execute on function wheelhouse.seen_webhook_streams(bigint[]) to wheelhouse_app;
-- wheelhouse.settle_webhook_fates(most integer) returns boolean
--   wheelhouse_owner: plpgsql, volatile, search_path=wheelhouse, pg_temp
grant execute on function wheelhouse.settle_webhook_fates(integer) to wheelhouse_system;
-- wheelhouse.show_indexed_jobs(organizations uuid[], jobs text[], queues integer[], times timestamp with time zone[]) returns TABLE(org_id uuid, job_id text, queue text, queue_name text, source text, added_at timestamp with time zone, no bigint, name text, state text, attempts integer, attempts_most integer, processed_at timestamp with time zone, finished_at timestamp with time zone, due_at timestamp with time zone, worker text, error text, cause bigint, data_bytes integer, fields text, shown jsonb)
--   wheelhouse_search: plpgsql, stable, security definer, search_path=wheelhouse, pg_temp, plan_cache_mode=force_generic_plan, enable_seqscan=off, enable_hashjoin=off, enable_mergejoin=off, jit=off
grant execute on function wheelhouse.show_indexed_jobs(uuid[],text[],integer[],timestamp with time zone[]) to wheelhouse_app;
-- wheelhouse.show_webhook_deliveries(ids uuid[], times timestamp with time zone[]) returns TABLE(id uuid, org_id uuid, event_id text, event_type text, source_id uuid, source_name text, endpoint_id uuid, endpoint_name text, endpoint_url text, status text, attempts integer, max_attempts integer, generation integer, version integer, received_at timestamp with time zone, last_attempt_at timestamp with time zone, next_attempt_at timestamp with time zone, completed_at timestamp with time zone, last_status_code integer, error_class text, error_message text, created_at timestamp with time zone, claimed_at timestamp with time zone)
--   wheelhouse_search: plpgsql, stable, security definer, search_path=wheelhouse, pg_temp, plan_cache_mode=force_generic_plan, enable_seqscan=off, enable_hashjoin=off, enable_mergejoin=off, enable_bitmapscan=off, jit=off
grant execute on function wheelhouse.show_webhook_deliveries(uuid[],timestamp with time zone[]) to wheelhouse_app;
-- wheelhouse.show_webhook_events(ids text[], times timestamp with time zone[], most integer) returns TABLE(event_id text, org_id uuid, source_id uuid, source_name text, source_event_id text, event_type text, received_at timestamp with time zone, created_at timestamp with time zone, fate text, delivery_count integer, deliveries json, missed_by json)
--   wheelhouse_owner: plpgsql, stable, search_path=wheelhouse, pg_temp, plan_cache_mode=force_generic_plan, enable_seqscan=off, enable_hashjoin=off, enable_mergejoin=off, enable_bitmapscan=off, jit=off
grant execute on function wheelhouse.show_webhook_events(text[],timestamp with time zone[],integer) to wheelhouse_app;
-- wheelhouse.step_audit_head() returns trigger
--   wheelhouse_owner: plpgsql, volatile
grant execute on function wheelhouse.step_audit_head() to public;
-- wheelhouse.store_webhook_events(events json, deliveries json, payloads bytea) returns TABLE(n integer, event_id text, duplicate boolean)
--   wheelhouse_owner: plpgsql, volatile, search_path=wheelhouse, pg_temp, plan_cache_mode=force_generic_plan
grant execute on function wheelhouse.store_webhook_events(json,json,bytea) to wheelhouse_system;
-- wheelhouse.uuidv7() returns uuid
--   wheelhouse_owner: sql, volatile, parallel safe
grant execute on function wheelhouse.uuidv7() to public;
-- wheelhouse.walk_indexed_jobs(organizations uuid[], queues integer[], names text[], states text[], causes bigint[], since timestamp with time zone, until_at timestamp with time zone, before_at timestamp with time zone, before_no bigint, max_rows integer) returns TABLE(org_id uuid, job_id text, queue integer, added_at timestamp with time zone, no bigint, state text, data_no bigint, error_no bigint)
--   wheelhouse_search: plpgsql, stable, search_path=wheelhouse, pg_temp, plan_cache_mode=force_generic_plan, enable_seqscan=off, enable_bitmapscan=off, enable_hashjoin=off, enable_mergejoin=off, jit=off, enable_sort=off, enable_incremental_sort=off, max_parallel_workers_per_gather=0
-- wheelhouse.webhook_count_inserted() returns trigger
--   wheelhouse_owner: plpgsql, volatile
grant execute on function wheelhouse.webhook_count_inserted() to public;
-- wheelhouse.webhook_count_updated() returns trigger
--   wheelhouse_owner: plpgsql, volatile
grant execute on function wheelhouse.webhook_count_updated() to public;
-- wheelhouse.webhook_stream(org uuid, endpoint uuid, type text, status text, error text) returns bigint
--   wheelhouse_owner: sql, immutable, parallel safe
grant execute on function wheelhouse.webhook_stream(uuid,uuid,text,text,text) to public;
-- wheelhouse.webhook_words(org uuid, message text) returns tsvector
--   wheelhouse_owner: sql, immutable, parallel safe
grant execute on function wheelhouse.webhook_words(uuid,text) to public;
