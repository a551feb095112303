import { z } from "zod";
import { defineEndpoint, page, paging, pastMoment, timestamp } from "../endpoint.ts";
import { healthState, observation } from "../health/health.ts";
import { defineTopic } from "../live/topic.ts";
import { byName } from "../order.ts";
import { reasonText } from "../reason.ts";

/** `missed`: its time passed without a run. `unknown`: it ran, but its outcome was gone before it could be read. */
export const runOutcome = z.enum([
  "waiting",
  "running",
  "completed",
  "failed",
  "timed_out",
  "missed",
  "unknown",
]);
export type RunOutcome = z.infer<typeof runOutcome>;

/** One run of a schedule, or a time at which it should have run. */
export const scheduleRun = z.object({
  dueAt: timestamp,
  startedAt: timestamp.nullable(),
  endedAt: timestamp.nullable(),
  outcome: runOutcome,
  /** What it did, or why it failed. */
  detail: z.string().nullable(),
  /** `first`: it had never run before. `parent`: it follows the run of another schedule. */
  trigger: z.enum(["due", "first", "person", "parent"]),
  /** Who asked for it, for `person`. */
  askedBy: z.string().nullable(),
});
export type ScheduleRun = z.infer<typeof scheduleRun>;

export const scheduleRow = z.object({
  /** `own~<name>`, `cron~<id>`, or `<source>~<prefix>~<queue>~<key>` with each part percent-encoded. */
  id: z.string(),
  name: z.string(),
  /** `own`: one of Wheelhouse's own. `bullmq`: a job scheduler. `cron`: declared, reports by heartbeat. */
  kind: z.enum(["own", "bullmq", "cron"]),
  /** The queue of a job scheduler. */
  queue: z.object({ id: z.string(), name: z.string() }).nullable(),
  /** Id of the Redis server that holds it; null for others. */
  source: z.string().nullable(),
  /** When it runs, in words. */
  runs: z.string(),
  /** Cron pattern as declared; null for a fixed interval, or a schedule that follows another one. */
  pattern: z.string().nullable(),
  everyMs: z.number().nullable(),
  /** IANA name; null without a pattern. */
  timeZone: z.string().nullable(),
  /** Why it cannot be changed here; null if it can. */
  readOnly: z.string().nullable(),
  state: healthState,
  /** `Completed`, `Failed`, `Missed`, `Overdue`, `Running`, `Paused` … */
  label: z.string(),
  /** Why it is not ok. */
  cause: z.string().nullable(),
  /** When the state began. */
  since: timestamp,
  /** The next time at which it should run, always in the future; null while paused, or when there is none. */
  nextAt: timestamp.nullable(),
  /** The time that passed without a run; null unless it is overdue or missed. */
  overdueSince: timestamp.nullable(),
  last: scheduleRun.nullable(),
  /** Median duration of the last completed runs; null without any. */
  usualMs: z.number().nullable(),
  /** Outcomes of the last 20 runs, oldest first. */
  recent: z.array(runOutcome).max(20),
  /** By whom it was paused, and since when. */
  paused: z
    .object({
      at: timestamp,
      by: z.string(),
      reason: z.string(),
      /** When its program created it again although it is paused here. */
      recreatedAt: timestamp.nullable(),
    })
    .nullable(),
});
export type ScheduleRow = z.infer<typeof scheduleRow>;

export const scheduleList = z.object({
  ...observation,
  /** In the order of `scheduleTopic`. */
  items: z.array(scheduleRow),
  nextCursor: z.null(),
  /** Servers whose schedules cannot all be read, with the reason. */
  unread: z.array(z.object({ source: z.string(), cause: z.string() })),
});
export type ScheduleList = z.infer<typeof scheduleList>;

const labels = ["Failed", "Timed out", "Missed", "Overdue"];
const urgency = ({ state, label }: ScheduleRow): number => {
  if (label === "Paused") return 6;
  const place = labels.indexOf(label);
  if (place >= 0) return place;
  return state === "unknown" ? 4 : 5;
};

/** Worst first, then by the next run, paused ones last. */
export const scheduleTopic = defineTopic({
  name: "schedules",
  kind: "rows",
  capability: "schedules:read",
  journal: "schedule",
  row: scheduleRow,
  list: scheduleList,
  order: (a, b) =>
    urgency(a) - urgency(b) || (a.nextAt ?? "~").localeCompare(b.nextAt ?? "~") || byName(a, b),
});

