import { z } from "zod";
import { queryFlag, queryList, timestamp } from "../endpoint.ts";

/** Fields of an applied filter that the audit trail keeps. */
export const auditFilterKept = [
  "actor",
  "action",
  "class",
  "target",
  "outcome",
  "slot",
  "not",
  "from",
  "to",
  "q",
  "includeChildren",
] as const;

export const auditOutcomes = ["success", "denied", "failure"] as const;

const actor = z.string().min(1).max(300);
/**
 * Name of an action: one of `auditActions`, a capability for a denied read, or a platform's action with
 * prefix `app:`.
 */
const action = z
  .string()
  .max(120)
  .regex(/^[a-z][a-z0-9.:-]*$/, "must be an action name");
const eventClass = z.string().min(1).max(60);
const target = z.string().trim().min(1).max(300);
const text = z.string().trim().min(1).max(200);
/** Day and hour of the week in UTC, Monday is 1: `4-02` is Thursday from 02:00 to 03:00. */
const slot = z
  .string()
  .regex(/^[1-7]-(?:[01]\d|2[0-3])$/, "must be a day 1 to 7, a hyphen and an hour 00 to 23");

/** Filters that can be negated. */
export const auditNotNames = ["actor", "action", "class", "target", "outcome", "slot"] as const;
const notName = z.enum(auditNotNames);
export type AuditNotName = z.infer<typeof notName>;

/**
 * The filter of the trail, shared by list, count, export, activity and known values. `actor`: id or display
 * name; `class`: first part of the action; `target`: id or name; `q`: words or word prefixes, all of which
 * must occur. `not` names the filters to negate, e.g. `action=audit.trail.read&not=action`; names of filters
 * that are not set have no effect.
 */
export const auditFilterQuery = {
  actor: queryList(actor).optional(),
  action: queryList(action).optional(),
  class: queryList(eventClass).optional(),
  target: target.optional(),
  outcome: queryList(z.enum(auditOutcomes)).optional(),
  slot: queryList(slot).optional(),
  not: queryList(notName).optional(),
  from: timestamp.optional(),
  to: timestamp.optional(),
  q: text.optional(),
  includeChildren: queryFlag,
};

/** The filter without time range and organization, as views and reviews store it. */
export const storedAuditFilter = z.strictObject({
  actor: z.array(actor).max(50).optional(),
  action: z.array(action).max(50).optional(),
  class: z.array(eventClass).max(50).optional(),
  target: target.optional(),
  outcome: z.array(z.enum(auditOutcomes)).max(3).optional(),
  slot: z.array(slot).max(168).optional(),
  not: z.array(notName).max(auditNotNames.length).optional(),
  q: text.optional(),
});
export type StoredAuditFilter = z.infer<typeof storedAuditFilter>;
