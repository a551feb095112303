// Written by `npm run schema` from a new database and `table-overrides.ts`; do not edit.
import type { Affected } from "@wheelhouse/shared/alerts/incidents.ts";
import type { ObjectiveDefinition } from "@wheelhouse/shared/alerts/objectives.ts";
import type { RuleDefinition } from "@wheelhouse/shared/alerts/rules.ts";
import type { Matcher } from "@wheelhouse/shared/alerts/silences.ts";
import type { Capability } from "@wheelhouse/shared/capabilities.ts";
import type { JobRunFilter, JobRunHappening } from "@wheelhouse/shared/queues/runs.ts";
import type { ControlAct } from "@wheelhouse/shared/reporter/control.ts";
import type { EndpointSettings } from "@wheelhouse/shared/webhooks/endpoint-settings.ts";
import type { LateFilter } from "@wheelhouse/shared/webhooks/events.ts";
import type { ReplayFilter, ReplayHappening } from "@wheelhouse/shared/webhooks/replays.ts";
import type { SourceRedaction, SourceRules } from "@wheelhouse/shared/webhooks/senders.ts";
import type { ColumnType } from "kysely";
import type { KeptJobPlan, KeptLatePlan, KeptPlan, KeptReply, QueueAct } from "./table-overrides.ts";

export type ArrayType<T> = ArrayTypeImpl<T> extends (infer U)[] ? U[] : ArrayTypeImpl<T>;

export type ArrayTypeImpl<T> =
  T extends ColumnType<infer S, infer I, infer U> ? ColumnType<S[], I[], U[]> : T[];

export type Generated<T> =
  T extends ColumnType<infer S, infer I, infer U>
    ? ColumnType<S, I | undefined, U>
    : ColumnType<T, T | undefined, T>;

export type Json = JsonValue;

export type JsonArray = JsonValue[];

export type JsonObject = {
  [x: string]: JsonValue | undefined;
};

export type JsonPrimitive = boolean | number | string | null;

export type JsonValue = JsonArray | JsonObject | JsonPrimitive;

export type Timestamp = ColumnType<Date, Date | string, Date | string>;

export interface AlertAnnouncements {
  created_at: Generated<Date>;
  event: "fired" | "reopened" | "resolved" | "acknowledged" | "escalated";
  id: Generated<string>;
  incident_id: string;
  labels: Json;
  org_id: string;
  path: string;
  severity: "critical" | "warning" | "info";
  started_at: Date;
  summary: string;
  title: string;
}

export interface AlertCalls {
  incident_id: string;
  labels: Json;
  next_at: Date | null;
  org_id: string;
  path: string;
  round: number;
  severity: "critical" | "warning" | "info";
  started_at: Date;
  state: "calling" | "acknowledged" | "ended";
  step: number;
  summary: string;
  team_id: string | null;
  title: string;
  updated_at: Generated<Date>;
}

export interface AlertChannels {
  created_at: Generated<Date>;
  endpoint_id: string | null;
  failing_since: Date | null;
  hint: string;
  id: Generated<string>;
  kind: "slack" | "teams" | "pagerduty" | "json" | "webhook";
  last_error: string | null;
  last_sent_at: Date | null;
  least_severity: "critical" | "warning" | "info";
  name: string;
  org_id: string;
  secret_box: Buffer | null;
  tested_at: Date | null;
  version: Generated<number>;
}

export interface AlertContacts {
  created_at: Generated<Date>;
  expired_at: Date | null;
  failing_since: Date | null;
  hint: string;
  id: Generated<string>;
  kind: "email" | "push" | "pagerduty";
  last_error: string | null;
  last_sent_at: Date | null;
  name: string;
  org_id: string;
  secret_box: Buffer;
  secret_hash: Buffer;
  tested_at: Date | null;
  user_id: string;
}

export interface AlertInstances {
  clearing_since: Date | null;
  fires: Generated<ArrayType<Date>>;
  incident_id: string | null;
  labels: ColumnType<Record<string, string>, string, string>;
  name: string;
  no_data_since: Date | null;
  node: string;
  org_id: string;
  path: string;
  rule_key: string;
  severity: "critical" | "warning" | "info";
  since: Date;
  state: "pending" | "firing" | "resolved";
  text: string;
  updated_at: Generated<Date>;
  value: number | null;
}

export interface AlertObjectives {
  definition: ColumnType<ObjectiveDefinition, string, string>;
  deleted_at: Date | null;
  key: string;
  org_id: string;
  updated_at: Generated<Date>;
  updated_by: string;
  version: Generated<number>;
}

export interface AlertOverrides {
  created_at: Generated<Date>;
  created_by: string;
  ends_at: Date;
  id: Generated<string>;
  layer: number;
  org_id: string;
  reason: string | null;
  starts_at: Date;
  team_id: string;
  user_id: string;
}

export interface AlertPeople {
  has_sound: Generated<boolean>;
  night_from: string;
  night_to: string;
  org_id: string;
  rules: Json;
  time_zone: string;
  user_id: string;
  version: Generated<number>;
}

export interface AlertRules {
  definition: ColumnType<RuleDefinition, string, string>;
  deleted_at: Date | null;
  key: string;
  org_id: string;
  source: "builtin" | "page" | "file";
  updated_at: Generated<Date>;
  updated_by: string;
  version: Generated<number>;
}

export interface AlertRuleVersions {
  changed_by: ColumnType<string, string, never>;
  created_at: ColumnType<Date, Date | undefined, never>;
  definition: ColumnType<RuleDefinition | null, string | null, never>;
  key: ColumnType<string, string, never>;
  org_id: ColumnType<string, string, never>;
  version: ColumnType<number, number, never>;
}

