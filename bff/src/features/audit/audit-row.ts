import { type AuditEvent, auditEvent, auditOutcomes } from "@wheelhouse/shared/audit.ts";
import { z } from "zod";

/** The content as this version writes it; unknown fields of a later one are left out. */
const storedContent = z.object({
  schemaVersion: z.number().int(),
  id: z.string(),
  organization: z.object({ id: z.string(), name: z.string() }),
  recordedAt: z.string(),
  action: z.string(),
  outcome: z.enum(auditOutcomes),
  reason: auditEvent.shape.reason,
  actor: auditEvent.shape.actor,
  targets: auditEvent.shape.targets,
  before: auditEvent.shape.before,
  after: auditEvent.shape.after,
  address: z.string().nullable(),
  userAgent: z.string().nullable(),
  requestId: z.string().nullable(),
});
export type StoredContent = z.infer<typeof storedContent>;

/** @throws ZodError or SyntaxError when the stored text is not an event. */
export const parseContent = (content: string): StoredContent => storedContent.parse(JSON.parse(content));

export function toAuditEvent(content: string, seq: number | null): AuditEvent {
  const { organization, ...stored } = parseContent(content);
  return { ...stored, seq, organizationId: organization.id, organizationName: organization.name };
}
