import { type AuditEvent, auditEvent } from "@wheelhouse/shared/audit.ts";
import { auditOutcomes } from "@wheelhouse/shared/audit-filter.ts";
import { z } from "zod";

/** The content as this version writes it; unknown fields of a later one are left out. */
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

/** `<class>.<thing>.<verb>`, `app:<thing>.<verb>`, or a capability `<class>:<verb>`; the class as the database derives it. */
function kindOf(action: string): Pick<AuditEvent, "class" | "crud"> {
  const verb = action.split(/[.:]/).at(-1) ?? "";
  return { class: action.split(/[.:]/, 1)[0] ?? "", crud: crudOf.get(verb) ?? "update" };
}

/** @throws ZodError or SyntaxError when the stored text is not an event. */
export const parseContent = (content: string): StoredContent => storedContent.parse(JSON.parse(content));

export function toAuditEvent(content: string, seq: number | null): AuditEvent {
  const { organization, ...stored } = parseContent(content);
  return {
    ...stored,
    ...kindOf(stored.action),
    seq,
    organizationId: organization.id,
    organizationName: organization.name,
  };
}