export interface AlertSettings {
  allows_links: Generated<boolean>;
  digest_minutes: Generated<number>;
  heartbeat_box: Buffer | null;
  heartbeat_due_at: Date | null;
  heartbeat_error: string | null;
  heartbeat_hint: string | null;
  heartbeat_seconds: Generated<number>;
  heartbeat_sent_at: Date | null;
  org_id: string;
  throttle_limit: Generated<number>;
  throttle_minutes: Generated<number>;
  version: Generated<number>;
}

export interface AlertTeams {
  created_at: Generated<Date>;
  handover_day: number;
  handover_time: string;
  id: Generated<string>;
  layers: Json;
  matchers: Json;
  name: string;
  org_id: string;
  position: number;
  repeats: number;
  rota_from: string;
  steps: Json;
  time_zone: string;
  version: Generated<number>;
}

export interface ApiTokens {
  capabilities: Capability[];
  created_at: Generated<Date>;
  created_by: string;
  expires_at: Date | null;
  id: Generated<string>;
  last_used_at: Date | null;
  name: string;
  org_id: string;
  prefix: string;
  revoked_at: Date | null;
  token_hash: Buffer;
}

export interface AuditActivity {
  action: string;
  actor: string;
  events: number;
  hour: Date;
  org_id: string;
  outcome: string;
}

export interface AuditBlocks {
  csv_ends: ColumnType<number[] | null, never, never>;
  csv_rows: ColumnType<string | null, never, never>;
  first_at: ColumnType<Date, never, never>;
  last_at: ColumnType<Date, never, never>;
  ndjson: ColumnType<string, never, never>;
  number: ColumnType<number, never, never>;
  org_id: ColumnType<string, never, never>;
}

export interface AuditChain {
  audit_id: ColumnType<string, never, never>;
  content_hash: ColumnType<Buffer, never, never>;
  hash: ColumnType<Buffer, never, never>;
  org_id: ColumnType<string, never, never>;
  prev: ColumnType<Buffer, never, never>;
  recorded_at: ColumnType<Date, never, never>;
  seq: ColumnType<number, never, never>;
}

export interface AuditCheckpoints {
  created_at: ColumnType<Date, never, never>;
  hash: ColumnType<string, never, never>;
  key_id: ColumnType<string, never, never>;
  line: ColumnType<string, string, never>;
  number: ColumnType<number, never, never>;
  org_id: ColumnType<string, string, never>;
  seq: ColumnType<number, never, never>;
}

export interface AuditEvents {
  action: ColumnType<string, never, never>;
  actor_display: ColumnType<string, never, never>;
  actor_id: ColumnType<string | null, never, never>;
  actor_type: ColumnType<string, never, never>;
  class: ColumnType<string, never, never>;
  content: ColumnType<string, string, never>;
  id: ColumnType<string, string, never>;
  org_id: ColumnType<string, string, never>;
  outcome: ColumnType<"success" | "denied" | "failure", never, never>;
  recorded_at: ColumnType<Date, never, never>;
  search_text: ColumnType<string, never, never>;
  target_keys: ColumnType<string[], never, never>;
}

export interface AuditExpirations {
  checkpoint_number: ColumnType<number, never, never>;
  expired_at: ColumnType<Date, never, never>;
  org_id: ColumnType<string, never, never>;
  upto_seq: ColumnType<number, never, never>;
}

export interface AuditHeads {
  hash: ColumnType<Buffer, never, never>;
  org_id: ColumnType<string, never, never>;
  seq: ColumnType<number, never, never>;
}

export interface AuditIntakeKeys {
  audit_id: ColumnType<string, string, never>;
  created_at: ColumnType<Date, undefined, never>;
  key: ColumnType<string, string, never>;
  org_id: ColumnType<string, string, never>;
  reporter: ColumnType<string, string, never>;
  request_hash: ColumnType<Buffer, Buffer, never>;
}

export interface AuditKnown {
  detail: string | null;
  events: number;
  kind: "actor" | "action" | "outcome" | "target";
  label: string;
  last_at: Date;
  org_id: string;
  value: string;
}

export interface AuditLegalHolds {
  id: ColumnType<string, string | undefined, never>;
  org_id: string;
  placed_at: ColumnType<Date, undefined, never>;
  placed_by: string;
  reason: string;
  released_at: Date | null;
  released_by: string | null;
}

export interface AuditRetention {
  keep_days: number | null;
  org_id: string;
  updated_at: Generated<Date>;
}

export interface AuditReviewComments {
  audit_id: ColumnType<string, string, never>;
  author_id: ColumnType<string, string, never>;
  author_name: ColumnType<string, string, never>;
  created_at: ColumnType<Date, Date | undefined, never>;
  id: ColumnType<string, string | undefined, never>;
  org_id: ColumnType<string, string, never>;
  review_id: ColumnType<string, string, never>;
  text: ColumnType<string, string, never>;
}

export interface AuditReviewItems {
  actor_id: string | null;
  audit_id: string;
  mark: "reviewed" | "flagged" | null;
  marked_at: Date | null;
  marked_by: string | null;
  marked_by_name: string | null;
  org_id: string;
  recorded_at: Date;
  review_id: string;
  seq: number;
  settled_at: Date | null;
  settled_by: string | null;
  settled_by_name: string | null;
}

export interface AuditReviews {
  comment: string | null;
  covered_hash: string;
  covered_seq: number;
  filter: Json;
  from_at: Date;
  id: Generated<string>;
  name: string;
  not_reviewed: number | null;
  opened_at: Generated<Date>;
  opened_by: string;
  opened_by_name: string;
  org_id: string;
  same_address: number | null;
  same_inviter: number | null;
  signed_at: Date | null;
  signed_by: string | null;
  signed_by_name: string | null;
  to_at: Date;
  view_name: string | null;
}

