import { type AuditEvent, auditEvent } from "@wheelhouse/shared/audit/audit.ts";
import { auditOutcomes } from "@wheelhouse/shared/audit/filter.ts";
import { z } from "zod";

/** The content as this version writes it; unknown fields from a later version are ignored. */
const storedContent = z.object({
  schemaVersion: z.number().int(),
  id: z.string(),
  organization: z.object({ id: z.string(), name: z.string() }),
  recordedAt: z.string(),
  occurredAt: z.string().nullable().default(null),
  action: z.string(),
  outcome: z.enum(auditOutcomes),
  reason: auditEvent.shape.reason,
  actor: auditEvent.shape.actor,
  impersonator: auditEvent.shape.impersonator.default(null),
  reportedBy: auditEvent.shape.reportedBy.default(null),
  targets: auditEvent.shape.targets,
  before: auditEvent.shape.before,
  after: auditEvent.shape.after,
  address: z.string().nullable(),
  userAgent: z.string().nullable(),
  requestId: z.string().nullable(),
});
export type StoredContent = z.infer<typeof storedContent>;

const crudOf = new Map<string, AuditEvent["crud"]>([
  ...(["create", "report"] as const).map((verb) => [verb, "create"] as const),
  ...(["read", "list", "verify", "export", "view"] as const).map((verb) => [verb, "read"] as const),
  ...(["delete", "remove", "revoke", "expire"] as const).map((verb) => [verb, "delete"] as const),
]);

/**
 * `<class>.<thing>.<verb>`, `app:<thing>.<verb>`, or a capability `<class>:<verb>`; the same class as in the
 * database.
 */
function kindOf(action: string): Pick<AuditEvent, "class" | "crud"> {
  const verb = action.split(/[.:]/).at(-1) ?? "";
  return { class: action.split(/[.:]/, 1)[0] ?? "", crud: crudOf.get(verb) ?? "update" };
}

/** @throws ZodError or SyntaxError if the stored text is not an event. */
export const parseContent = (content: string): StoredContent => storedContent.parse(JSON.parse(content));

/**
 * The event for a response, field by field, because the content also contains a hash of the session. Only
 * parsed here: callers validate their response, and validating twice would add a tenth to the time of a page.
 */
export function toAuditEvent(content: string, seq: number | null): AuditEvent {
  const stored: StoredContent = JSON.parse(content);
  const { organization, actor, occurredAt = null, impersonator = null, reportedBy = null } = stored;
  return {
    schemaVersion: stored.schemaVersion,
    id: stored.id,
    recordedAt: stored.recordedAt,
    occurredAt,
    action: stored.action,
    outcome: stored.outcome,
    reason: stored.reason,
    actor: { type: actor.type, id: actor.id, display: actor.display, authMethod: actor.authMethod },
    impersonator: impersonator && { id: impersonator.id, display: impersonator.display },
    reportedBy: reportedBy && { type: reportedBy.type, id: reportedBy.id, display: reportedBy.display },
    targets: stored.targets.map(({ type, id, name }) => ({ type, id, name })),
    before: stored.before,
    after: stored.after,
    address: stored.address,
    userAgent: stored.userAgent,
    requestId: stored.requestId,
    ...kindOf(stored.action),
    seq,
    organizationId: organization.id,
    organizationName: organization.name,
  };
}
