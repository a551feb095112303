import { z } from "zod";
import { defineEndpoint, timestamp } from "../endpoint.ts";
import { authMethods } from "./audit.ts";
import { auditOutcomes } from "./filter.ts";

const text = (lengthMax: number) => z.string().trim().min(1).max(lengthMax);
const scalar = z.union([z.string().max(1_000), z.number(), z.boolean(), z.null()]);
/** Flat, so that values can be compared side by side. Fields whose names indicate secrets are redacted. */
const reportedFields = z
  .record(z.string().min(1).max(100), z.union([scalar, z.array(z.string().max(200)).max(100)]))
  .refine((fields) => Object.keys(fields).length <= 100, "must have at most 100 fields");

/** An event reported by a platform, in the platform's own terms. */
export const reportedAuditEvent = z.strictObject({
  /** The same key from the same reporter identifies the same event. Remembered for 7 days. */
  idempotencyKey: z.string().regex(/^[\x21-\x7e]{1,200}$/, "must be 1 to 200 printable characters"),
  /** Recorded as `app:<action>` to distinguish it from actions in Wheelhouse. */
  action: z
    .string()
    .max(100)
    .regex(
      /^[a-z][a-z0-9-]*(\.[a-z0-9][a-z0-9-]*){1,4}$/,
      "must be two to five lowercase words separated by dots, such as orders.refund.approve",
    ),
  occurredAt: timestamp,
  outcome: z.enum(auditOutcomes).default("success"),
  reason: text(1_000).nullish(),
  actor: z.strictObject({
    id: text(300).nullish(),
    /** Display name at the time of the event. */
    name: text(300),
    authMethod: z.enum(authMethods).default("unknown"),
  }),
  impersonator: z.strictObject({ id: text(300), name: text(300) }).nullish(),
  targets: z
    .array(z.strictObject({ type: text(100), id: text(300), name: text(300) }))
    .max(20)
    .default([]),
  before: reportedFields.nullish(),
  after: reportedFields.nullish(),
  address: z.union([z.ipv4(), z.ipv6()]).nullish(),
  userAgent: text(300).nullish(),
  requestId: text(100).nullish(),
});
export type ReportedAuditEvent = z.output<typeof reportedAuditEvent>;

export const reportedAuditResult = z.object({
  /** Position in the request, from 0. */
  index: z.number().int(),
  status: z.enum(["recorded", "duplicate", "rejected"]),
  /** Id of the event in the trail; the existing id for a duplicate, null if rejected. */
  id: z.uuid().nullable(),
  /** Why the event was rejected; `field` has the form `body.events.3.actor.name`. */
  errors: z.array(z.object({ field: z.string(), message: z.string() })),
});

export const reportAuditEvents = defineEndpoint({
  method: "POST",
  path: "/audit/events",
  summary:
    "Record events of a platform. Each event is processed independently: rejected events do not affect the others, and sending the same batch again records nothing twice",
  access: "audit:write",
  action: "audit.events.report",
  keeps: [],
  body: z.strictObject({
    // Validated one by one, so that one invalid event does not reject the batch.
    events: z
      .array(z.union([reportedAuditEvent, z.unknown()]))
      .min(1)
      .max(1_000),
  }),
  response: z.object({
    recorded: z.number().int(),
    duplicates: z.number().int(),
    rejected: z.number().int(),
    items: z.array(reportedAuditResult),
  }),
});
