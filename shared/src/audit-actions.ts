import { auditFilterKept } from "./audit/filter.ts";
import { type DeclaredAction, endpoints } from "./endpoints.ts";
import { jobRunKept } from "./queues/runs.ts";
import { replayKept } from "./webhooks/replays.ts";
import { endpointKept } from "./webhooks/webhooks.ts";

const commandOutcomeKept = [
  "operation",
  "command",
  "state",
  "obeyed",
  "refused",
  "noAnswer",
  "removed",
] as const;

/**
 * Actions without an endpoint: outcomes that arrive later, actions of Wheelhouse itself, and recorded reads.
 */
const otherActions = {
  "access.administrator.set": ["role", "account", "endedSessions"],
  "webhooks.endpoint.disable": endpointKept,
  "webhooks.deliveries.expire": ["day", "keep", "removed", "kept"],
  "webhooks.replay.complete": replayKept,
  "webhooks.replay.expire": replayKept,
  "queues.run.complete": jobRunKept,
  "queues.run.expire": jobRunKept,
  "breakers.breaker.outcome": commandOutcomeKept,
  "cache.invalidation.outcome": commandOutcomeKept,
  "queues.operation.outcome": [
    "operation",
    "command",
    "state",
    "done",
    "refused",
    "unanswered",
    "made",
    "removed",
  ],
  "schedules.schedule.outcome": ["schedule", "operation", "command", "effect"],
  "cache.removal.outcome": ["operation", "state", "looked", "removed", "cause"],
  "audit.trail.read": [...auditFilterKept, "review", "known", "events"],
  "audit.content.expire": ["uptoSeq"],
} as const;

/** Name of an audit action, in the form `<feature>.<thing>.<verb>`. */
export type AuditAction = DeclaredAction | keyof typeof otherActions;

/** The `before` and `after` fields that the audit trail keeps, by action. */
export const keptFieldsOf: ReadonlyMap<string, readonly string[]> = new Map([
  ...endpoints.flatMap(({ action, keeps = [] }): [string, readonly string[]][] =>
    action === undefined ? [] : [[action, keeps]],
  ),
  ...Object.entries(otherActions),
]);