const params = z.strictObject({ id: z.string().min(1).max(1_000) });

export const listSchedules = defineEndpoint({
  method: "GET",
  path: "/schedules",
  summary: "All schedules with their next and last run, worst first, from the collector's snapshot",
  access: "schedules:read",
  snapshot: true,
  query: pastMoment,
  response: scheduleList,
});

export const readSchedule = defineEndpoint({
  method: "GET",
  path: "/schedules/:id",
  summary: "One schedule with its next five runs and its last 20",
  access: "schedules:read",
  params,
  response: z.object({
    ...observation,
    schedule: scheduleRow,
    /** `local` is the wall clock of the schedule's time zone, with its offset. */
    next: z.array(z.object({ at: timestamp, local: z.string() })).max(5),
    /** The offset of the time zone and when it changes next; null in a zone that never changes, or without one. */
    zone: z.object({ offset: z.string(), changesAt: timestamp.nullable() }).nullable(),
    ifMissed: z.string(),
    runs: z.array(scheduleRun).max(20),
  }),
});

export const listScheduleRuns = defineEndpoint({
  method: "GET",
  path: "/schedules/:id/runs",
  summary: "Runs of a schedule in the last 30 days, newest first",
  access: "schedules:read",
  params,
  query: z.strictObject(paging),
  response: page(scheduleRun),
});

/** What became of an act. */
const act = z.object({
  /** `accepted`: it will be carried out, and its outcome will be in the audit trail. */
  state: z.enum(["done", "accepted", "refused"]),
  /** In words. */
  detail: z.string().nullable(),
  /** For schedules of other programs; null for Wheelhouse's own. */
  operationId: z.uuid().nullable(),
});
export type ScheduleAct = z.infer<typeof act>;
const body = z.strictObject({ reason: reasonText });
const kept = ["schedule", "operation", "command", "effect", "pattern", "everyMs", "timeZone"] as const;

export const runSchedule = defineEndpoint({
  method: "POST",
  path: "/schedules/:id/run",
  summary: "Runs a schedule once, now, beside its plan",
  access: "schedules:act",
  action: "schedules.schedule.run",
  keeps: kept,
  params,
  body,
  response: act,
  late: true,
});

export const pauseSchedule = defineEndpoint({
  method: "POST",
  path: "/schedules/:id/pause",
  summary: "Pauses a schedule; what falls due meanwhile is skipped",
  access: "schedules:act",
  action: "schedules.schedule.pause",
  keeps: kept,
  params,
  body,
  response: act,
  late: true,
});

export const resumeSchedule = defineEndpoint({
  method: "POST",
  path: "/schedules/:id/resume",
  summary: "Resumes a schedule with its next time",
  access: "schedules:act",
  action: "schedules.schedule.resume",
  keeps: kept,
  params,
  body,
  response: act,
  late: true,
});

/** IANA name, such as `Europe/Berlin`. */
const timeZone = z.string().trim().min(1).max(60);

export const editSchedule = defineEndpoint({
  method: "PATCH",
  path: "/schedules/:id",
  summary: "Changes when a schedule of a watched program runs; 409 if it was changed meanwhile",
  access: "schedules:act",
  action: "schedules.schedule.edit",
  keeps: kept,
  params,
  body: z.strictObject({
    reason: reasonText,
    /** Either a cron pattern, or an interval. */
    pattern: z.string().trim().min(1).max(200).optional(),
    everyMs: z
      .number()
      .int()
      .min(1_000)
      .max(31 * 86_400_000)
      .optional(),
    /** Of the pattern; without one it stays as it is. */
    timeZone: timeZone.optional(),
    /** What it was when the change was made. */
    before: z.strictObject({ pattern: z.string().nullable(), everyMs: z.number().nullable() }),
  }),
  response: act,
  late: true,
});

export const removeSchedule = defineEndpoint({
  method: "DELETE",
  path: "/schedules/:id",
  summary: "Removes a schedule of a watched program, with its next job",
  access: "schedules:act",
  action: "schedules.schedule.remove",
  keeps: kept,
  params,
  body,
  response: act,
  late: true,
});
