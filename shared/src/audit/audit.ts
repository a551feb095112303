import { z } from "zod";
import { defineEndpoint, page, paging, timestamp } from "../endpoint.ts";
import { defineTopic } from "../live/topic.ts";
import { auditFilterQuery, auditOutcomes } from "./filter.ts";

export const authMethods = ["password", "oidc", "token", "none", "internal", "unknown"] as const;
const fields = z.record(z.string(), z.json());

/**
 * One recorded action. Names are stored with it, so the event stays readable after the objects are deleted.
 */
export const auditEvent = z.object({
  id: z.uuid(),
  /**
   * Position in the organization's chain, without gaps from 1; null for the instant between insert and seal.
   */
  seq: z.number().int().nullable(),
  organizationId: z.uuid(),
  organizationName: z.string(),
  recordedAt: timestamp,
  /** Time reported by the platform; null for events recorded by Wheelhouse itself. */
  occurredAt: timestamp.nullable(),
  action: z.string(),
  /** First part of the action; `app` for events reported by platforms. */
  class: z.string(),
  crud: z.enum(["create", "read", "update", "delete"]),
  outcome: z.enum(auditOutcomes),
  reason: z.string().nullable(),
  actor: z.object({
    /** `external`: a person or system reported by a platform and otherwise unknown to Wheelhouse. */
    type: z.enum(["user", "token", "system", "anonymous", "external"]),
    id: z.string().nullable(),
    display: z.string(),
    authMethod: z.enum(authMethods),
  }),
  /** The person acting when the actor was impersonated. */
  impersonator: z.object({ id: z.string(), display: z.string() }).nullable(),
  /** The token or user that posted a platform's event. */
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
  summary: "List audit events, newest first",
  access: "audit:read",
  query: z.strictObject({ ...auditFilterQuery, ...paging }),
  response: page(auditEvent),
});

export const readAuditEvent = defineEndpoint({
  method: "GET",
  path: "/audit/events/:id",
  summary: "Get one event with its position in the hash chain",
  access: "audit:read",
  params: z.strictObject({ id: z.uuid() }),
  response: auditEventDetail,
});