export interface AuditRolled {
  org_id: string;
  seq: Generated<number>;
}

export interface AuditSinkState {
  number: number;
  org_id: string;
  sink: string;
  updated_at: Generated<Date>;
}

export interface AuditViews {
  created_at: Generated<Date>;
  filter: Json;
  id: Generated<string>;
  name: string;
  org_id: string;
  owner_id: string;
  owner_name: string;
  shared: boolean;
  updated_at: Generated<Date>;
}

export interface CacheFigures {
  at: ColumnType<Date, Date, never>;
  cache: ColumnType<string, string, never>;
  entries: ColumnType<number | null, number | null, never>;
  hits: ColumnType<number, number, never>;
  misses: ColumnType<number, number, never>;
  org_id: ColumnType<string, string, never>;
  service: ColumnType<string, string, never>;
  size_bytes: ColumnType<number | null, number | null, never>;
}

export interface CacheRemovals {
  actor_display: string;
  by: "key" | "pattern" | "prefix" | "tag";
  cache_id: string;
  cache_name: string;
  cancel_requested_at: ColumnType<Date | null, never, Date>;
  cause: string | null;
  created_at: Generated<Date>;
  ended_at: ColumnType<Date | null, never, Date>;
  id: Generated<string>;
  looked: Generated<number>;
  org_id: string;
  place: Generated<string>;
  prefix: string;
  reason: string;
  removed: Generated<number>;
  runner: string | null;
  source_id: string;
  state: Generated<"running" | "done" | "cancelled" | "failed">;
  store: string | null;
  told_at: Generated<Date>;
  total_keys: number | null;
  value: string;
}

export interface DailyFigures {
  attempts: number;
  audit_actors: number;
  audit_events: number;
  audit_refused: number;
  completed: number;
  day: Timestamp;
  dead_letters: number;
  deliveries: number;
  made_at: Generated<Date>;
  org_id: string;
}

export interface DatabaseReports {
  content: ColumnType<Json, Json, never>;
  made_at: ColumnType<Date, Date | undefined, never>;
  org_id: ColumnType<string, string, never>;
}

export interface Deployments {
  created_at: ColumnType<Date, undefined, never>;
  deployed_at: ColumnType<Date, string, never>;
  deployed_by: ColumnType<string, string, never>;
  id: ColumnType<string, string | undefined, never>;
  org_id: ColumnType<string, string, never>;
  service: ColumnType<string, string, never>;
  url: ColumnType<string | null, string | null, never>;
  version: ColumnType<string, string, never>;
}

export interface HeartbeatSecrets {
  instance: string;
  issued_at: Date;
  org_id: string;
  secret_hash: Buffer;
  secret_hint: string;
  service: string;
}

export interface HistoryChunks {
  entity: string;
  kind: string;
  maxs: (number | null)[];
  means: (number | null)[];
  metrics: string[];
  mins: (number | null)[];
  org_id: string;
  starts_at: Date;
  step_s: number;
}

export interface HistoryFrames {
  at: ColumnType<Date, Date, never>;
  base_at: ColumnType<Date | null, Date | null, never>;
  keep_until: ColumnType<Date, Date, never>;
  org_id: ColumnType<string, string, never>;
  packed: ColumnType<Buffer, Buffer, never>;
  part: ColumnType<string, string, never>;
}

export interface HistoryJournal {
  at: ColumnType<Date, Date, never>;
  cause: ColumnType<string, string, never>;
  from_state: ColumnType<string | null, string | null, never>;
  id: ColumnType<string, string | undefined, never>;
  kind: ColumnType<string, string, never>;
  org_id: ColumnType<string, string, never>;
  subject: ColumnType<string, string, never>;
  subject_id: ColumnType<string | null, string | null, never>;
  text: ColumnType<string, string, never>;
  to_state: ColumnType<string | null, string | null, never>;
}

export interface HistoryMoves {
  at: ColumnType<Date, Date, never>;
  entity: ColumnType<string, string, never>;
  failure_ratio: ColumnType<number | null, number | null, never>;
  from_state: ColumnType<string | null, string | null, never>;
  id: ColumnType<string, string | undefined, never>;
  kind: ColumnType<string, string, never>;
  name: ColumnType<string, string, never>;
  org_id: ColumnType<string, string, never>;
  part: ColumnType<string, string, never>;
  state: ColumnType<string, string, never>;
}

export interface HistoryOpen {
  entity: string;
  kind: string;
  means: (number | null)[];
  metrics: string[];
  org_id: string;
  starts_at: Date;
}

export interface HistoryRollups {
  starts_at: ColumnType<Date, Date, never>;
}

export interface IdempotencyKeys {
  actor_id: string;
  created_at: Generated<Date>;
  key: string;
  org_id: string;
  request_hash: Buffer;
  result: Buffer | null;
}

export interface IncidentEntries {
  at: ColumnType<Date, Date | undefined, never>;
  by: ColumnType<string | null, string | null, never>;
  id: ColumnType<string, string | undefined, never>;
  incident_id: ColumnType<string, string, never>;
  kind: ColumnType<string, string, never>;
  org_id: ColumnType<string, string, never>;
  text: ColumnType<string, string, never>;
}

export interface IncidentNumbers {
  newest: number;
  org_id: string;
}

