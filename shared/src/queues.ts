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
   * Estimated time until no job is waiting: `empty`, `paused`, `never` (no progress), or a number of ms; null
   * when unknown.
   */
  drainsInMs: z.union([z.number(), z.enum(["empty", "paused", "never"])]).nullable(),
});
export type QueueRow = z.infer<typeof queueRow>;

export const queueList = z.object({
  ...observation,
  /** In the order of `queueTopic`. */
  items: z.array(queueRow),
  nextCursor: z.null(),
  /** Waiting jobs of the last 10 min by queue id. */
  trends: z.record(z.string(), series),
  workers: z.array(z.object({ host: z.string(), queues: z.array(z.string()), workers: z.number() })),
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
