import { z } from "zod";
import { defineEndpoint, pastMoment, timestamp } from "../endpoint.ts";
import { isStale } from "../freshness.ts";
import { defineTopic } from "../live/topic.ts";
import { byName } from "../order.ts";
import { maintenanceWindow } from "./maintenance.ts";

/** `unknown`: not checkable. `stale` is orthogonal and derived from `observedAt` and `intervalMs`. */
export const healthState = z.enum(["ok", "degraded", "down", "unknown"]);
export type HealthState = z.infer<typeof healthState>;

/** Age and interval of every observation. */
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
  /** What is worth knowing beside the state, such as what cannot be read; absent in frames of earlier versions. */
  notice: z.string().nullable().optional(),
  roundTripMs: z.number().nullable(),
  redis: z
    .object({
      /** Here and below: null when the server does not report it. */
      version: z.string().nullable(),
      role: z.enum(["primary", "replica"]).nullable(),
      usedMemoryBytes: z.number().nullable(),
      maxMemoryBytes: z.number().nullable(),
      evictionPolicy: z.string().nullable(),
      /** The ratio alone is misleading on a small server, so the bytes are shown as well. */
      fragmentationRatio: z.number().nullable(),
      fragmentationBytes: z.number().nullable(),
      connectedClients: z.number().nullable(),
      maxClients: z.number().nullable(),
      /** Clients waiting in a blocking read, as workers do for jobs. */
      blockedClients: z.number().nullable(),
      /** From the difference of two samples, like all `PerSecond` fields below; null until there are two. */
      opsPerSecond: z.number().nullable(),
      evictedPerSecond: z.number().nullable(),
      expiredPerSecond: z.number().nullable(),
      rejectedPerSecond: z.number().nullable(),
      inputBytesPerSecond: z.number().nullable(),
      outputBytesPerSecond: z.number().nullable(),
      /**
       * Of the whole server: every request for a missing key counts as a miss, including the polling of empty
       * queues.
       */
      hitsPerSecond: z.number().nullable(),
      missesPerSecond: z.number().nullable(),
      /** 0–1 since the server started. */
      lifetimeHitRatio: z.number().nullable(),
      /** Null when the server reports no writes to disk. */
      persistenceOk: z.boolean().nullable(),
      /** Connected replicas of a primary. */
      replicas: z.number().nullable(),
      /** Of the slowest replica, or of this one; null without replication. */
      replicationLagSeconds: z.number().nullable(),
      uptimeSeconds: z.number().nullable(),
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
      /**
       * The largest tables of this database, with TOAST, and its indexes; largest first, at most 5 of each.
       */
      largestTables: z.array(z.object({ name: z.string(), sizeBytes: z.number() })),
      largestIndexes: z.array(z.object({ name: z.string(), sizeBytes: z.number() })),
      role: z.enum(["primary", "replica"]),
      /** Connected replicas of a primary. */
      replicas: z.number(),
      /** Of the slowest replica, or of this one; null without replication. */
      replicationLagMs: z.number().nullable(),
      /** Queries waiting for a lock for more than 10 s. */
      blockedQueries: z.number(),
      /** Longest open transaction, null when none is open. */
      longestTransactionMs: z.number().nullable(),
    })
    .nullable(),
});
export type SourceView = z.infer<typeof sourceView>;

/**
 * Series of one figure: `intervalMs` between values, the last one at `observedAt`; null where there was no
 * data.
 */
export const series = z.object({ intervalMs: z.number(), values: z.array(z.number().nullable()) });

/** One instance, component or condition of a service. `cause`: why it is not ok, in words. */
const part = z.object({
  id: z.string(),
  state: healthState,
  cause: z.string().nullable(),
  latencyMs: z.number().nullable(),
  observedAt: timestamp.nullable(),
});

/**
 * One watched thing of the tree: a service, or a server that services depend on. Its state is rolled up from
 * its instances after hysteresis; `unknown` is never ok, and the age is in `observedAt` alone.
 */
export const serviceRow = z.object({
  id: z.string(),
  name: z.string(),
  kind: z.enum(["service", "redis", "postgres", "external"]),
  /** Folder in the tree, null at its root. */
  group: z.string().nullable(),
  owner: z.string().nullable(),
  runbookUrl: z.string().nullable(),
  /** Host and port that are checked, without credentials; null when it reports by itself. */
  target: z.string().nullable(),
  /** Ids of its dependencies. */
  dependsOn: z.array(z.string()),
  /** Ids of the queues on which it works; absent in older frames. */
  consumes: z.array(z.string()).optional(),
  state: healthState,
  /** Label of the badge. */
  label: z.string(),
  cause: z.string().nullable(),
  /** When the state began. */
  since: timestamp,
  ...observation,
  /** Id of the root cause that explains this failure; null when there is none. */
  explainedBy: z.string().nullable(),
  /** Number of other failures that this one explains. */
  affects: z.number(),
  /** Set during maintenance, when it does not count as a problem. */
  maintenance: z.object({ until: timestamp, reason: z.string() }).nullable(),
  instances: z.array(part),
  version: z.string().nullable(),
  latencyMs: z.number().nullable(),
  /** Over the last hour. */
  latencyMsP95: z.number().nullable(),
  certificateExpiresAt: timestamp.nullable(),
  /**
   * The last 60 checks, oldest first, one letter each: `o` ok, `d` degraded or slow, `x` down, `u` not
   * checkable, `m` maintenance, `-` no data. Shorter with fewer checks.
   */
  beats: z.string().max(60),
  /**
   * Share (0–1) of the known time of the last 24 h, 7 d and 30 d in which it was ok or degraded; null when no
   * time is known.
   */
  uptime: z.object({
    day: z.number().nullable(),
    week: z.number().nullable(),
    month: z.number().nullable(),
  }),
  /** Share (0–1) of each of these periods that is known: with data, and not in maintenance. */
  uptimeKnown: z
    .object({ day: z.number(), week: z.number(), month: z.number() })
    // Older frames do not contain it.
    .default({ day: 0, week: 0, month: 0 }),
});
export type ServiceRow = z.infer<typeof serviceRow>;