export interface Incidents {
  acknowledged_at: Date | null;
  acknowledged_by: string | null;
  affected: ColumnType<Affected[], string | undefined, string>;
  affected_count: Generated<number>;
  alerts: Generated<number>;
  announced_at: Date | null;
  announced_severity: string | null;
  assigned_to: string | null;
  cause: string;
  firing: Generated<number>;
  has_data: Generated<boolean>;
  held_by: string | null;
  id: Generated<string>;
  is_flapping: Generated<boolean>;
  labels: ColumnType<Record<string, string>, string | undefined, string>;
  merged_into: string | null;
  number: number;
  org_id: string;
  owner: string | null;
  path: string;
  reopened_at: Date | null;
  resolved_at: Date | null;
  resolved_by: string | null;
  root: string;
  rule_key: string;
  runbook: string | null;
  severity: "critical" | "warning" | "info";
  snoozed_until: Date | null;
  started_at: Date;
  status: Generated<"open" | "resolved">;
  subject: string;
  title: string;
  updated_at: Generated<Date>;
  version: Generated<number>;
  was_announced: Generated<boolean>;
}

export interface IndexedCauses {
  id: number;
  message: string;
  name: string;
  org_id: string;
}

export interface IndexedJobs {
  added_at: Date;
  attempts: number;
  attempts_most: number | null;
  cause: number | null;
  data_bytes: number | null;
  data_hash: number | null;
  data_no: number | null;
  due_at: Date | null;
  error: string | null;
  error_hash: number | null;
  error_no: number | null;
  fields: "whole" | "cut" | "none";
  finished_at: Date | null;
  job_id: string;
  name: string;
  no: Generated<number>;
  org_id: string;
  processed_at: Date | null;
  queue: number;
  state:
    | "waiting"
    | "prioritized"
    | "delayed"
    | "active"
    | "waiting-children"
    | "completed"
    | "failed"
    | "removed";
  tallied_as: string;
  worker: string | null;
}

export interface IndexedJobTallies {
  cause: number;
  first_at: Date | null;
  jobs: number;
  last_at: Date | null;
  name: string;
  org_id: string;
  queue: number;
  state: string;
}

export interface IndexedJobTerms {
  added_at: ColumnType<Date, Date, never>;
  fields: ColumnType<Json | null, Json | null, never>;
  job_id: ColumnType<string, string, never>;
  no: ColumnType<number, number, never>;
  org_id: ColumnType<string, string, never>;
  queue: ColumnType<number, number, never>;
  terms: ColumnType<ArrayType<number>, ArrayType<number>, never>;
}

export interface IndexedQueues {
  added_at: Generated<Date>;
  cursor: string;
  filled_at: Date | null;
  filled_jobs: Generated<number>;
  filling: Json | null;
  gap_at: Date | null;
  gaps: Generated<number>;
  id: Generated<number>;
  name: string;
  org_id: string;
  queue: string;
  skipped: Generated<number>;
  source: string;
}

export interface IndexedSources {
  behind_ms: number | null;
  failure: string | null;
  org_id: string;
  read_at: Date | null;
  source: string;
  updated_at: Date;
}

export interface IndexFieldRules {
  created_at: ColumnType<Date, Date | undefined, never>;
  created_by: ColumnType<string, string, never>;
  id: ColumnType<string, string | undefined, never>;
  org_id: ColumnType<string, string, never>;
  path: ColumnType<string, string, never>;
  queue: ColumnType<string | null, string | null, never>;
  what: ColumnType<"out" | "hash", "out" | "hash", never>;
}

export interface Invitations {
  accepted_at: Date | null;
  accepted_by: string | null;
  created_at: Generated<Date>;
  email: string;
  expires_at: Date;
  id: Generated<string>;
  invited_by: string;
  opened_at: Date | null;
  org_id: string;
  revoked_at: Date | null;
  role: "viewer" | "operator" | "admin" | "auditor" | "superadmin";
  token_hash: Buffer;
}

export interface JobRunItems {
  begun_at: Date | null;
  job_id: string;
  lane: string;
  org_id: string;
  place: number;
  run_id: string;
  stamp: string;
  state: Generated<"waiting" | "begun" | "sent" | "succeeded" | "failed" | "skipped">;
  why: string | null;
}

export interface JobRunJournal {
  at: Date;
  detail: string | null;
  id: Generated<number>;
  lane: string | null;
  org_id: string;
  run_id: string;
  what: JobRunHappening;
}

export interface JobRunLanes {
  budget: Generated<number>;
  canary_bad: Generated<number>;
  canary_ok: Generated<number>;
  canary_sent: Generated<number>;
  cause: string | null;
  error: string | null;
  failed: Generated<number>;
  failed_in_row: Generated<number>;
  is_skipped: Generated<boolean>;
  job_name: string;
  lane: string;
  newest_at: Date | null;
  oldest_at: Date | null;
  org_id: string;
  paced_at: Date;
  phase: Generated<"canary" | "sending" | "held" | "done">;
  rate: number | null;
  rate_limit: number | null;
  run_id: string;
  sent: Generated<number>;
  skipped: Generated<number>;
  succeeded: Generated<number>;
  total: number;
  waits_for_breaker: Generated<boolean>;
  window_at: Date;
  window_bad: Generated<number>;
  window_ok: Generated<number>;
}

export interface JobRuns {
  canary: number | null;
  cause: string | null;
  created_at: Date;
  ended_at: Date | null;
  expires_at: Date;
  failed: Generated<number>;
  filter: ColumnType<JobRunFilter, string, never>;
  id: Generated<string>;
  org_id: string;
  plan: ColumnType<KeptJobPlan, string, string>;
  planned_by: string;
  rate: number | null;
  reason: string | null;
  sent: Generated<number>;
  skipped: Generated<number>;
  started_by: string | null;
  starts_at: Date | null;
  state: Generated<"planned" | "running" | "paused" | "completed" | "cancelled" | "expired">;
  succeeded: Generated<number>;
  total: Generated<number>;
}

