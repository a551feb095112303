import { z } from "zod";
import { defineEndpoint, timestamp } from "../endpoint.ts";
import { auditFilterQuery } from "./filter.ts";

/** Beyond this a count says "more than". */
export const auditCountMax = 10_000;

export const countAuditEvents = defineEndpoint({
  method: "GET",
  path: "/audit/count",
  summary: "How many events match, up to 10,000",
  access: "audit:read",
  query: z.strictObject(auditFilterQuery),
  response: z.object({ count: z.number().int(), isMore: z.boolean() }),
});

export const auditFacetKeys = ["actor", "action", "class", "target", "outcome"] as const;

/** A value that occurred, under the name it had last. `events`: how often, ever; `lastAt`: when last. */
const auditFacet = z.object({
  value: z.string(),
  label: z.string(),
  detail: z.string().nullable(),
  events: z.number().int(),
  lastAt: timestamp,
});
export type AuditFacet = z.infer<typeof auditFacet>;

export const listAuditFacets = defineEndpoint({
  method: "GET",
  path: "/audit/facets",
  summary: "Known values of a filter, those that occur most often first",
  access: "audit:read",
  query: z.strictObject({
    key: z.enum(auditFacetKeys),
    /** Part of the value or its name. */
    q: z.string().trim().max(200).optional(),
    limit: z.coerce.number().int().min(1).max(50).default(20),
  }),
  response: z.object({ items: z.array(auditFacet), isMore: z.boolean() }),
});

/**
 * What happened when, per hour in UTC. Counted for actor, action, class, outcome, hours of the week and time; a filter
 * by target or text is named in `notCounted` and left out of the figures. All events up to number `countedToSeq` of
 * `headSeq` are in.
 */
export const auditActivity = z.object({
  from: timestamp,
  to: timestamp,
  hours: z.array(z.object({ at: timestamp, success: z.number().int(), refused: z.number().int() })),
  /** The most frequent first; `others` are the events of the rest. */
  actions: z.array(z.object({ action: z.string(), success: z.number().int(), refused: z.number().int() })),
  others: z.number().int(),
  countedToSeq: z.number().int(),
  headSeq: z.number().int(),
  notCounted: z.array(z.enum(["target", "q", "includeChildren"])),
});
export type AuditActivity = z.infer<typeof auditActivity>;

export const readAuditActivity = defineEndpoint({
  method: "GET",
  path: "/audit/activity",
  summary: "Events per hour and action under a filter; four weeks unless a range of at most 92 days is given",
  access: "audit:read",
  query: z.strictObject(auditFilterQuery),
  response: auditActivity,
});
