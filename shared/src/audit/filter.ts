import { z } from "zod";
import { queryFlag, queryList, timestamp } from "../endpoint.ts";

/** What the trail keeps of a filter that was applied to it. */
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
/** Name of an act: ours are `auditActions`, a refused reading has its capability, a platform's begin with `app:`. */
const action = z
  .string()
  .max(120)
  .regex(/^[a-z][a-z0-9.:-]*$/, "must be the name of an action");
const eventClass = z.string().min(1).max(60);
const target = z.string().trim().min(1).max(300);
const text = z.string().trim().min(1).max(200);
/** Day and hour of the week in UTC, Monday is 1: `4-02` is Thursday from 02:00 to 03:00. */
const slot = z.string().regex(/^[1-7]-(?:[01]\d|2[0-3])$/, "day 1 to 7, hyphen, hour 00 to 23");

/** Filters that can be turned around. */
export const auditNotNames = ["actor", "action", "class", "target", "outcome", "slot"] as const;
const notName = z.enum(auditNotNames);
export type AuditNotName = z.infer<typeof notName>;

/**
 * The one filter of the trail, as list, count, export, activity and export take it. `actor`: id or shown name;
 * `class`: first word of the action; `target`: id or name; `q`: words, or their beginnings, all of which occur. `not`:
 * which of the filters that are set an event must not match, e.g. `action=audit.trail.read&not=action`; a name whose
 * filter is not set changes nothing.
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

/** The same without time and organization, as views and reviews keep it. */
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
