import { z } from "zod";
import { defineEndpoint, timestamp } from "./endpoint.ts";

/** `unknown`: could not ask. `stale` is orthogonal and derived from `observedAt` and `intervalMs`. */
export const healthState = z.enum(["ok", "degraded", "down", "unknown"]);
export type HealthState = z.infer<typeof healthState>;

/** Age and rhythm that every observation carries. */
export const observation = { observedAt: timestamp.nullable(), intervalMs: z.number() };

/** A watched server: one Redis or Postgres, with the figures of its last sample. */
export const sourceView = z.object({
  id: z.string(),
  name: z.string(),
  kind: z.enum(["redis", "postgres"]),
  state: healthState,
  /** When the state began. */
  since: timestamp,
  ...observation,
  /** Why it is not ok, in words; null when ok. */
  cause: z.string().nullable(),
  roundTripMs: z.number().nullable(),
  redis: z
    .object({
      version: z.string(),
      usedMemoryBytes: z.number(),
      maxMemoryBytes: z.number(),
      evictionPolicy: z.string(),
      connectedClients: z.number(),
      /** From deltas between two samples; null until there are two. */
      opsPerSecond: z.number().nullable(),
      evictedPerSecond: z.number().nullable(),
      persistenceOk: z.boolean(),
      uptimeSeconds: z.number(),
    })
    .nullable(),
  postgres: z
    .object({
      version: z.string(),
      poolSize: z.number(),
      poolIdle: z.number(),
      poolWaiting: z.number(),
      connections: z.number(),
      maxConnections: z.number(),
      databaseSizeBytes: z.number(),
      /** Longest open transaction, null when none is open. */
      longestTransactionMs: z.number().nullable(),
    })
    .nullable(),
});
export type SourceView = z.infer<typeof sourceView>;

/** One thing that is wrong now. Lists are sorted worst first. */
export const problem = z.object({
  id: z.string(),
  state: z.enum(["down", "degraded", "unknown", "stale"]),
  /** Word of the badge: `Down`, `Degraded`, `No worker` … */
  label: z.string(),
  subject: z.string(),
  /** `subject: title` is the headline. */
  title: z.string(),
  cause: z.string(),
  affects: z.string(),
  since: timestamp,
  area: z.enum(["health", "breakers", "queues", "webhooks"]),
  /** Path below `/o/:org/` with the evidence. */
  path: z.string(),
  /** The newest recorded change before it began; null when none is known within 30 min. */
  changedBefore: z.object({ text: z.string(), at: timestamp, by: z.string() }).nullable(),
});
export type Problem = z.infer<typeof problem>;

/** Series of one figure: `intervalMs` between values, the last one at `observedAt`; null where nothing was heard. */
export const series = z.object({ intervalMs: z.number(), values: z.array(z.number().nullable()) });

const figure = z.object({ value: z.number().nullable(), trend: series });

export const overview = z.object({
  ...observation,
  checks: z.object({
    total: z.number(),
    ok: z.number(),
    degraded: z.number(),
    down: z.number(),
    unknown: z.number(),
    stale: z.number(),
  }),
  problems: z.array(problem),
  /** Rate, errors, duration of webhook delivery over the last minute; trend over the last 10 min. */
  red: z.object({
    ratePerSecond: figure,
    /** 0–1. */
    errorRatio: figure,
    durationMsP95: figure,
  }),
  /** Null is not known now; a zero was counted. */
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
      /** Worst failure ratio (0–1) of the last minute with its name. */
      worst: z.array(z.object({ name: z.string(), failureRatio: z.number() })),
    }),
    redis: z.object({
      servers: z.number(),
      usedMemoryBytes: figure,
      opsPerSecond: z.number().nullable(),
      evictionPolicy: z.string().nullable(),
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
  /** Newest first, at most 20. */
  recentChanges: z.array(
    z.object({
      at: timestamp,
      text: z.string(),
      by: z.string(),
      kind: z.enum(["audit", "breaker", "queue", "health"]),
      state: z.enum(["down", "degraded"]).nullable(),
    }),
  ),
  sources: z.array(sourceView),
});
export type Overview = z.infer<typeof overview>;

export const readOverview = defineEndpoint({
  method: "GET",
  path: "/overview",
  summary: "Verdict, problems worst first, key figures and recent changes, from the collector's snapshot",
  access: "overview:read",
  response: overview,
});

export const readHealth = defineEndpoint({
  method: "GET",
  path: "/health",
  summary: "Watched servers with state and figures, from the collector's snapshot",
  access: "health:read",
  response: z.object({ ...observation, items: z.array(sourceView), nextCursor: z.null() }),
});