export interface JobTimings {
  jobs: number;
  name: string;
  observed_at: Date;
  org_id: string;
  queue: string;
  run_p50_ms: number | null;
  run_p95_ms: number | null;
  run_p99_ms: number | null;
  wait_p50_ms: number | null;
  wait_p95_ms: number | null;
  wait_p99_ms: number | null;
}

export interface Leases {
  epoch: number;
  expires_at: Date;
  name: string;
  owner: string;
}

export interface MaintenanceWindows {
  created_at: ColumnType<Date, Date | undefined, never>;
  created_by: ColumnType<string, string, never>;
  ended_at: Date | null;
  ends_at: ColumnType<Date, Date, never>;
  id: ColumnType<string, string | undefined, never>;
  org_id: ColumnType<string, string, never>;
  reason: ColumnType<string, string, never>;
  services: ColumnType<string[], string[], never>;
  starts_at: ColumnType<Date, Date, never>;
}

export interface Memberships {
  created_at: Generated<Date>;
  org_id: string;
  role: "viewer" | "operator" | "admin" | "auditor" | "superadmin";
  user_id: string;
}

export interface NotificationAllowances {
  org_id: string;
  throttle_key: string;
  used: number;
  window_started_at: Date;
}

export interface Notifications {
  address: string | null;
  attempts: Generated<number>;
  channel: "bell" | "email" | "push" | "slack" | "teams" | "pagerduty" | "json" | "webhook";
  channel_id: string | null;
  claim: string | null;
  claimed_until: Date | null;
  content_box: Buffer | null;
  created_at: Generated<Date>;
  digest_id: string | null;
  due_at: Date;
  error: string | null;
  event:
    | "fired"
    | "reopened"
    | "resolved"
    | "acknowledged"
    | "escalated"
    | "digest"
    | "test"
    | "mail"
    | "channel";
  id: Generated<string>;
  incident_id: string | null;
  latency_ms: number | null;
  link_used_at: Date | null;
  org_id: string;
  path: string;
  read_at: Date | null;
  recipient: string;
  sent_at: Date | null;
  severity: "critical" | "warning" | "info";
  started_at: Date | null;
  state: "pending" | "sending" | "sent" | "failed" | "cancelled" | "held" | "digested";
  step: number | null;
  summary: string;
  team: string | null;
  throttle_key: string | null;
  title: string;
  user_id: string | null;
  withdrawn_at: Date | null;
}

export interface OidcIdentities {
  issuer: ColumnType<string, string, never>;
  linked_at: ColumnType<Date, Date | undefined, never>;
  subject: ColumnType<string, string, never>;
  user_id: ColumnType<string, string, never>;
}

export interface Operations {
  act: ColumnType<ControlAct | QueueAct, string, never>;
  actor_display: string;
  created_at: Generated<Date>;
  ended_at: ColumnType<Date | null, never, Date>;
  expires_at: ColumnType<Date, Date, never>;
  hold_until: Date | null;
  id: Generated<string>;
  instances: string[];
  kind: string;
  made: string[] | null;
  ordinal: Generated<number>;
  org_id: string;
  reason: string;
  released_at: Date | null;
  replies: ColumnType<Record<string, KeptReply>, string | undefined, string>;
  service: string;
  source_id: string;
  state: Generated<"accepted" | "done" | "superseded">;
  target_id: string;
  target_name: string;
}

export interface Organizations {
  created_at: Generated<Date>;
  depth: Generated<number>;
  id: Generated<string>;
  name: string;
  parent_id: string | null;
  slug: string;
}

export interface PasswordResets {
  created_at: Generated<Date>;
  ended_at: Date | null;
  expires_at: Date;
  id: Generated<string>;
  org_id: string;
  token_hash: Buffer;
  user_id: string;
}

export interface PeriodFigures {
  attempts: number;
  audit_events: number;
  audit_refused: number;
  completed: number;
  days: number;
  dead_letters: number;
  deliveries: number;
  made_at: Generated<Date>;
  org_id: string;
  period: "week" | "month";
  starts_on: Timestamp;
}

export interface ProcessedWebhookEvents {
  body_hash: ColumnType<string, string, never>;
  day: ColumnType<Timestamp, Timestamp, never>;
  event_id: ColumnType<string, string, never>;
  org_id: ColumnType<string, string, never>;
  source_event_id: ColumnType<string, string, never>;
  source_id: ColumnType<string, string, never>;
}

export interface RunRates {
  at: ColumnType<Date, Date, never>;
  lane: ColumnType<string, string, never>;
  org_id: ColumnType<string, string, never>;
  run_id: ColumnType<string, string, never>;
  sent: ColumnType<number, number, never>;
}

export interface ScheduleCommands {
  act: Json;
  actor_display: string;
  command: "run" | "pause" | "resume" | "edit" | "remove";
  created_at: Generated<Date>;
  detail: string | null;
  ended_at: Date | null;
  expires_at: Generated<Date>;
  id: Generated<string>;
  name: string;
  org_id: string;
  reason: string;
  schedule: string;
  state: Generated<"accepted" | "done" | "refused">;
}

export interface ScheduleRuns {
  asked_by: string | null;
  attempts: Generated<number>;
  detail: string | null;
  due_at: Date;
  ended_at: Date | null;
  lease_until: Date | null;
  org_id: string;
  outcome: "waiting" | "running" | "completed" | "failed" | "timed_out" | "missed" | "unknown";
  runner: string | null;
  schedule: string;
  started_at: Date | null;
  steps_done: Generated<string[]>;
  trigger: Generated<"due" | "first" | "person" | "parent">;
}

