import { z } from "zod";
import { defineEndpoint, timestamp } from "../endpoint.ts";
import { reasonText } from "../reason.ts";

const hold = z.object({ id: z.uuid(), reason: z.string(), placedBy: z.string(), placedAt: timestamp });

/** Retention of event content. The hash chain is kept indefinitely. */
export const auditRetention = z.object({
  /** Null: unlimited. */
  keepDays: z.number().int().nullable(),
  holds: z.array(hold),
  /**
   * Content up to this event has expired, covered by the checkpoint with this number; 0 and null if none has.
   */
  expiredToSeq: z.number().int(),
  expiredCheckpoint: z.number().int().nullable(),
});
export type AuditRetention = z.infer<typeof auditRetention>;

export const readAuditRetention = defineEndpoint({
  method: "GET",
  path: "/audit/retention",
  summary: "Get the retention of event content and any legal holds",
  access: "audit:read",
  response: auditRetention,
});

export const updateAuditRetention = defineEndpoint({
  method: "PUT",
  path: "/audit/retention",
  summary: "Change the retention of event content",
  access: "access:manage",
  action: "audit.retention.update",
  keeps: ["keepDays"],
  stepUp: true,
  body: z.strictObject({ keepDays: z.number().int().min(1).max(36_500).nullable() }),
  response: auditRetention,
});

export const placeAuditHold = defineEndpoint({
  method: "POST",
  path: "/audit/holds",
  summary: "Place a legal hold: no content of this organization expires until the hold is released",
  access: "access:manage",
  action: "audit.hold.place",
  keeps: [],
  body: z.strictObject({ reason: reasonText }),
  response: auditRetention,
  status: 201,
});

export const releaseAuditHold = defineEndpoint({
  method: "DELETE",
  path: "/audit/holds/:id",
  summary: "Release a legal hold",
  access: "access:manage",
  action: "audit.hold.release",
  keeps: ["hold"],
  stepUp: true,
  params: z.strictObject({ id: z.uuid() }),
  response: auditRetention,
});
