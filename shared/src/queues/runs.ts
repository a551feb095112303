import { z } from "zod";
import { defineEndpoint, page, paging, timestamp } from "../endpoint.ts";
import { defineTopic } from "../live/topic.ts";
import { reasonText } from "../reason.ts";
import { laneChange, runPhase, runRates, runState } from "../runs.ts";

/** Audited fields of a run on jobs. */
export const jobRunKept = [
  "state",
  "cause",
  "total",
  "excluded",
  "ratePerSecond",
  "sent",
  "succeeded",
  "failed",
  "skipped",
  "lane",
  "do",
  "phase",
] as const;

/** Maximum number of jobs in the snapshot of a plan; `isCut` is set when more match. */
export const jobRunItemsMax = 100_000;

export const jobRunActs = ["retry", "remove", "promote", "move"] as const;
const jobRunAct = z.enum(jobRunActs);
export type JobRunAct = z.infer<typeof jobRunAct>;

/** States whose jobs can be acted on; an active job belongs to its worker. */
export const jobRunStates = ["waiting", "prioritized", "delayed", "paused", "completed", "failed"] as const;
export const jobRunJobState = z.enum(jobRunStates);
export type JobRunJobState = z.infer<typeof jobRunJobState>;

/** The states from which each act takes jobs. */
export const statesOfAct: Record<JobRunAct, readonly JobRunJobState[]> = {
  retry: ["failed"],
  promote: ["delayed"],
  remove: jobRunStates,
  move: ["waiting", "prioritized", "delayed", "paused", "failed"],
};

/** Jobs of one queue and state, narrowed by name and cause, or some of them by id. Unset fields do not narrow it. */
export const jobRunFilter = z.strictObject({
  act: jobRunAct,
  /** Id of the queue. */
  queue: z.string().min(1).max(600),
  state: jobRunJobState,
  /** Id of the queue to move to, on the same Redis server. */
  to: z.string().min(1).max(600).optional(),
  ids: z.array(z.string().min(1).max(2_000)).min(1).max(1000).optional(),
  name: z.array(z.string().min(1).max(500)).min(1).max(50).optional(),
  /** Causes of failure: normalised error messages, as the plan and the job list name them. */
  error: z.array(z.string().min(1).max(300)).min(1).max(50).optional(),
});
export type JobRunFilter = z.infer<typeof jobRunFilter>;

/**
 * Why a matching job is not in the snapshot: it is the next run of a schedule; it is part of a flow and cannot move; it
 * was asked for by id and is not in that state.
 */
export const jobRunExclusions = ["schedule", "flow", "elsewhere"] as const;
const jobRunExclusion = z.enum(jobRunExclusions);

const counts = {
  /** Jobs in the snapshot, each of which is acted on at most once. */
  total: z.number().int(),
  sent: z.number().int(),
  succeeded: z.number().int(),
  /** Retried and failed again, or refused by Redis. */
  failed: z.number().int(),
  /** Left alone, because they changed after the snapshot or the queue is gone. */
  skipped: z.number().int(),
};

export const jobRun = z.object({
  id: z.uuid(),
  act: jobRunAct,
  queue: z.object({ id: z.string(), name: z.string() }),
  jobState: jobRunJobState,
  /** The queue that jobs move to. */
  to: z.object({ id: z.string(), name: z.string() }).nullable(),
  state: runState,
  /** Why it is paused, in words. */
  cause: z.string().nullable(),
  reason: z.string().nullable(),
  /** Most jobs per second; null: as fast as possible. */
  ratePerSecond: z.number().int().nullable(),
  ...counts,
  plannedBy: z.string(),
  /** Time of the snapshot. */
  plannedAt: timestamp,
  expiresAt: timestamp,
  startedBy: z.string().nullable(),
  /** Nothing is done before this time. */
  startsAt: timestamp.nullable(),
  endedAt: timestamp.nullable(),
});
export type JobRun = z.infer<typeof jobRun>;

export const jobRunTopic = defineTopic({
  name: "jobRuns",
  kind: "heads",
  capability: "queues:read",
  row: jobRun,
});

/** Jobs with the same name and cause share a lane. */
const jobRunLane = z.object({
  laneId: z.string(),
  jobName: z.string(),
  /** Normalised error message; null for acts that do not look at errors. */
  error: z.string().nullable(),
  phase: runPhase,
  /** Why it is held. */
  cause: z.string().nullable(),
  ratePerSecond: z.number().nullable(),
  /** A limit that a person gave it; null: its share of that of the run. */
  limitPerSecond: z.number().int().nullable(),
  /** A person left out what still waits. */
  isLeftOut: z.boolean(),
  ...counts,
  oldestAt: timestamp.nullable(),
  newestAt: timestamp.nullable(),
});
export type JobRunLane = z.infer<typeof jobRunLane>;

export const jobRunHappenings = [
  "planned",
  "started",
  "canary_passed",
  "slowed",
  "held",
  "lane_done",
  "skipped",
  "rate_set",
  "paused",
  "resumed",
  "completed",
  "cancelled",
] as const;
const jobRunHappening = z.enum(jobRunHappenings);
export type JobRunHappening = z.infer<typeof jobRunHappening>;

