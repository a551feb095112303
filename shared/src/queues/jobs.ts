import { z } from "zod";
import { defineEndpoint, paging, timestamp } from "../endpoint.ts";

/** Every state of a BullMQ job that has a list of its own. `paused` exists only below BullMQ 6. */
export const jobStates = [
  "waiting",
  "prioritized",
  "delayed",
  "active",
  "completed",
  "failed",
  "waiting-children",
  "paused",
] as const;
export const jobState = z.enum(jobStates);
export type JobState = (typeof jobStates)[number];

const counts = z.object({
  waiting: z.number(),
  prioritized: z.number(),
  delayed: z.number(),
  active: z.number(),
  completed: z.number(),
  failed: z.number(),
  "waiting-children": z.number(),
  paused: z.number(),
});

/** A text of which only the beginning is sent if it is long; `bytes` is the size of the whole. */
const cutText = z.object({ text: z.string(), bytes: z.number(), isCut: z.boolean() });
export type CutText = z.infer<typeof cutText>;

const jobFigures = {
  id: z.string(),
  name: cutText,
  addedAt: timestamp.nullable(),
  processedAt: timestamp.nullable(),
  finishedAt: timestamp.nullable(),
  /** When a delayed job is due; null in any other state. */
  dueAt: timestamp.nullable(),
  priority: z.number(),
  attemptsMade: z.number(),
  /** Null when its options are too long to be read. */
  attempts: z.number().nullable(),
  failedReason: cutText.nullable(),
  /** As JSON; null when there is none, or it is longer than 2,000 characters. */
  progress: z.string().nullable(),
  /** The name that its worker gave itself. */
  worker: z.string().nullable(),
  /** Key of the schedule that made it. */
  schedule: z.string().nullable(),
  hasParent: z.boolean(),
  dataBytes: z.number(),
} as const;

/** One job in a list, without its payload. */
export const jobRow = z.object(jobFigures);
export type JobRow = z.infer<typeof jobRow>;

const queueParams = z.strictObject({ id: z.string().min(1).max(600) });
const jobId = z.string().min(1).max(2_000);
const jobParams = z.strictObject({ id: z.string().min(1).max(600), jobId });

export const listJobs = defineEndpoint({
  method: "GET",
  path: "/queues/:id/jobs",
  summary: "Jobs of a queue in one state, read from its Redis without payloads",
  access: "queues:read",
  params: queueParams,
  query: z.strictObject({
    state: jobState,
    /** By the order of the state: when it finished, is due, or will run. */
    order: z.enum(["newest", "oldest"]).default("newest"),
    ...paging,
  }),
  response: z.object({
    readAt: timestamp,
    items: z.array(jobRow),
    nextCursor: z.string().nullable(),
    counts,
    paused: z.boolean(),
    /** Why nothing can be changed here; null if it can. */
    readOnly: z.string().nullable(),
    /** Null where the BullMQ of the queue has none, or none is set. */
    concurrency: z.number().nullable(),
    rateLimit: z.object({ max: z.number(), durationMs: z.number() }).nullable(),
    /** As the queue says it, as in `bullmq:6.7.0`; null below BullMQ 5.13. */
    library: z.string().nullable(),
  }),
});
export type JobList = z.infer<typeof listJobs.response>;

/** A job of a flow, known by its key. */
const relative = z.object({
  /** Id of its queue; null when the queue is not in this organization, or not watched. */
  queue: z.string().nullable(),
  key: z.string(),
  id: z.string(),
  /** Null when the job is gone. */
  name: z.string().nullable(),
  state: z.enum(["unfinished", "completed", "failed", "ignored"]),
});
export type JobRelative = z.infer<typeof relative>;

/** An act of Wheelhouse on a job, one of the newest 20. */
const lineageEntry = z.object({
  operation: z.uuid(),
  kind: z.string(),
  by: z.string(),
  at: timestamp,
  outcome: z.enum(["done", "refused", "no answer"]),
  /** The job that this one is a copy of, or was copied to. */
  copyOf: z.object({ queue: z.string(), id: z.string() }).nullable(),
  copiedTo: z.object({ queue: z.string(), id: z.string() }).nullable(),
});

export const jobDetail = z.object({
  ...jobFigures,
  readAt: timestamp,
  /** `unknown`: it has data, but is in no list of its queue. */
  state: z.enum([...jobStates, "unknown"]),
  attemptsStarted: z.number().nullable(),
  stalled: z.number(),
  delayMs: z.number(),
  /** Its options as JSON; cut. */
  options: cutText,
  /** Newest first; `attempt` is null when it cannot be known. */
  traces: z.array(cutText.extend({ attempt: z.number().nullable() })),
  /** How many older traces there are. */
  tracesLeft: z.number(),
  deduplication: z.string().nullable(),
  resultBytes: z.number(),
  logs: z.number(),
  /** A worker holds its lock; null when it is not active. */
  isLocked: z.boolean().nullable(),
  parent: relative.nullable(),
  children: z.array(relative),
  childCounts: z.object({
    unfinished: z.number(),
    completed: z.number(),
    failed: z.number(),
    ignored: z.number(),
  }),
  lineage: z.array(lineageEntry),
});
export type JobDetail = z.infer<typeof jobDetail>;

export const readJob = defineEndpoint({
  method: "GET",
  path: "/queues/:id/jobs/:jobId",
  summary: "One job with attempts, stack traces, flow and lineage, without its payload",
  access: "queues:read",
  params: jobParams,
  response: jobDetail,
});

/** Most bytes of a payload that are sent. */
export const payloadBytesMax = 1024 * 1024;

const payloadPart = z.object({
  text: z.string(),
  bytes: z.number(),
  /** True when `text` is only the beginning. */
  isCut: z.boolean(),
  /** False when it is no JSON, or cut. */
  isJson: z.boolean(),
});
export type PayloadPart = z.infer<typeof payloadPart>;

export const readJobPayload = defineEndpoint({
  method: "GET",
  path: "/queues/:id/jobs/:jobId/payload",
  summary: "Data and result of a job as stored, the first MiB of each",
  access: "queues:payload",
  params: jobParams,
  response: z.object({ data: payloadPart, result: payloadPart.nullable() }),
});
export type JobPayload = z.infer<typeof readJobPayload.response>;

export const readJobLogs = defineEndpoint({
  method: "GET",
  path: "/queues/:id/jobs/:jobId/logs",
  summary: "Lines that a job logged, newest first",
  access: "queues:payload",
  params: jobParams,
  query: z.strictObject(paging),
  response: z.object({
    items: z.array(cutText.extend({ line: z.number() })),
    nextCursor: z.string().nullable(),
    total: z.number(),
  }),
});
export type JobLogs = z.infer<typeof readJobLogs.response>;
