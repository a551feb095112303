import { z } from "zod";
import { defineEndpoint, page, paging, timestamp } from "../endpoint.ts";
import { defineTopic } from "../live/topic.ts";
import { reasonText } from "../reason.ts";
import { severity } from "./rules.ts";

export const incidentRow = z.object({
  id: z.uuid(),
  /** Shown as `INC-12`. */
  number: z.number().int(),
  status: z.enum(["open", "resolved"]),
  severity,
  /** The headline is `subject: title`, of the root cause. */
  subject: z.string(),
  title: z.string(),
  cause: z.string(),
  /** Path below `/o/:org/` to the evidence. */
  path: z.string(),
  /** Alerts that it groups: all so far, and those that fire now. */
  alerts: z.number().int(),
  firing: z.number().int(),
  affectedCount: z.number().int(),
  /** False while a figure that it depends on has no value: it stays open until there is one. */
  hasData: z.boolean(),
  isFlapping: z.boolean(),
  startedAt: timestamp,
  /** When it last came back after it had cleared. */
  reopenedAt: timestamp.nullable(),
  resolvedAt: timestamp.nullable(),
  resolvedBy: z.string().nullable(),
  /** Number of the incident that it became a part of. */
  mergedInto: z.number().int().nullable(),
  acknowledgedAt: timestamp.nullable(),
  acknowledgedBy: z.string().nullable(),
  assignedTo: z.string().nullable(),
  snoozedUntil: timestamp.nullable(),
  /** Why nobody is notified now: a silence, a snooze, maintenance. */
  heldBy: z.string().nullable(),
  version: z.number().int(),
});
export type IncidentRow = z.infer<typeof incidentRow>;

export const incidentTopic = defineTopic({
  name: "alerts",
  kind: "heads",
  capability: "alerts:read",
  row: incidentRow,
});

/** A rule's condition on one thing. */
export const alertView = z.object({
  rule: z.string(),
  node: z.string(),
  name: z.string(),
  state: z.enum(["pending", "firing", "resolved"]),
  severity,
  text: z.string(),
  path: z.string(),
  value: z.number().nullable(),
  since: timestamp,
  noDataSince: timestamp.nullable(),
  /** Of a pending one, unless it clears. */
  firesAt: timestamp.nullable(),
});
export type AlertView = z.infer<typeof alertView>;

export const incidentEntry = z.object({
  id: z.uuid(),
  at: timestamp,
  kind: z.string(),
  text: z.string(),
  by: z.string().nullable(),
});
export type IncidentEntry = z.infer<typeof incidentEntry>;

const affected = z.object({ name: z.string(), state: z.string(), path: z.string() });
export type Affected = z.infer<typeof affected>;

export const incidentDetail = incidentRow.extend({
  root: z.string(),
  rule: z.string(),
  ruleName: z.string(),
  /** In words, e.g. `under 40% for 5 m`. */
  clears: z.string(),
  labels: z.record(z.string(), z.string()),
  owner: z.string().nullable(),
  runbook: z.string().nullable(),
  /** What fails because of it, never a cause; at most 50. */
  affected: z.array(affected),
  /** The worst first, at most 100. */
  alertList: z.array(alertView),
  /** Newest first, at most 200. */
  entries: z.array(incidentEntry),
  /** Within the hour before it, the related first, then the nearest. */
  changesBefore: z.array(
    z.object({ at: timestamp, text: z.string(), by: z.string(), isRelated: z.boolean(), source: z.string() }),
  ),
  /** A figure to draw, as in `/history/series`. */
  chart: z
    .object({
      kind: z.string(),
      id: z.string(),
      metric: z.string(),
      threshold: z.number().nullable(),
    })
    .nullable(),
  /** The last one of the same root cause. */
  similar: z.object({ number: z.number().int(), startedAt: timestamp, lastedMs: z.number() }).nullable(),
});
export type IncidentDetail = z.infer<typeof incidentDetail>;

const params = z.strictObject({
  /** The number within the organization. */
  number: z.coerce.number().int().positive(),
});
const kept = ["status", "acknowledgedBy", "assignedTo", "snoozedUntil", "note"] as const;