export const jobRunDetail = jobRun.extend({
  filter: jobRunFilter,
  plan: z.object({
    /** Jobs that matched, those left out included. */
    matched: z.number().int(),
    /** More jobs match than the snapshot can hold: plan the rest after this run. */
    isCut: z.boolean(),
    excluded: z.array(z.object({ why: jobRunExclusion, count: z.number().int() })),
    /** When the jobs got into their state, or were added. */
    oldestAt: timestamp.nullable(),
    newestAt: timestamp.nullable(),
    /** Done first, in all lanes together; 0 for acts without an outcome to wait for. */
    canary: z.number().int(),
    /** A lane is held when more than this share of its retried jobs fails again; null for other acts. */
    failedShareToHold: z.number().nullable(),
    /** Starting it requires a step-up. */
    asksStepUp: z.boolean(),
    /** Time in ms between the start and the first job, in which it can be cancelled. */
    holdMs: z.number(),
  }),
  lanes: z.array(jobRunLane),
  rates: runRates,
  /** Newest first, at most 50. */
  journal: z.array(
    z.object({
      at: timestamp,
      what: jobRunHappening,
      lane: z.string().nullable(),
      detail: z.string().nullable(),
    }),
  ),
  /** Failed and skipped jobs by reason, most first; of the first 10,000. */
  rest: z.array(
    z.object({
      outcome: z.enum(["failed", "skipped"]),
      why: z.string(),
      jobName: z.string(),
      count: z.number().int(),
    }),
  ),
});
export type JobRunDetail = z.infer<typeof jobRunDetail>;

export const listJobRuns = defineEndpoint({
  method: "GET",
  path: "/queues/runs",
  summary: "Started runs on jobs, newest first",
  access: "queues:read",
  query: z.strictObject({
    /** Id of a queue. */
    queue: z.string().min(1).max(600).optional(),
    ...paging,
  }),
  response: page(jobRun),
});

export const planJobRun = defineEndpoint({
  method: "POST",
  path: "/queues/runs/plan",
  summary: "Take a snapshot of the matching jobs and count those left out, by reason; nothing is changed",
  access: "queues:act",
  action: "queues.run.plan",
  keeps: [...jobRunKept, "act", "queue", "jobState", "to", "ids", "name", "error"],
  body: jobRunFilter,
  response: jobRunDetail,
  status: 201,
});

const id = z.strictObject({ id: z.uuid() });

export const startJobRun = defineEndpoint({
  method: "POST",
  path: "/queues/runs",
  summary: "Retry, remove, promote or move the jobs of a plan, each once; retries begin with a canary",
  access: "queues:act",
  action: "queues.run.start",
  keeps: jobRunKept,
  stepUp: "when the plan holds more jobs than the threshold",
  body: z.strictObject({
    planId: z.uuid(),
    reason: reasonText,
    ratePerSecond: z.number().int().min(1).max(10_000).nullable(),
    /** Jobs that are retried first, in all lanes together; 0 starts without. */
    canary: z.number().int().min(0).max(1_000).optional(),
  }),
  response: jobRunDetail,
  status: 202,
});

export const readJobRun = defineEndpoint({
  method: "GET",
  path: "/queues/runs/:id",
  summary: "A plan or run on jobs with its progress by cause, outcomes and journal",
  access: "queues:read",
  params: id,
  response: jobRunDetail,
});

export const pauseJobRun = defineEndpoint({
  method: "POST",
  path: "/queues/runs/:id/pause",
  summary: "Pause a run on jobs: nothing more is done until it is resumed",
  access: "queues:act",
  action: "queues.run.pause",
  keeps: jobRunKept,
  params: id,
  response: jobRunDetail,
});

export const resumeJobRun = defineEndpoint({
  method: "POST",
  path: "/queues/runs/:id/resume",
  summary: "Resume a paused run on jobs; held causes start with a canary again",
  access: "queues:act",
  action: "queues.run.resume",
  keeps: jobRunKept,
  params: id,
  response: jobRunDetail,
});

export const cancelJobRun = defineEndpoint({
  method: "POST",
  path: "/queues/runs/:id/cancel",
  summary: "Cancel a plan or run on jobs; what was done stays done",
  access: "queues:act",
  action: "queues.run.cancel",
  keeps: jobRunKept,
  params: id,
  response: jobRunDetail,
});

export const steerJobRun = defineEndpoint({
  method: "POST",
  path: "/queues/runs/:id/lanes/:laneId",
  summary: "Pause, resume or leave out the jobs of one cause in a run, or give them a rate of their own",
  access: "queues:act",
  action: "queues.run.steer",
  keeps: jobRunKept,
  params: z.strictObject({ id: z.uuid(), laneId: z.string().min(1).max(100) }),
  body: laneChange,
  response: jobRunDetail,
});

export const readJobRunResult = defineEndpoint({
  method: "GET",
  path: "/queues/runs/:id/result",
  summary: "What became of each job of a run, as CSV",
  access: "queues:read",
  params: id,
  response: z.any(),
});
