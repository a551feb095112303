import { auditFilterKept } from "./audit/filter.ts";
import { type DeclaredAction, endpoints } from "./endpoints.ts";
import { replayKept } from "./webhooks/replays.ts";
import { endpointKept, sourceKept } from "./webhooks/webhooks.ts";

const commandOutcomeKept = [
  "operation",
  "command",
  "state",
  "obeyed",
  "refused",
  "noAnswer",
  "removed",
] as const;

/** Acts that no endpoint stands for: outcomes that come later, acts of Wheelhouse itself, and readings that are recorded. */
const otherActions = {
  "access.administrator.set": ["role", "account", "endedSessions"],
  "webhooks.source.update": sourceKept,
  "webhooks.endpoint.disable": endpointKept,
  "webhooks.replay.complete": replayKept,
  "webhooks.replay.expire": replayKept,
  "breakers.breaker.outcome": commandOutcomeKept,
  "cache.invalidation.outcome": commandOutcomeKept,
  "cache.removal.outcome": ["operation", "state", "looked", "removed", "cause"],
  "audit.trail.read": [...auditFilterKept, "review", "known", "events"],
  "audit.content.expire": ["uptoSeq"],
} as const;

/** Name of an act in the trail, in the form `<feature>.<thing>.<verb>`. */
export type AuditAction = DeclaredAction | keyof typeof otherActions;

/** The fields of `before` and `after` that the trail keeps, by act. */
export const keptFieldsOf: ReadonlyMap<string, readonly string[]> = new Map([
  ...endpoints.flatMap(({ action, keeps = [] }): [string, readonly string[]][] =>
    action === undefined ? [] : [[action, keeps]],
  ),
  ...Object.entries(otherActions),
]);