export const listIncidents = defineEndpoint({
  method: "GET",
  path: "/alerts/incidents",
  summary: "Incidents, open or resolved, newest first",
  access: "alerts:read",
  query: z.strictObject({ status: z.enum(["open", "resolved"]).default("open"), ...paging }),
  response: page(incidentRow),
});

export const readAlerts = defineEndpoint({
  method: "GET",
  path: "/alerts",
  summary: "Counts of incidents, and alerts that are pending, of the active organization",
  access: "alerts:read",
  response: z.object({
    open: z.number().int(),
    unacknowledged: z.number().int(),
    held: z.number().int(),
    /** Alerts that the open incidents group. */
    alerts: z.number().int(),
    resolvedWeek: z.number().int(),
    silences: z.number().int(),
    rules: z.number().int(),
    /** Not part of an incident; the soonest first, at most 50. */
    pending: z.array(alertView),
    /** When rules were last evaluated; null when they are not. */
    evaluatedAt: timestamp.nullable(),
  }),
});
export type AlertsSummary = z.infer<(typeof readAlerts)["response"]>;

export const readIncident = defineEndpoint({
  method: "GET",
  path: "/alerts/incidents/:number",
  summary: "One incident: alerts, what it affects, what changed just before, time line",
  access: "alerts:read",
  params,
  response: incidentDetail,
});

export const readIncidentSummary = defineEndpoint({
  method: "GET",
  path: "/alerts/incidents/:number/summary",
  summary: "The incident as Markdown, for the review",
  access: "alerts:read",
  params,
  response: z.object({ markdown: z.string() }),
});

export const acknowledgeIncident = defineEndpoint({
  method: "POST",
  path: "/alerts/incidents/:number/acknowledge",
  summary:
    "Acknowledge an incident: pending notifications and escalations stop at once. Holds until it clears",
  access: "alerts:act",
  action: "alerts.incident.acknowledge",
  keeps: kept,
  params,
  body: z.strictObject({}),
  response: incidentRow,
});

export const assignIncident = defineEndpoint({
  method: "POST",
  path: "/alerts/incidents/:number/assign",
  summary: "Assign an incident to somebody, or to nobody",
  access: "alerts:act",
  action: "alerts.incident.assign",
  keeps: kept,
  params,
  body: z.strictObject({ to: z.string().trim().min(1).max(100).nullable() }),
  response: incidentRow,
});

export const noteIncident = defineEndpoint({
  method: "POST",
  path: "/alerts/incidents/:number/notes",
  summary: "Add a note to the time line",
  access: "alerts:act",
  action: "alerts.incident.note",
  keeps: kept,
  params,
  body: z.strictObject({ text: reasonText }),
  response: incidentRow,
});

export const snoozeIncident = defineEndpoint({
  method: "POST",
  path: "/alerts/incidents/:number/snooze",
  summary: "Notify nobody for a while; if it still fires then, it notifies again",
  access: "alerts:act",
  action: "alerts.incident.snooze",
  keeps: kept,
  params,
  body: z.strictObject({ until: timestamp }),
  response: incidentRow,
});

export const resolveIncident = defineEndpoint({
  method: "POST",
  path: "/alerts/incidents/:number/resolve",
  summary: "Resolve an incident by hand; its alerts stay quiet until they clear and fire again",
  access: "alerts:act",
  action: "alerts.incident.resolve",
  keeps: kept,
  params,
  body: z.strictObject({ reason: reasonText }),
  response: incidentRow,
});

export const readHandover = defineEndpoint({
  method: "GET",
  path: "/alerts/handover",
  summary: "For the next shift: what is open, and what happened in a time of up to 7 days",
  access: "alerts:read",
  query: z.strictObject({ from: timestamp, to: timestamp }),
  response: z.object({
    from: timestamp,
    to: timestamp,
    open: z.array(incidentRow),
    /** Began or ended in this time, newest first, at most 100. */
    happened: z.array(incidentRow),
    notes: z.array(incidentEntry.extend({ number: z.number().int() })),
    markdown: z.string(),
  }),
});
