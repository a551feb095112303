import { z } from "zod";
import { defineEndpoint, timestamp } from "../endpoint.ts";
import { reasonText } from "../reason.ts";
import { jobState } from "./jobs.ts";

/** Most jobs of one request; more are a run. */
export const jobsOfActMax = 200;

const queueParams = z.strictObject({ id: z.string().min(1).max(600) });
const jobId = z.string().min(1).max(2_000);
const queueId = z.string().min(1).max(600);
const jobs = z.array(jobId).min(1).max(jobsOfActMax);
const dayMs = 86_400_000;
const delayMs = z
  .number()
  .int()
  .min(0)
  .max(366 * dayMs);
/** BullMQ's own limit; 0 is no priority, and comes first. */
const priority = z.number().int().min(0).max(2_097_152);

const copy = z.object({ queue: queueId, id: jobId });

/**
 * An act on a queue or its jobs: accepted together with its audit event, then carried out. `unknown`: the process that
 * carried it out ended before it could say what happened.
 */
export const queueOperation = z.object({
  operationId: z.uuid(),
  /** `queues.jobs.retry`, `queues.queue.pause` … */
  kind: z.string(),
  queue: z.string(),
  by: z.string(),
  reason: z.string().nullable(),
  requestedAt: timestamp,
  endedAt: timestamp.nullable(),
  state: z.enum(["accepted", "done", "unknown"]),
  outcomes: z.array(
    z.object({
      /** Null for an act on the queue itself. */
      job: z.string().nullable(),
      outcome: z.enum(["done", "refused", "no answer"]),
      /** What happened instead, or besides. */
      detail: z.string().nullable(),
      /** Jobs removed, for acts on a queue. */
      count: z.number().nullable(),
      /** The new job, of copies and moves. */
      made: copy.nullable(),
    }),
  ),
});
export type QueueOperation = z.infer<typeof queueOperation>;

export const readQueueOperation = defineEndpoint({
  method: "GET",
  path: "/queues/:id/operations/:operationId",
  summary: "What became of an act on a queue or its jobs",
  access: "queues:read",
  params: z.strictObject({ id: queueId, operationId: z.uuid() }),
  response: queueOperation,
});

const reason = reasonText.optional();
const act = {
  method: "POST",
  access: "queues:act",
  params: queueParams,
  response: queueOperation,
  late: true,
} as const;
const jobsKept = ["operation", "command", "effect", "jobs"] as const;

export const retryJobs = defineEndpoint({
  ...act,
  path: "/queues/:id/jobs/retry",
  summary: "Retries failed or completed jobs, with their priorities",
  action: "queues.jobs.retry",
  keeps: [...jobsKept, "resetAttempts"],
  body: z.strictObject({
    jobs,
    /** Gives each job all its attempts again; otherwise it has those that are left, at least one. */
    resetAttempts: z.boolean().default(false),
    reason,
  }),
});

export const promoteJobs = defineEndpoint({
  ...act,
  path: "/queues/:id/jobs/promote",
  summary: "Lets delayed jobs run now",
  action: "queues.jobs.promote",
  keeps: jobsKept,
  body: z.strictObject({ jobs, reason }),
});

export const removeJobs = defineEndpoint({
  ...act,
  path: "/queues/:id/jobs/remove",
  summary: "Removes jobs that are not active, with the children that wait below them",
  action: "queues.jobs.remove",
  keeps: jobsKept,
  body: z.strictObject({ jobs, reason }),
});

export const moveJobs = defineEndpoint({
  ...act,
  path: "/queues/:id/jobs/move",
  summary: "Moves jobs to another queue of the organization, with data, options and remaining delay",
  action: "queues.jobs.move",
  keeps: [...jobsKept, "to"],
  body: z.strictObject({ jobs, to: queueId, reason }),
});

export const delayJobs = defineEndpoint({
  ...act,
  path: "/queues/:id/jobs/delay",
  summary: "Changes when delayed jobs are due, counted from now",
  action: "queues.jobs.delay",
  keeps: [...jobsKept, "delayMs"],
  body: z.strictObject({ jobs, delayMs, reason }),
});

export const prioritizeJobs = defineEndpoint({
  ...act,
  path: "/queues/:id/jobs/priority",
  summary: "Changes the priority of waiting and delayed jobs",
  action: "queues.jobs.priority",
  keeps: [...jobsKept, "priority"],
  body: z.strictObject({ jobs, priority, reason }),
});

/** JSON as text, so that what is added is what was typed. */
const jsonText = z
  .string()
  .max(900_000)
  .refine((text) => {
    try {
      JSON.parse(text);
      return true;
    } catch {
      return false;
    }
  }, "must be JSON");

