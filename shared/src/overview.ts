import { z } from "zod";
import { defineEndpoint, pastMoment, timestamp } from "./endpoint.ts";
import { observation, series, sourceView } from "./health/health.ts";
import { fold } from "./live/flaps.ts";
import { defineTopic } from "./live/topic.ts";

const problemState = z.enum(["down", "degraded", "unknown", "stale"]);

/** What fails because of a problem, so that it is no problem of its own. */
export const problemEffect = z.object({
  id: z.string(),
  state: problemState,
  label: z.string(),
  subject: z.string(),
  /** A single entity of its kind: `service`, `breaker`. */
  noun: z.string(),
  cause: z.string(),
  since: timestamp,
  path: z.string(),
});
export type ProblemEffect = z.infer<typeof problemEffect>;

/** One current problem. Lists are sorted worst first. */
export const problem = z.object({
  id: z.string(),
  state: problemState,
  /** Label of the badge: `Down`, `Degraded`, `No worker` … */
  label: z.string(),
  subject: z.string(),
  /** The headline is `subject: title`. */
  title: z.string(),
  cause: z.string(),
  affects: z.string(),
  /** What fails because of it, worst first, at most 20; absent in older frames. */
  effects: z.array(problemEffect).optional(),
  since: timestamp,
  /** Whether it is counted among the checks, as a breaker is not; absent in older frames. */
  isCheck: z.boolean().optional(),
  /** Name of the topic that it belongs to. */
  area: z.string(),
  /** Path below `/o/:org/` to the evidence. */
  path: z.string(),
  /**
   * The latest recorded change within 30 min before it began that can have caused it: of what it depends on, a
   * deployment of or an act on it or those; null when none is known.
   */
  changedBefore: z.object({ text: z.string(), at: timestamp, by: z.string() }).nullable(),
});
export type Problem = z.infer<typeof problem>;

/** One line of the recent changes. */
const recentChange = z.object({
  at: timestamp,
  text: z.string(),
  by: z.string(),
  /** `audit`, `deployment`, or the kind under which the journal keeps it. */
  kind: z.string(),
  state: z.enum(["down", "degraded"]).nullable(),
  /** Ids or names of what was changed, for acts and deployments. */
  about: z.array(z.string()).optional(),
  fold: fold.nullable().optional(),
});

const figure = z.object({ value: z.number().nullable(), trend: series });

export const overview = z.object({
  ...observation,
  /** Each check is counted once, from `ok` to `pending`. */
  checks: z.object({
    total: z.number(),
    ok: z.number(),
    degraded: z.number(),
    down: z.number(),
    unknown: z.number(),
    stale: z.number(),
    /** In maintenance: neither ok nor a problem. */
    maintenance: z.number(),
    /** Not checked yet. */
    pending: z.number(),
    /** Failing checks that another problem explains, so that they are not listed. */
    explained: z.number(),
  }),
  problems: z.array(problem),
  /** Rate, errors, duration of webhook delivery over the last minute; trend over the last 10 min. */
  red: z.object({
    ratePerSecond: figure,
    /** 0–1. */
    errorRatio: figure,
    durationMsP95: figure,
  }),
  /** Null is currently unknown; zero was counted. */
  tiles: z.object({
    queues: z.object({
      queues: z.number(),
      waiting: figure,
      oldestWaitingMs: z.number().nullable(),
      noWorker: z.number().nullable(),
      paused: z.number().nullable(),
    }),
    breakers: z.object({
      breakers: z.number().nullable(),
      open: z.number().nullable(),
      halfOpen: z.number().nullable(),
      /** Without data; absent in older frames. */
      unknown: z.number().nullable().optional(),
      /** The highest failure ratios (0–1) of the last minute, by name. */
      worst: z.array(z.object({ name: z.string(), failureRatio: z.number() })),
    }),
    redis: z.object({
      servers: z.number(),
      usedMemoryBytes: figure,
      opsPerSecond: z.number().nullable(),
      evictionPolicy: z.string().nullable(),
    }),
    caches: z.object({
      caches: z.number(),
      /** 0–1, of the calls of the last minute as counted by the applications. */
      hitRatio: figure,
      /** `isLow`: below its own threshold. */
      lowest: z.object({ name: z.string(), hitRatio: z.number(), isLow: z.boolean() }).nullable(),
    }),
    webhooks: z.object({
      endpoints: z.number().nullable(),
      deadLetters: z.number().nullable(),
      pending: z.number().nullable(),
      deliveredPerSecond: figure,
      /** 0–1, of deliveries completed in the last hour. */
      firstAttemptSuccessRatio: z.number().nullable(),
    }),
  }),
  /** Acts and deployments first, then changes of state with flaps folded; newest first in each, at most 20 in all. */
  recentChanges: z.array(recentChange),
  /** What changed in the last hour in the problems and in what they depend on; absent in older frames. */
  problemChanges: z
    .object({
      /** Newest first, at most 20. */
      items: z.array(recentChange),
      /** How many other lines there are. */
      unrelated: z.number(),
    })
    .optional(),
  sources: z.array(sourceView),
});
export type Overview = z.infer<typeof overview>;

export const overviewTopic = defineTopic({
  name: "overview",
  kind: "whole",
  capability: "overview:read",
  history: ["organization"],
  whole: overview,
});

export const readOverview = defineEndpoint({
  method: "GET",
  path: "/overview",
  summary: "Verdict, problems worst first, key figures and recent changes, from the collector's snapshot",
  access: "overview:read",
  snapshot: true,
  query: pastMoment,
  response: overview,
});
