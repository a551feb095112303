import { z } from "zod";
import { defineEndpoint, timestamp } from "../endpoint.ts";
import { reasonText } from "../reason.ts";

const hold = z.object({ id: z.uuid(), reason: z.string(), placedBy: z.string(), placedAt: timestamp });

/** How long the content of events is kept. The chain of hashes stays for ever. */
export const auditRetention = z.object({
  /** Null: without end. */
  keepDays: z.number().int().nullable(),
  holds: z.array(hold),
  /** Content up to this event is gone, under the checkpoint of this number; 0 and null when none is. */
  expiredToSeq: z.number().int(),
  expiredCheckpoint: z.number().int().nullable(),
});
export type AuditRetention = z.infer<typeof auditRetention>;

export const readAuditRetention = defineEndpoint({
  method: "GET",
  path: "/audit/retention",
  summary: "How long the content of events is kept, and what holds it",
  access: "audit:read",
  response: auditRetention,
});

export const updateAuditRetention = defineEndpoint({
  method: "PUT",
  path: "/audit/retention",
  summary: "Change how long the content of events is kept",
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
  summary: "Place a legal hold: no content of this organization expires until it is released",
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
