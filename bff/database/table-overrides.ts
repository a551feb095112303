import type { JobRunDetail } from "@wheelhouse/shared/queues/runs.ts";
import type { ControlReply } from "@wheelhouse/shared/reporter/control.ts";
import type { ReplayDetail } from "@wheelhouse/shared/webhooks/replays.ts";

/** A replay plan's result, as stored with the run. */
export type KeptPlan = Omit<ReplayDetail["plan"], "canary" | "asksStepUp" | "holdMs">;

/** What a plan of a run on jobs keeps besides its snapshot, and where the run acts. */
export type KeptJobPlan = {
  /** Id of the Redis server. */
  source: string;
  /** `<prefix>:<name>:` of the queue. */
  base: string;
  queueName: string;
  to: { base: string; name: string } | null;
} & Pick<JobRunDetail["plan"], "matched" | "isCut" | "excluded" | "oldestAt" | "newestAt">;

/** What a plan of late deliveries leaves out, and its bounds. */
export type KeptLatePlan = {
  delivered: number;
  payloadGone: number;
  isCut: boolean;
  oldestAt: string | null;
  newestAt: string | null;
};

/** An act on a queue or its jobs, which a process of Wheelhouse carries out itself. */
export type QueueAct = { kind: "queue"; command: string; isOnQueue: boolean };

/** The reply of an instance, or what happened to a job; `made` is the new job of a copy. */
export type KeptReply = ControlReply & { made?: { queue: string; id: string } | null };

/** Types used below, by the module that exports them. */
export const importedTypes = {
  Affected: "@wheelhouse/shared/alerts/incidents.ts",
  Capability: "@wheelhouse/shared/capabilities.ts",
  ControlAct: "@wheelhouse/shared/reporter/control.ts",
  EndpointSettings: "@wheelhouse/shared/webhooks/endpoint-settings.ts",
  JobRunFilter: "@wheelhouse/shared/queues/runs.ts",
  JobRunHappening: "@wheelhouse/shared/queues/runs.ts",
  KeptJobPlan: "./table-overrides.ts",
  KeptLatePlan: "./table-overrides.ts",
  KeptPlan: "./table-overrides.ts",
  KeptReply: "./table-overrides.ts",
  LateFilter: "@wheelhouse/shared/webhooks/events.ts",
  Matcher: "@wheelhouse/shared/alerts/silences.ts",
  ObjectiveDefinition: "@wheelhouse/shared/alerts/objectives.ts",
  ReplayFilter: "@wheelhouse/shared/webhooks/replays.ts",
  QueueAct: "./table-overrides.ts",
  ReplayHappening: "@wheelhouse/shared/webhooks/replays.ts",
  SourceRedaction: "@wheelhouse/shared/webhooks/senders.ts",
  RuleDefinition: "@wheelhouse/shared/alerts/rules.ts",
  SourceRules: "@wheelhouse/shared/webhooks/senders.ts",
};

// Set once, after the row was created.
const ending = "ColumnType<Date | null, never, Date>";
// Filled by the database alone.
const stamped = "ColumnType<Date, undefined, never>";
const headers = "Record<string, string>";
// The array is never null, but its elements may be.
const figures = "(number | null)[]";

/**
 * What the catalogue does not know about a column: the shape of its JSON, a narrower rule of the application, or
 * another type on write. Everything else in `tables.ts` follows from the database: unions from checks, and read-only
 * columns from the grants.
 */
export const columnOverrides: Record<string, string> = {
  "alert_instances.labels": "ColumnType<Record<string, string>, string, string>",
  "alert_objectives.definition": "ColumnType<ObjectiveDefinition, string, string>",
  "alert_rule_versions.definition": "ColumnType<RuleDefinition | null, string | null, never>",
  "alert_rules.definition": "ColumnType<RuleDefinition, string, string>",
  "api_tokens.capabilities": "Capability[]",
  "audit_intake_keys.created_at": stamped,
  "audit_legal_holds.id": "ColumnType<string, string | undefined, never>",
  "audit_legal_holds.placed_at": stamped,
  "cache_removals.cancel_requested_at": ending,
  "cache_removals.ended_at": ending,
  "deployments.created_at": stamped,
  "deployments.deployed_at": "ColumnType<Date, string, never>",
  "history_chunks.maxs": figures,
  "history_chunks.means": figures,
  "history_chunks.mins": figures,
  "history_open.means": figures,
  "incidents.affected": "ColumnType<Affected[], string | undefined, string>",
  "incidents.labels": "ColumnType<Record<string, string>, string | undefined, string>",
  "job_run_journal.what": "JobRunHappening",
  "job_runs.filter": "ColumnType<JobRunFilter, string, never>",
  "job_runs.plan": "ColumnType<KeptJobPlan, string, string>",
  "operations.act": "ColumnType<ControlAct | QueueAct, string, never>",
  "operations.ended_at": ending,
  "operations.expires_at": "ColumnType<Date, Date, never>",
  "operations.replies": "ColumnType<Record<string, KeptReply>, string | undefined, string>",
  // Filled by the trigger `place`.
  "organizations.depth": "Generated<number>",
  "silences.matchers": "ColumnType<Matcher[], string, never>",
  "users.has_password": "ColumnType<boolean, never, never>",
  // Not validated here: the contract defines its shape.
  "watched_sources.definition": "unknown",
  "webhook_attempts.request_headers": headers,
  "webhook_attempts.response_headers": `${headers} | null`,
  // The defaults are for rows created by hand.
  "webhook_delivery_log.attempts": "number",
  "webhook_delivery_log.generation": "number",
  "webhook_delivery_log.next_trigger": '"schedule" | "replay" | "recovery"',
  "webhook_delivery_log.version": "number",
  "webhook_endpoints.created_at": "ColumnType<Date, Date | string | undefined, never>",
  // As stored: what is left out has its default.
  "webhook_endpoints.headers": "ColumnType<Record<string, string>[], string | undefined, string>",
  "webhook_endpoints.settings": "ColumnType<Partial<EndpointSettings>, string | undefined, string>",
  "webhook_events.headers": headers,
  "webhook_late_plans.filter": "ColumnType<LateFilter, string, never>",
  "webhook_late_plans.plan": "ColumnType<KeptLatePlan, string, string>",
  "webhook_replay_journal.what": "ReplayHappening",
  "webhook_replays.filter": "ColumnType<ReplayFilter, string, never>",
  "webhook_replays.plan": "ColumnType<KeptPlan, string, string>",
  "webhook_sources.rules": "ColumnType<SourceRules, string | undefined, string>",
  "webhook_sources.redaction": "ColumnType<SourceRedaction, string | undefined, string>",
  "webhook_sources.created_at": "ColumnType<Date, Date | string | undefined, never>",
};
