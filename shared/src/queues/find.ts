import { z } from "zod";
import { defineEndpoint, paging, queryFlag, queryList, shownCharacters, timestamp } from "../endpoint.ts";
import { percentiles } from "../queues.ts";

/** States by which jobs are found. `removed`: it left Redis before it completed, or somebody removed it. */
export const foundStates = [
  "waiting",
  "prioritized",
  "delayed",
  "active",
  "waiting-children",
  "completed",
  "failed",
  "removed",
] as const;
export const foundState = z.enum(foundStates);
export type FoundState = (typeof foundStates)[number];

const text = z.string().trim().min(1).max(500);
const named = queryList(z.string().min(1).max(600));

/** A condition on a field of the data: `user.id:42`, with alternatives after commas. */
const dataCondition = z
  .string()
  .max(700)
  .regex(/^[^:]{1,200}:.+$/s, "must be a field and its value, such as user.id:42");

const filter = {
  /** Ids of jobs, as a whole. */
  id: queryList(z.string().min(1).max(500)).optional(),
  name: named.optional(),
  /** Ids of queues, or their names. */
  queue: named.optional(),
  state: queryList(foundState).optional(),
  /** Text of the last error; numbers and ids in it as a whole. */
  error: text.optional(),
  /** A cause of `GET /jobs/causes`. */
  cause: z
    .string()
    .regex(/^-?\d{1,20}$/)
    .optional(),
  /**
   * Fields and their values, such as `user.id:42;list:autumn`, or several parameters; all must hold. Needs
   * `queues:payload`, as does `text`.
   */
  data: z
    .union([z.string().max(2_000), z.array(z.string().max(700)).max(5)])
    .transform((given) => (Array.isArray(given) ? given : given.split(/;(?=[^:;\s]{1,200}:)/)))
    .pipe(z.array(dataCondition).max(5))
    .optional(),
  /** The whole value of any field. */
  text: text.optional(),
  /** When the job was added. */
  from: timestamp.optional(),
  to: timestamp.optional(),
  includeChildren: queryFlag,
};

/** A job as the index has it. */
export const foundJob = z.object({
  organizationId: z.string(),
  id: z.string(),
  /** Id of its queue, as in `GET /queues`. */
  queue: z.string(),
  queueName: z.string(),
  source: z.string(),
  name: z.string(),
  state: foundState,
  addedAt: timestamp,
  processedAt: timestamp.nullable(),
  finishedAt: timestamp.nullable(),
  /** When a delayed job is due. */
  dueAt: timestamp.nullable(),
  attempts: z.number(),
  attemptsMost: z.number().nullable(),
  worker: z.string().nullable(),
  /** The start of its last error. */
  error: z.string().nullable(),
  /** Fields that the filter asked for, else the first ones; at most 3. Empty without `queues:payload`. */
  matched: z.array(z.object({ path: z.string(), value: z.string() })),
  /** `cut`: not all of its fields are in the index; `none`: it was gone before they could be read. */
  fields: z.enum(["whole", "cut", "none"]),
});
export type FoundJob = z.infer<typeof foundJob>;

export const findJobs = defineEndpoint({
  method: "GET",
  path: "/jobs",
  summary: "Jobs of all queues from the index, newest first; Redis is not read",
  access: "queues:read",
  query: z.strictObject({ ...filter, ...paging }),
  response: z.object({
    items: z.array(foundJob),
    nextCursor: z.string().nullable(),
    /** With the first page only. */
    summary: z
      .object({
        count: z.number(),
        /** More match than are counted. */
        isBound: z.boolean(),
        queues: z.array(z.object({ queue: z.string(), name: z.string(), jobs: z.number() })),
        states: z.array(z.object({ state: foundState, jobs: z.number() })),
      })
      .nullable(),
    /** How long the search took. */
    tookMs: z.number(),
  }),
});
export type FoundJobs = z.infer<typeof findJobs.response>;

export const readJobIndex = defineEndpoint({
  method: "GET",
  path: "/jobs/index",
  summary: "What the index of jobs holds, how far it is behind, and what it does not hold",
  access: "queues:read",
  query: z.strictObject({ includeChildren: queryFlag }),
  response: z.object({
    jobs: z.number(),
    queues: z.number(),
    /** Oldest moment that every source was read up to; null before the first reading. */
    readAt: timestamp.nullable(),
    /** How far it was behind at that reading; null when it is not known. */
    behindMs: z.number().nullable(),
    keptDays: z.number(),
    /** Jobs added before this moment are not in the index. */
    keptSince: timestamp,
    /** Sources that cannot be indexed now, with the reason. */
    failures: z.array(z.object({ source: z.string(), reason: z.string() })),
    fill: z.object({
      /** Queues whose back-fill is not complete. */
      running: z.number(),
      /** Jobs that they have read. */
      readJobs: z.number(),
      /** When the last one of all became complete; null while there is none. */
      completeAt: timestamp.nullable(),
    }),
    /** Queues whose events were trimmed before they were read; a back-fill followed. */
    gaps: z.array(z.object({ queue: z.string(), name: z.string(), times: z.number(), at: timestamp })),
    /** Jobs in Redis that the index has no place for, such as older ones. */
    skipped: z.number(),
    /** Jobs of which not all fields are in the index, and those of which none could be read. */
    cut: z.object({
      jobs: z.number(),
      isBound: z.boolean(),
      largest: z.object({ queue: z.string(), id: z.string(), bytes: z.number() }).nullable(),
    }),
    bare: z.object({ jobs: z.number(), isBound: z.boolean() }),
    limits: z.object({
      fields: z.number(),
      elements: z.number(),
      valueChars: z.number(),
      dataBytes: z.number(),
    }),
    /** Fields that are left out or found by their hash only, those set by people first. */
    rules: z.array(
      z.object({
        /** Null for those that always hold. */
        id: z.uuid().nullable(),
        queue: z.string().nullable(),
        path: z.string(),
        what: z.enum(["out", "hash"]),
      }),
    ),
  }),
});
export type JobIndex = z.infer<typeof readJobIndex.response>;