export const jobOptions = z.strictObject({
  delayMs: delayMs.optional(),
  priority: priority.optional(),
  attempts: z.number().int().min(1).max(1_000).optional(),
  backoffMs: z.number().int().min(0).max(dayMs).optional(),
  backoff: z.enum(["fixed", "exponential"]).optional(),
  lifo: z.boolean().optional(),
  /** BullMQ refuses integers, and colons. */
  jobId: jobId.regex(/^(?!\d+$)[^:]+$/, "must not be an integer, and must not contain a colon").optional(),
});
export type JobOptions = z.infer<typeof jobOptions>;

export const addJob = defineEndpoint({
  ...act,
  path: "/queues/:id/jobs",
  summary: "Adds a job",
  action: "queues.job.add",
  keeps: [...jobsKept, "name", "delayMs", "priority"],
  body: z.strictObject({
    name: z.string().min(1).max(1_000),
    data: jsonText,
    options: jobOptions.default({}),
    reason,
  }),
});

export const copyJob = defineEndpoint({
  ...act,
  path: "/queues/:id/jobs/copy",
  summary: "Adds a job again, with other data if given; the flow and the deduplication key are not copied",
  action: "queues.job.copy",
  keeps: [...jobsKept, "isEdited", "removesOriginal"],
  body: z.strictObject({
    job: jobId,
    /** The data of the original if absent. */
    data: jsonText.optional(),
    removeOriginal: z.boolean().default(false),
    reason,
  }),
});

const queueKept = ["operation", "command", "effect"] as const;

export const pauseQueue = defineEndpoint({
  ...act,
  path: "/queues/:id/pause",
  summary: "Pauses a queue: jobs are accepted, and workers get none",
  action: "queues.queue.pause",
  keeps: queueKept,
  body: z.strictObject({ reason: reasonText }),
});

export const resumeQueue = defineEndpoint({
  ...act,
  path: "/queues/:id/resume",
  summary: "Resumes a paused queue",
  action: "queues.queue.resume",
  keeps: queueKept,
  body: z.strictObject({ reason }),
});

/** The number of jobs that a person saw and confirmed; far more of them now are a conflict. */
const seen = z.number().int().min(0);

export const drainQueue = defineEndpoint({
  ...act,
  path: "/queues/:id/drain",
  summary: "Removes all waiting jobs, and the delayed ones if asked; schedules stay",
  action: "queues.queue.drain",
  keeps: [...queueKept, "delayed", "count"],
  body: z.strictObject({ delayed: z.boolean().default(false), count: seen, reason: reasonText }),
});

/** The states that can be cleaned; active jobs cannot. */
export const cleanableStates = [
  "completed",
  "failed",
  "waiting",
  "prioritized",
  "delayed",
  "paused",
] as const;

export const cleanQueue = defineEndpoint({
  ...act,
  path: "/queues/:id/clean",
  summary: "Removes jobs of one state that are older than an age, up to 100,000; schedules stay",
  action: "queues.queue.clean",
  keeps: [...queueKept, "state", "olderThanMs", "count"],
  body: z.strictObject({
    state: jobState.extract(cleanableStates),
    olderThanMs: z
      .number()
      .int()
      .min(0)
      .max(3_660 * dayMs),
    count: seen,
    reason: reasonText,
  }),
});

export const obliterateQueue = defineEndpoint({
  ...act,
  path: "/queues/:id/obliterate",
  summary: "Removes a queue with all its jobs and schedules",
  action: "queues.queue.obliterate",
  keeps: [...queueKept, "count", "force"],
  stepUp: true,
  body: z.strictObject({
    /** All jobs of the queue, as typed. */
    count: seen,
    /** Also while jobs are active. */
    force: z.boolean().default(false),
    reason: reasonText,
  }),
});

export const limitQueue = defineEndpoint({
  ...act,
  path: "/queues/:id/limits",
  summary: "Sets or removes the concurrency and the rate limit that hold for all workers of a queue",
  action: "queues.queue.limit",
  keeps: [...queueKept, "concurrency", "max", "durationMs"],
  body: z
    .strictObject({
      /** Null removes it; absent leaves it. */
      concurrency: z.number().int().min(1).max(100_000).nullable().optional(),
      rateLimit: z
        .strictObject({
          max: z.number().int().min(1).max(1_000_000),
          durationMs: z.number().int().min(1).max(dayMs),
        })
        .nullable()
        .optional(),
      reason: reasonText,
    })
    .refine(({ concurrency, rateLimit }) => concurrency !== undefined || rateLimit !== undefined, {
      path: ["concurrency"],
      error: "or rateLimit is required",
    }),
});
