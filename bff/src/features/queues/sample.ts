import { z } from "zod";

const int = z.number().int();
const orNull = int.transform((value) => (value < 0 ? null : value));

const names = [
  "paused",
  "waiting",
  "prioritized",
  "active",
  "delayed",
  "waitingChildren",
  "failed",
  "completed",
  "oldestAtMs",
  "metricsCompleted",
  "metricsFailed",
  "eventsAllowed",
  "eventsTaken",
  "eventsCompleted",
  "eventsFailed",
  "eventsLastId",
  "streamLength",
  "entryBytes",
  "lastJob",
] as const;

const fields = z.object({
  paused: int.transform((value) => value === 1),
  waiting: int,
  prioritized: int,
  active: int,
  delayed: int,
  waitingChildren: int,
  failed: int,
  completed: int,
  oldestAtMs: int.transform((value) => (value === 0 ? null : value)),
  metricsCompleted: orNull,
  metricsFailed: orNull,
  eventsAllowed: int,
  eventsTaken: int,
  eventsCompleted: int,
  eventsFailed: int,
  eventsLastId: z.string(),
  streamLength: orNull,
  entryBytes: orNull,
  lastJob: orNull,
} satisfies Record<(typeof names)[number], z.ZodType>);

/** A row of `sample-queues.lua`, in the order that its header gives. */
const row = z
  .array(z.union([z.number(), z.string()]))
  .length(names.length)
  .transform((values) => Object.fromEntries(names.map((name, index) => [name, values[index]])))
  .pipe(fields)
  .transform((read) => ({
    paused: read.paused,
    counts: {
      waiting: read.waiting,
      prioritized: read.prioritized,
      active: read.active,
      delayed: read.delayed,
      waitingChildren: read.waitingChildren,
      failed: read.failed,
      completed: read.completed,
    },
    /** Since when the oldest waiting job could run; null when none waits. */
    oldestAtMs: read.oldestAtMs,
    finished: {
      metrics:
        read.metricsCompleted === null
          ? null
          : { completed: read.metricsCompleted, failed: read.metricsFailed ?? 0 },
      events: {
        allowed: read.eventsAllowed,
        taken: read.eventsTaken,
        completed: read.eventsCompleted,
        failed: read.eventsFailed,
        lastId: read.eventsLastId,
      },
      look: read.streamLength === null ? null : { entryBytes: read.entryBytes, lastJob: read.lastJob ?? 0 },
    },
  }));

/** `[server time ms, one row a queue]`; 0 stands for a queue that is gone. */
export const sampleReply = z.tuple([z.number(), z.array(z.union([z.literal(0), row]))]);