export interface ScheduleStates {
  handled_until: Date | null;
  name: string;
  org_id: string;
  pause_reason: string | null;
  paused_at: Date | null;
  paused_by: string | null;
  recreated_at: Date | null;
  schedule: string;
  template: Json | null;
}

export interface Sessions {
  address: string | null;
  auth_method: "password" | "oidc";
  confirmed_at: Generated<Date>;
  created_at: Generated<Date>;
  default_org_id: string;
  expires_at: Date;
  id: Generated<string>;
  last_seen_at: Generated<Date>;
  previous_token_hash: Buffer | null;
  previous_until: Date | null;
  revoked_at: Date | null;
  token_hash: Buffer;
  user_agent: string | null;
  user_id: string;
}

export interface SignInFailures {
  bucket: string;
  failures: number;
  last_at: Date;
  window_started_at: Date;
}

export interface Silences {
  created_at: Generated<Date>;
  created_by: string;
  ended_at: Date | null;
  ended_by: string | null;
  ends_at: Date;
  id: Generated<string>;
  matchers: ColumnType<Matcher[], string, never>;
  org_id: string;
  reason: string;
  starts_at: Date;
}

export interface Users {
  created_at: Generated<Date>;
  disabled_at: Date | null;
  email: string;
  has_password: ColumnType<boolean, never, never>;
  id: Generated<string>;
  name: string;
  password_hash: string | null;
}

export interface WallGrants {
  created_at: Generated<Date>;
  created_by: string;
  expires_at: Date;
  id: Generated<string>;
  name: string;
  org_id: string;
  revoked_at: Date | null;
  seen_at: Date | null;
}

export interface WatchedSources {
  created_at: Generated<Date>;
  credentials_box: Buffer | null;
  definition: unknown;
  id: Generated<string>;
  kind: "redis" | "postgres" | "service" | "prometheus" | "cache";
  org_id: string;
  slug: string;
  url_box: Buffer | null;
  version: Generated<number>;
}

export interface WebhookAttempts {
  attempt: ColumnType<number, number, never>;
  attempt_trigger: ColumnType<string, string, never>;
  delivery_created_at: ColumnType<Date, Date, never>;
  delivery_id: ColumnType<string, string, never>;
  endpoint_id: ColumnType<string, string, never>;
  error_class: ColumnType<string | null, string | null, never>;
  error_message: ColumnType<string | null, string | null, never>;
  finished_at: ColumnType<Date, Date, never>;
  generation: ColumnType<number, number, never>;
  latency_ms: ColumnType<number | null, number | null, never>;
  org_id: ColumnType<string, string, never>;
  outcome: ColumnType<"success" | "failure" | "unknown", "success" | "failure" | "unknown", never>;
  request_headers: Record<string, string>;
  response_body: ColumnType<string | null, string | null, never>;
  response_headers: Record<string, string> | null;
  response_size_bytes: ColumnType<number | null, number | null, never>;
  response_truncated: ColumnType<boolean | null, boolean | null, never>;
  started_at: ColumnType<Date, Date, never>;
  status_code: ColumnType<number | null, number | null, never>;
  url: ColumnType<string, string, never>;
}

export interface WebhookClaims {
  attempt: ColumnType<number, number, never>;
  attempt_trigger: ColumnType<string, string, never>;
  deadline_at: ColumnType<Date, Date, never>;
  delivery_created_at: ColumnType<Date, Date, never>;
  delivery_id: ColumnType<string, string, never>;
  endpoint_id: ColumnType<string, string, never>;
  generation: ColumnType<number, number, never>;
  org_id: ColumnType<string, string, never>;
  started_at: ColumnType<Date, Date, never>;
  url: ColumnType<string, string, never>;
  worker: ColumnType<string, string, never>;
}

export interface WebhookCounts {
  delta: ColumnType<number, number, never>;
  org_id: ColumnType<string, string, never>;
  status: ColumnType<string, string, never>;
}

export interface WebhookDeliveryLog {
  attempts: number;
  completed_at: Date | null;
  created_at: Date;
  endpoint_id: string;
  error_class: string | null;
  error_message: string | null;
  event_id: string;
  event_type: string;
  generation: number;
  generation_started_at: Date;
  id: string;
  job_id: string | null;
  last_attempt_at: Date | null;
  last_status_code: number | null;
  max_attempts: number;
  next_attempt_at: Date | null;
  next_trigger: "schedule" | "replay" | "recovery";
  org_id: string;
  received_at: Date;
  source_id: string;
  status: "pending" | "completed" | "failed" | "dead_letter" | "discarded";
  version: number;
}

export interface WebhookEndpoints {
  changed_at: Generated<Date>;
  changed_by: string | null;
  created_at: ColumnType<Date, Date | string | undefined, never>;
  deleted_at: Date | null;
  disabled_reason: string | null;
  enabled: Generated<boolean>;
  event_types: Generated<string[]>;
  failing_since: Date | null;
  headers: ColumnType<Record<string, string>[], string | undefined, string>;
  id: Generated<string>;
  name: string;
  org_id: string;
  previous_secret_box: Buffer | null;
  previous_secret_until: Date | null;
  secret_box: Buffer | null;
  secret_hint: string;
  settings: ColumnType<Partial<EndpointSettings>, string | undefined, string>;
  slug: string;
  url: string;
  version: Generated<number>;
  warned_percent: Generated<number>;
}

