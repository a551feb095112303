import { z } from "zod";
import { defineEndpoint, page, paging, timestamp } from "../endpoint.ts";
import { defineTopic } from "../live/topic.ts";
import { auditFilterQuery, auditOutcomes } from "./filter.ts";

export const authMethods = ["password", "oidc", "token", "none", "internal", "unknown"] as const;
const fields = z.record(z.string(), z.json());

/** One act, as it was: names are kept so that an event stays readable when what it names is gone. */
export const auditEvent = z.object({
  id: z.uuid(),
  /** Place in the organization's chain, gapless from 1; null for the instant between insert and seal. */
  seq: z.number().int().nullable(),
  organizationId: z.uuid(),
  organizationName: z.string(),
  recordedAt: timestamp,
  /** When a platform says that it happened; null for what Wheelhouse itself recorded. */
  occurredAt: timestamp.nullable(),
  action: z.string(),
  /** First part of the action; `app` for what platforms report. */
  class: z.string(),
  crud: z.enum(["create", "read", "update", "delete"]),
  outcome: z.enum(auditOutcomes),
  reason: z.string().nullable(),
  actor: z.object({
    /** `external`: somebody whom a platform named, known to Wheelhouse by that alone. */
    type: z.enum(["user", "token", "system", "anonymous", "external"]),
    id: z.string().nullable(),
    display: z.string(),
    authMethod: z.enum(authMethods),
  }),
  /** Who really acted when the actor was impersonated. */
  impersonator: z.object({ id: z.string(), display: z.string() }).nullable(),
  /** Who posted an event of a platform: a token or a person of Wheelhouse. */
  reportedBy: z.object({ type: z.enum(["user", "token"]), id: z.string(), display: z.string() }).nullable(),
  targets: z.array(z.object({ type: z.string(), id: z.string(), name: z.string() })),
  before: fields.nullable(),
  after: fields.nullable(),
  address: z.string().nullable(),
  userAgent: z.string().nullable(),
  requestId: z.string().nullable(),
  schemaVersion: z.number().int(),
});
export type AuditEvent = z.infer<typeof auditEvent>;

export const auditTopic = defineTopic({
  name: "audit",
  kind: "heads",
  capability: "audit:read",
  row: auditEvent,
});

export const auditEventDetail = auditEvent.extend({
  proof: z
    .object({
      contentHash: z.string(),
      previousHash: z.string(),
      hash: z.string(),
      nextHash: z.string().nullable(),
    })
    .nullable(),
});
export type AuditEventDetail = z.infer<typeof auditEventDetail>;

export const listAuditEvents = defineEndpoint({
  method: "GET",
  path: "/audit/events",
  summary: "The audit trail, newest first",
  access: "audit:read",
  query: z.strictObject({ ...auditFilterQuery, ...paging }),
  response: page(auditEvent),
});

export const readAuditEvent = defineEndpoint({
  method: "GET",
  path: "/audit/events/:id",
  summary: "One event with its place in the hash chain",
  access: "audit:read",
  params: z.strictObject({ id: z.uuid() }),
  response: auditEventDetail,
});
