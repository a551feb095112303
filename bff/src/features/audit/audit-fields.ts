import type { AuditAction } from "@wheelhouse/shared/endpoint.ts";
import type { AuditEntry, AuditFields } from "#lib/change.ts";

const filter = [
  "actor",
  "action",
  "class",
  "target",
  "outcome",
  "slot",
  "not",
  "from",
  "to",
  "q",
  "includeChildren",
];
const source = ["slug", "name", "scheme"];
const endpoint = ["name", "url", "eventTypes", "enabled"];
const replay = [
  "state",
  "cause",
  "total",
  "excluded",
  "ratePerSecond",
  "sent",
  "succeeded",
  "failed",
  "skipped",
];
const replayFilter = ["ids", "status", "endpointId", "eventType", "errorClass", "from", "to", "q"];
const watchedTarget = [
  "kind",
  "name",
  "group",
  "owner",
  "runbookUrl",
  "dependsOn",
  "instances",
  "format",
  "conditions",
  "intervalMs",
  "timeoutMs",
  "downAfter",
  "upAfter",
  "actuatorBreakers",
  "service",
  "instance",
  "url",
  "server",
  "prefix",
  "bentocache",
];
const watchedServer = ["kind", "name", "target", "caches"];
const commanded = ["operation", "command", "effect", "instances"];
const commandOutcome = ["operation", "command", "state", "obeyed", "refused", "noAnswer", "removed"];

/**
 * What the trail keeps of a thing before and after each act; every other field is left out before the event is hashed.
 * The trail is read by many and kept for years, and nothing can be taken back from it: a field belongs here when an
 * auditor needs it, and never when it could hold what a customer or a credential said. What stands here is searched
 * for secrets nevertheless (`audit-redaction.ts`).
 */
const fieldsOf: Record<AuditAction, readonly string[]> = {
  "access.administrator.set": ["role", "account", "endedSessions"],
  "access.session.create": ["linkedIdentity", "account", "role"],
  "access.session.delete": [],
  "access.session.switch-organization": ["defaultOrganization"],
  "access.session.step-up": [],
  "access.session.revoke": ["endedSessions"],
  "access.password.change": ["endedSessions"],
  "access.password.reset-link": ["expiresAt"],
  "access.password.reset": ["endedSessions"],
  "access.member.update": ["role"],
  "access.member.delete": ["role"],
  "access.member.deactivate": ["account"],
  "access.member.reactivate": ["account"],
  "access.invitation.create": ["email", "role", "expiresAt"],
  "access.invitation.renew": ["expiresAt"],
  "access.invitation.delete": ["email", "role"],
  "access.invitation.open": [],
  "access.invitation.accept": ["role", "account"],
  "access.organization.create": ["name", "slug", "parent"],
  "access.organization.update": ["name"],
  "access.token.create": ["prefix", "capabilities", "expiresAt"],
  "access.token.delete": ["prefix", "capabilities"],

  "health.service.check": [],
  "health.maintenance.create": ["services", "from", "until"],
  "health.maintenance.end": ["until", "endedAt"],

  "webhooks.source.create": source,
  "webhooks.source.update": source,
  "webhooks.source.delete": source,
  "webhooks.endpoint.create": endpoint,
  "webhooks.endpoint.update": endpoint,
  "webhooks.endpoint.delete": [...endpoint, "discardedDeliveries"],
  "webhooks.endpoint.disable": endpoint,
  "webhooks.delivery.replay": ["status", "generation"],
  "webhooks.replay.plan": [...replay, ...replayFilter],
  "webhooks.replay.start": replay,
  "webhooks.replay.pause": replay,
  "webhooks.replay.resume": replay,
  "webhooks.replay.cancel": replay,
  "webhooks.replay.complete": replay,
  "webhooks.replay.expire": replay,

  "sources.target.create": watchedTarget,
  "sources.target.update": watchedTarget,
  "sources.target.delete": watchedTarget,
  "sources.server.create": watchedServer,
  "sources.server.update": watchedServer,
  "sources.server.delete": watchedServer,
  "sources.heartbeat.rotate": ["instance", "secretHint", "issuedAt"],

  "breakers.breaker.open": commanded,
  "breakers.breaker.close": commanded,
  "breakers.breaker.reset": commanded,
  "breakers.breaker.outcome": commandOutcome,
  "cache.entries.invalidate": ["operation", "effect", "instances", "by", "value", "count"],
  "cache.invalidation.outcome": commandOutcome,
  "cache.keys.remove": ["operation", "effect", "source", "prefix", "by", "value", "count"],
  "cache.removal.cancel": ["operation", "effect"],
  "cache.removal.outcome": ["operation", "state", "looked", "removed", "cause"],

  "audit.trail.read": [...filter, "review", "known", "events"],
  "audit.trail.verify": ["verifiedToSeq", "problem", "checkpoint", "keyId", "cancelled", "reachedSeq"],
  "audit.trail.export": [...filter, "format", "state", "have", "rows", "sha256"],
  "audit.checkpoint.create": [],
  "audit.content.expire": ["uptoSeq"],
  "audit.events.report": [],
  "audit.view.create": [...filter, "name", "shared"],
  "audit.view.update": [...filter, "name", "shared"],
  "audit.view.delete": [...filter, "name", "shared"],
  "audit.review.open": [...filter, "events", "coveredSeq", "coveredHash"],
  "audit.review.mark": ["mark", "count", "events"],
  "audit.review.comment": ["event"],
  "audit.review.sign": [
    ...filter,
    "events",
    "coveredSeq",
    "coveredHash",
    "reviewed",
    "flagged",
    "notReviewed",
    "ownActs",
  ],
  "audit.retention.update": ["keepDays"],
  "audit.hold.place": [],
  "audit.hold.release": ["hold"],
  "history.deployment.create": ["service", "version", "at", "by", "url"],
};

/** Of a refused or failed attempt, whatever it aimed at, the trail also keeps how often it was repeated. */
const fieldsOfAttempt = ["repeats"];

const isAction = (text: string): text is AuditAction => Object.hasOwn(fieldsOf, text);

/**
 * The fields that the trail keeps of such an act.
 * @param action of the product, or the capability that an attempt lacked.
 */
export function allowedFields<F extends AuditFields | null | undefined>(
  action: string,
  result: "success" | "denied" | "failure",
  fields: F,
): AuditFields | F {
  if (!fields) return fields;
  const allowed = [
    ...(isAction(action) ? fieldsOf[action] : []),
    ...(result === "success" ? [] : fieldsOfAttempt),
  ];
  return Object.fromEntries(Object.entries(fields).filter(([name]) => allowed.includes(name)));
}

/** Names of fields that somebody hands over and `allowedFields` drops. */
export const leftOut = (action: AuditAction, { before, after }: AuditEntry): string[] =>
  Object.keys({ ...before, ...after }).filter((name) => !fieldsOf[action].includes(name));