export interface WebhookEvents {
  content_type: ColumnType<string, string, never>;
  created_at: ColumnType<Date, Date, never>;
  event_id: ColumnType<string, string, never>;
  event_type: ColumnType<string, string, never>;
  expunged_at: Date | null;
  fate: Generated<"matched" | "disabled" | "filter" | "none" | "later" | "unrecorded">;
  headers: Record<string, string>;
  missed_by: ColumnType<string[], string[] | undefined, never>;
  org_id: ColumnType<string, string, never>;
  payload: Buffer | null;
  received_at: ColumnType<Date, Date, never>;
  search_values: Generated<string[]>;
  size_bytes: ColumnType<number | null, number | null, never>;
  source_event_id: ColumnType<string, string, never>;
  source_id: ColumnType<string, string, never>;
}

export interface WebhookExpiredDays {
  at: ColumnType<Date, Date | undefined, never>;
  day: ColumnType<Timestamp, Timestamp, never>;
  kept: ColumnType<number, number, never>;
  kept_what: ColumnType<string, string, never>;
  removed: ColumnType<number, number, never>;
}

export interface WebhookFatesDue {
  up_to_id: ColumnType<string, never, string>;
}

export interface WebhookFigures {
  at: ColumnType<Date, Date, never>;
  count: ColumnType<number, number, never>;
  endpoint_id: ColumnType<string, string, never>;
  final: ColumnType<boolean, boolean, never>;
  first_attempt: ColumnType<boolean, boolean, never>;
  latency_bucket: ColumnType<number, number, never>;
  org_id: ColumnType<string, string, never>;
  success: ColumnType<boolean, boolean, never>;
}

export interface WebhookLateItems {
  delivery_id: string | null;
  event_created_at: Date;
  event_id: string;
  org_id: string;
  plan_id: string;
}

export interface WebhookLatePlans {
  created_at: Date;
  endpoint_id: string;
  expires_at: Date;
  filter: ColumnType<LateFilter, string, never>;
  id: Generated<string>;
  org_id: string;
  plan: ColumnType<KeptLatePlan, string, string>;
  planned_by: string;
  rate: number | null;
  reason: string | null;
  started_by: string | null;
  starts_at: Date | null;
  state: Generated<"planned" | "started" | "cancelled">;
  total: number;
}

export interface WebhookOrdered {
  delivery_created_at: Date;
  delivery_id: string;
  endpoint_id: string;
  key: string;
  org_id: string;
  seq: Generated<number>;
  state: Generated<"new" | "waiting" | "head" | "ended">;
}

export interface WebhookOutcomeChanges {
  at: Date;
  dead_letters: number;
  delivered: number;
  duration: number | null;
  endpoint_id: string;
  error_class: string;
  event_type: string;
  failed: number;
  org_id: string;
  replays: number;
}

export interface WebhookOutcomes {
  at: Date;
  dead_letters: number;
  delivered: number;
  durations: number[];
  endpoint_id: string;
  error_class: string;
  event_type: string;
  failed: number;
  org_id: string;
  replays: number;
  step: number;
}

export interface WebhookRefusals {
  addresses: string[];
  field: string | null;
  first_at: Date;
  hour: Date;
  last_at: Date;
  message: string;
  newest: Json;
  org_id: string;
  reason: string;
  request_id: string;
  requests: number;
  source: string;
  status: number;
}

export interface WebhookReplayEndpoints {
  budget: Generated<number>;
  canary_bad: Generated<number>;
  canary_ok: Generated<number>;
  canary_sent: Generated<number>;
  cause: string | null;
  endpoint_id: string;
  event_types: string[];
  failed: Generated<number>;
  failed_in_row: Generated<number>;
  is_skipped: Generated<boolean>;
  org_id: string;
  paced_at: Date;
  phase: Generated<"canary" | "sending" | "held" | "done">;
  rate: number | null;
  rate_limit: number | null;
  replay_id: string;
  sent: Generated<number>;
  skipped: Generated<number>;
  succeeded: Generated<number>;
  total: number;
  waits_for_breaker: Generated<boolean>;
  window_at: Date;
  window_bad: Generated<number>;
  window_ok: Generated<number>;
}

export interface WebhookReplayItems {
  delivery_created_at: Date;
  delivery_id: string;
  endpoint_id: string;
  error_class: string | null;
  generation: number;
  org_id: string;
  replay_id: string;
  state: Generated<"waiting" | "sent" | "succeeded" | "failed" | "skipped">;
  status_code: number | null;
  why: string | null;
}

export interface WebhookReplayJournal {
  at: Date;
  detail: string | null;
  endpoint_id: string | null;
  id: Generated<number>;
  org_id: string;
  replay_id: string;
  what: ReplayHappening;
}

export interface WebhookReplays {
  cause: string | null;
  created_at: Date;
  ended_at: Date | null;
  expires_at: Date;
  failed: Generated<number>;
  filter: ColumnType<ReplayFilter, string, never>;
  id: Generated<string>;
  org_id: string;
  plan: ColumnType<KeptPlan, string, string>;
  planned_by: string;
  rate: number | null;
  reason: string | null;
  sent: Generated<number>;
  skipped: Generated<number>;
  started_by: string | null;
  starts_at: Date | null;
  state: Generated<"planned" | "running" | "paused" | "completed" | "cancelled" | "expired">;
  succeeded: Generated<number>;
  total: Generated<number>;
}