/**
 * Sort rank, worst first: down, degraded, stale, unknown, then failures explained by a root cause, then
 * maintenance and healthy. `isLate` judges the age of the row.
 */
export function serviceUrgency(row: ServiceRow, isLate: boolean): number {
  if (row.maintenance !== null) return 6;
  if (row.state !== "ok" && row.explainedBy !== null) return 5;
  if (row.state === "down") return 0;
  if (row.state === "degraded") return 1;
  if (isLate) return 2;
  return row.state === "unknown" ? 3 : 7;
}

export const healthList = z.object({
  ...observation,
  /** In the order of `serviceTopic`. */
  items: z.array(serviceRow),
  nextCursor: z.null(),
  /** Redis and Postgres servers with the figures of their last sample; each is also in `items`. */
  servers: z.array(sourceView),
});
export type HealthList = z.infer<typeof healthList>;

const urgencyAt = (row: ServiceRow, atMs: number): number =>
  serviceUrgency(row, isStale(row.observedAt, row.intervalMs, atMs));

/** Worst first by `serviceUrgency`, then by name. */
export const serviceTopic = defineTopic({
  name: "health",
  kind: "rows",
  capability: "health:read",
  history: ["service", "server", "process"],
  journal: "health",
  row: serviceRow,
  list: healthList,
  order: (a, b, atMs) => urgencyAt(a, atMs) - urgencyAt(b, atMs) || byName(a, b),
});

export const readHealth = defineEndpoint({
  method: "GET",
  path: "/health",
  summary: "Watched services and servers with state, cause and root cause, from the collector's snapshot",
  access: "health:read",
  snapshot: true,
  query: pastMoment,
  response: healthList,
});

/** A component reported by a service, in the order of its response; `depth` is its depth in the tree. */
const component = z.object({
  /** Path of names. */
  id: z.string(),
  name: z.string(),
  depth: z.number(),
  state: healthState,
  /** Its own status: `UP`, `warn`, `CIRCUIT_OPEN`. */
  status: z.string(),
  /** Its figures and texts, abbreviated; null without any. */
  detail: z.string().nullable(),
});

/** `observed`: the compared value, null when there was none. */
const condition = z.object({ text: z.string(), observed: z.string().nullable(), passed: z.boolean() });

export const serviceDetail = z.object({
  ...observation,
  service: serviceRow,
  /** Figures of a Redis or Postgres server; null for services. */
  server: sourceView.nullable(),
  /** Ids of its callers. */
  calledBy: z.array(z.string()),
  /** For a past time without the figures of healthy parts, which are not stored. */
  instances: z.array(
    z.object({
      id: z.string(),
      /** Host and port, without credentials; null when it reports by itself. */
      target: z.string().nullable(),
      observedAt: timestamp.nullable(),
      components: z.array(component),
      conditions: z.array(condition),
    }),
  ),
  /** One value per minute over the last hour: the slowest check of that minute. */
  latencyMs: series,
  /** State changes in memory, newest first; `/history/journal` has all of them. */
  journal: z.array(z.object({ at: timestamp, state: healthState, text: z.string() })),
  /** Current and upcoming maintenance windows, earliest first. */
  maintenance: z.array(maintenanceWindow),
});
export type ServiceDetail = z.infer<typeof serviceDetail>;

const serviceId = z.strictObject({ id: z.string().min(1).max(200) });

export const readService = defineEndpoint({
  method: "GET",
  path: "/health/:id",
  summary:
    "One service or server with its instances, components, conditions, changes and latency of the last hour",
  access: "health:read",
  snapshot: true,
  params: serviceId,
  query: pastMoment,
  response: serviceDetail,
});

export const checkService = defineEndpoint({
  method: "POST",
  path: "/health/:id/check",
  summary: "Check a service now instead of at its next turn; at most once every 5 seconds",
  access: "health:act",
  action: "health.service.check",
  keeps: [],
  params: serviceId,
  response: z.object({ askedAt: timestamp }),
  status: 202,
});