export const listJobWords = defineEndpoint({
  method: "GET",
  path: "/jobs/words",
  summary: "Queues, names and fields that complete a filter",
  access: "queues:read",
  query: z.strictObject({ includeChildren: queryFlag }),
  response: z.object({
    queues: z.array(z.object({ queue: z.string(), name: z.string(), jobs: z.number() })),
    names: z.array(z.object({ name: z.string(), jobs: z.number() })),
    /** Of recent jobs; empty without `queues:payload`. */
    fields: z.array(z.object({ path: z.string(), jobs: z.number() })),
  }),
});
export type JobWords = z.infer<typeof listJobWords.response>;

const cause = z.object({
  organizationId: z.string(),
  /** For the filter of `GET /jobs`. */
  id: z.string(),
  name: z.string(),
  /** The error without what differs from failure to failure (`#`). */
  message: z.string(),
  queue: z.string(),
  queueName: z.string(),
  jobs: z.number(),
  /** Of all failed jobs that were asked for, from 0 to 1. */
  share: z.number(),
  firstAt: timestamp.nullable(),
  lastAt: timestamp.nullable(),
});
export type JobCause = z.infer<typeof cause>;

export const listJobCauses = defineEndpoint({
  method: "GET",
  path: "/jobs/causes",
  summary: "Failed jobs grouped by error and name, most jobs first",
  access: "queues:read",
  query: z.strictObject({ queue: named.optional(), name: named.optional(), includeChildren: queryFlag }),
  response: z.object({
    /** Failed jobs in the index. */
    total: z.number(),
    causes: z.array(cause),
    /** Causes that are not listed, and their jobs. */
    others: z.object({ causes: z.number(), jobs: z.number() }),
    /** How many of the first causes explain most of them, and how many jobs. */
    explained: z.object({ causes: z.number(), jobs: z.number() }),
    /** Failures by time, oldest first: of each of the first `shown` causes, and of all others. */
    bars: z.object({
      from: timestamp,
      stepMs: z.number(),
      shown: z.array(z.string()),
      counts: z.array(z.array(z.number())),
      isBound: z.boolean(),
    }),
  }),
});
export type JobCauses = z.infer<typeof listJobCauses.response>;

const timingPercentiles = percentiles.nullable();

export const readJobTimings = defineEndpoint({
  method: "GET",
  path: "/jobs/timings",
  summary: "Wait and run times of a queue's jobs by name, over the last 5 minutes",
  access: "queues:read",
  query: z.strictObject({
    /** Id of a queue. */
    queue: z.string().min(1).max(600),
  }),
  response: z.object({
    observedAt: timestamp.nullable(),
    minutes: z.number(),
    /** Most jobs first. */
    names: z.array(
      z.object({ name: z.string(), jobs: z.number(), wait: timingPercentiles, run: timingPercentiles }),
    ),
  }),
});
export type JobTimings = z.infer<typeof readJobTimings.response>;

const rulePath = z
  .string()
  .trim()
  .min(1)
  .max(200)
  .regex(shownCharacters)
  .regex(/^[^.]+(?:\.[^.]+)*$/, "must be a field such as user.email; * stands for one part");

export const addFieldRule = defineEndpoint({
  method: "POST",
  path: "/jobs/rules",
  summary: "Leaves a field of the data out of the index of jobs, or keeps its hash only",
  access: "sources:manage",
  action: "queues.index.restrict",
  keeps: ["queue", "path", "what"],
  body: z.strictObject({
    /** Id of a queue; null for all of the organization. */
    queue: z.string().min(1).max(600).nullable(),
    path: rulePath,
    what: z.enum(["out", "hash"]),
  }),
  response: z.object({ id: z.uuid() }),
  status: 201,
});

export const removeFieldRule = defineEndpoint({
  method: "DELETE",
  path: "/jobs/rules/:id",
  summary: "Lets a field of the data into the index of jobs again, for jobs read from then on",
  access: "sources:manage",
  action: "queues.index.allow",
  keeps: ["queue", "path", "what"],
  params: z.strictObject({ id: z.uuid() }),
  response: z.null(),
  status: 204,
});
