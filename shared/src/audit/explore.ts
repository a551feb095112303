import { z } from "zod";
import { defineEndpoint, timestamp } from "../endpoint.ts";
import { auditFilterQuery } from "./filter.ts";

/** Counts stop here; above this, the result is "more than". */
export const auditCountMax = 10_000;

export const countAuditEvents = defineEndpoint({
  method: "GET",
  path: "/audit/count",
  summary: "Count matching events, up to 10,000",
  access: "audit:read",
  query: z.strictObject(auditFilterQuery),
  response: z.object({ count: z.number().int(), isMore: z.boolean() }),
});

export const auditFacetKeys = ["actor", "action", "class", "target", "outcome"] as const;

/**
 * A known filter value with its latest display name. `events` counts all occurrences; `lastAt` is the latest
 * one.
 */
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
  summary: "List known values of a filter, most frequent first",
  access: "audit:read",
  query: z.strictObject({
    key: z.enum(auditFacetKeys),
    /** Part of the value or its display name. */
    q: z.string().trim().max(200).optional(),
    limit: z.coerce.number().int().min(1).max(50).default(20),
  }),
  response: z.object({ items: z.array(auditFacet), isMore: z.boolean() }),
});

/**
 * Events per hour in UTC. The counts apply filters by actor, action, class, outcome, hour of the week and
 * time; filters by target or text are listed in `notCounted` and ignored. They cover all events up to number
 * `countedToSeq` of `headSeq`.
 */
export const auditActivity = z.object({
  from: timestamp,
  to: timestamp,
  hours: z.array(z.object({ at: timestamp, success: z.number().int(), refused: z.number().int() })),
  /** The most frequent actions; `others` counts the events of the rest. */
  actions: z.array(z.object({ action: z.string(), success: z.number().int(), refused: z.number().int() })),
  others: z.number().int(),
  /** The most frequent actors with their latest names; `otherActors` counts the events of the rest. */
  actors: z.array(
    z.object({ actor: z.string(), name: z.string(), success: z.number().int(), refused: z.number().int() }),
  ),
  otherActors: z.number().int(),
  countedToSeq: z.number().int(),
  headSeq: z.number().int(),
  notCounted: z.array(z.enum(["target", "q", "includeChildren"])),
});
export type AuditActivity = z.infer<typeof auditActivity>;

export const readAuditActivity = defineEndpoint({
  method: "GET",
  path: "/audit/activity",
  summary:
    "Count events per hour, action and actor under a filter; covers four weeks unless a range of at most 92 days is given",
  access: "audit:read",
  query: z.strictObject(auditFilterQuery),
  response: auditActivity,
});
