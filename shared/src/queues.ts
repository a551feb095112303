import { z } from "zod";
import { defineEndpoint, pastMoment } from "./endpoint.ts";
import { healthState, observation, series } from "./health/health.ts";
import { defineTopic } from "./live/topic.ts";
import { byName } from "./order.ts";

export const queueCounts = z.object({
  waiting: z.number(),
  prioritized: z.number(),
  active: z.number(),
  delayed: z.number(),
  waitingChildren: z.number(),
  failed: z.number(),
  completed: z.number(),
});

/** Durations in ms, within 5 %. */
export const percentiles = z.object({ p50: z.number(), p95: z.number(), p99: z.number() });
export type Percentiles = z.infer<typeof percentiles>;

/** One queue at its last sample. `id` is used in the queue's own paths. */
export const queueRow = z.object({
  id: z.string(),
  name: z.string(),
  prefix: z.string(),
  source: z.string(),
  state: healthState,
  /** Label of the badge: `OK`, `No worker`, `Old jobs`, `Failing`, `Paused`. */
  label: z.string(),
  /** The reason, with figure and threshold; null without one. */
  cause: z.string().nullable(),
  since: z.iso.datetime({ offset: true }),
  paused: z.boolean(),
  counts: queueCounts,
  /** True when its figures were never read; `counts` then means nothing. */
  isUnread: z.boolean().optional(),
  /** Age at `observedAt` of the oldest waiting job; null when none is waiting. */
  oldestWaitingMs: z.number().nullable(),
  /** Connected workers; null when unknown. */
  workers: z.number().nullable(),
  /** Over the last minute; null until there are enough samples. */
  completedPerMinute: z.number().nullable(),
  failedPerMinute: z.number().nullable(),
  /**
   * How long jobs waited for a worker and how long it worked, over the last 5 minutes; null without any, absent while the
   * queue's events are not read.
   */
  wait: percentiles.nullable().optional(),
  run: percentiles.nullable().optional(),
  /** How often a job was taken from a worker that no longer renewed its lock, in these minutes. */
  stalled: z.number().optional(),
  /**
   * Estimated time until no job is waiting: `empty`, `paused`, `never` (no progress), or a number of ms; null
   * when unknown.
   */
  drainsInMs: z.union([z.number(), z.enum(["empty", "paused", "never"])]).nullable(),
});
export type QueueRow = z.infer<typeof queueRow>;

/**
 * A queue of another system than BullMQ: a list whose length is read, or one that is only named. Nothing else is known
 * of it.
 */
const otherQueueRow = z.object({
  id: z.string(),
  name: z.string(),
  /** `List`, `Stream`, or the library that writes such keys, as in `Bull 3 or 4`. */
  system: z.string(),
  source: z.string(),
  /** Its key, or the pattern of its keys. */
  key: z.string(),
  /** Length of a list, read every 5 s; null when it is not known. */
  depth: z.number().nullable(),
  /** What is not known of it, and why. */
  reason: z.string(),
});
export type OtherQueueRow = z.infer<typeof otherQueueRow>;

export const queueList = z.object({
  ...observation,
  /** In the order of `queueTopic`. */
  items: z.array(queueRow),
  nextCursor: z.null(),
  /** Waiting jobs of the last 10 min by queue id. */
  trends: z.record(z.string(), series),
  workers: z.array(z.object({ host: z.string(), queues: z.array(z.string()), workers: z.number() })),
  /** Queues of other systems by name, at most 200 a server. Absent in frames of earlier versions, as is what follows. */
  others: z.array(otherQueueRow).optional(),
  /** How many more of them there are, at least. */
  othersLeft: z.number().optional(),
  /** Servers on which not all queues can be found, with the server's own reason. */
  undiscovered: z.array(z.object({ source: z.string(), name: z.string(), cause: z.string() })).optional(),
});
export type QueueList = z.infer<typeof queueList>;

const urgency = ({ paused, state, label }: QueueRow): number => {
  if (paused) return 4;
  if (state === "down") return 0;
  if (state === "degraded") return label === "Old jobs" ? 1 : 2;
  return state === "unknown" ? 3 : 5;
};

/** Worst first: no worker, old jobs, failing, unknown, paused, then healthy by name. */
export const queueTopic = defineTopic({
  name: "queues",
  kind: "rows",
  capability: "queues:read",
  history: ["queue"],
  journal: "queue",
  row: queueRow,
  list: queueList,
  order: (a, b) => urgency(a) - urgency(b) || byName(a, b),
});

export const listQueues = defineEndpoint({
  method: "GET",
  path: "/queues",
  summary: "All discovered queues with depth per state, from the collector's snapshot",
  access: "queues:read",
  snapshot: true,
  query: pastMoment,
  response: queueList,
});

export const readQueue = defineEndpoint({
  method: "GET",
  path: "/queues/:id",
  summary: "One queue with its trends of the last 10 minutes",
  access: "queues:read",
  snapshot: true,
  params: z.strictObject({ id: z.string().min(1).max(600) }),
  response: z.object({
    ...observation,
    queue: queueRow,
    waiting: series,
    completedPerMinute: series,
  }),
});