export interface WebhookSources {
  addresses: Generated<string[]>;
  created_at: ColumnType<Date, Date | string | undefined, never>;
  deleted_at: Date | null;
  id: Generated<string>;
  max_body_bytes: Generated<number>;
  name: string;
  org_id: string;
  previous_secret_box: Buffer | null;
  previous_secret_until: Date | null;
  redaction: ColumnType<SourceRedaction, string | undefined, string>;
  rules: ColumnType<SourceRules, string | undefined, string>;
  scheme: "standard" | "github" | "stripe" | "shopify" | "slack" | "hmac" | "bearer" | "addresses";
  search_fields: Generated<string[]>;
  secret_box: Buffer | null;
  secret_hint: string | null;
  slug: string;
  version: Generated<number>;
}

export interface WebhookStreams {
  endpoint_id: string | null;
  error_class: string | null;
  event_type: string | null;
  org_id: string;
  status: string;
  stream: number;
}

export interface WebhookTally {
  at: Date;
  count: number;
  org_id: string;
  step: number;
  stream: number;
}

export interface WebhookTallyChanges {
  at: Date;
  change: number;
  endpoint_id: string;
  error_class: string | null;
  event_type: string;
  org_id: string;
  status: string;
}

export interface WebhookViews {
  created_at: ColumnType<Date, Date | undefined, never>;
  filter: ColumnType<Json, Json, never>;
  id: ColumnType<string, string | undefined, never>;
  name: ColumnType<string, string, never>;
  org_id: ColumnType<string, string, never>;
  owner_id: ColumnType<string, string, never>;
}

/** Every table of schema `wheelhouse` as Kysely sees it. */
export interface Tables {
  alert_announcements: AlertAnnouncements;
  alert_calls: AlertCalls;
  alert_channels: AlertChannels;
  alert_contacts: AlertContacts;
  alert_instances: AlertInstances;
  alert_objectives: AlertObjectives;
  alert_overrides: AlertOverrides;
  alert_people: AlertPeople;
  alert_rule_versions: AlertRuleVersions;
  alert_rules: AlertRules;
  alert_settings: AlertSettings;
  alert_teams: AlertTeams;
  api_tokens: ApiTokens;
  audit_activity: AuditActivity;
  audit_blocks: AuditBlocks;
  audit_chain: AuditChain;
  audit_checkpoints: AuditCheckpoints;
  audit_events: AuditEvents;
  audit_expirations: AuditExpirations;
  audit_heads: AuditHeads;
  audit_intake_keys: AuditIntakeKeys;
  audit_known: AuditKnown;
  audit_legal_holds: AuditLegalHolds;
  audit_retention: AuditRetention;
  audit_review_comments: AuditReviewComments;
  audit_review_items: AuditReviewItems;
  audit_reviews: AuditReviews;
  audit_rolled: AuditRolled;
  audit_sink_state: AuditSinkState;
  audit_views: AuditViews;
  cache_figures: CacheFigures;
  cache_removals: CacheRemovals;
  daily_figures: DailyFigures;
  database_reports: DatabaseReports;
  deployments: Deployments;
  heartbeat_secrets: HeartbeatSecrets;
  history_chunks: HistoryChunks;
  history_frames: HistoryFrames;
  history_journal: HistoryJournal;
  history_moves: HistoryMoves;
  history_open: HistoryOpen;
  history_rollups: HistoryRollups;
  idempotency_keys: IdempotencyKeys;
  incident_entries: IncidentEntries;
  incident_numbers: IncidentNumbers;
  incidents: Incidents;
  index_field_rules: IndexFieldRules;
  indexed_causes: IndexedCauses;
  indexed_job_tallies: IndexedJobTallies;
  indexed_job_terms: IndexedJobTerms;
  indexed_jobs: IndexedJobs;
  indexed_queues: IndexedQueues;
  indexed_sources: IndexedSources;
  invitations: Invitations;
  job_run_items: JobRunItems;
  job_run_journal: JobRunJournal;
  job_run_lanes: JobRunLanes;
  job_runs: JobRuns;
  job_timings: JobTimings;
  leases: Leases;
  maintenance_windows: MaintenanceWindows;
  memberships: Memberships;
  notification_allowances: NotificationAllowances;
  notifications: Notifications;
  oidc_identities: OidcIdentities;
  operations: Operations;
  organizations: Organizations;
  password_resets: PasswordResets;
  period_figures: PeriodFigures;
  processed_webhook_events: ProcessedWebhookEvents;
  run_rates: RunRates;
  schedule_commands: ScheduleCommands;
  schedule_runs: ScheduleRuns;
  schedule_states: ScheduleStates;
  sessions: Sessions;
  sign_in_failures: SignInFailures;
  silences: Silences;
  users: Users;
  wall_grants: WallGrants;
  watched_sources: WatchedSources;
  webhook_attempts: WebhookAttempts;
  webhook_claims: WebhookClaims;
  webhook_counts: WebhookCounts;
  webhook_delivery_log: WebhookDeliveryLog;
  webhook_endpoints: WebhookEndpoints;
  webhook_events: WebhookEvents;
  webhook_expired_days: WebhookExpiredDays;
  webhook_fates_due: WebhookFatesDue;
  webhook_figures: WebhookFigures;
  webhook_late_items: WebhookLateItems;
  webhook_late_plans: WebhookLatePlans;
  webhook_ordered: WebhookOrdered;
  webhook_outcome_changes: WebhookOutcomeChanges;
  webhook_outcomes: WebhookOutcomes;
  webhook_refusals: WebhookRefusals;
  webhook_replay_endpoints: WebhookReplayEndpoints;
  webhook_replay_items: WebhookReplayItems;
  webhook_replay_journal: WebhookReplayJournal;
  webhook_replays: WebhookReplays;
  webhook_sources: WebhookSources;
  webhook_streams: WebhookStreams;
  webhook_tally: WebhookTally;
  webhook_tally_changes: WebhookTallyChanges;
  webhook_views: WebhookViews;
}
