import { z } from "zod";
import { defineEndpoint, pastMoment, timestamp } from "../endpoint.ts";
import { healthState, observation, series, sourceView } from "../health/health.ts";
import { defineTopic } from "../live/topic.ts";
import { operation } from "../operations.ts";
import { byName } from "../order.ts";
import { reasonText } from "../reason.ts";

const perMinute = z.number().nullable();

/** One level of a cache: `memory` of the process, or `redis`. Counted by the application. */
const cacheLevel = z.object({
  level: z.enum(["memory", "redis"]),
  hitsPerMinute: perMinute,
  sizeBytes: z.number().nullable(),
  entries: z.number().nullable(),
});

/** A named cache over all instances of its service, counted by the application itself. */
export const cacheRow = z.object({
  /** `<service>~<name>`, each part percent-encoded: see SETTLED 25. */
  id: z.string(),
  name: z.string(),
  service: z.string(),
  state: healthState,
  label: z.string(),
  cause: z.string().nullable(),
  since: timestamp.nullable(),
  /** Hits of all levels over hits and misses of the last minute, 0–1; null without a call. */
  hitRatio: z.number().nullable(),
  threshold: z.number().nullable(),
  levels: z.array(cacheLevel),
  hitsPerMinute: perMinute,
  missesPerMinute: perMinute,
  setsPerMinute: perMinute,
  evictedPerMinute: perMinute,
  /** Mean time of a load (a miss that was filled). */
  loadMsMean: z.number().nullable(),
  /** Hits times mean load time: what the cache saved. */
  savedMsPerMinute: perMinute,
  /** Calls that waited for the load of another instead of loading, too; null where the library does not tell. */
  coalescedPerMinute: perMinute,
  sizeBytes: z.number().nullable(),
  tags: z.array(z.string()),
  /** Key groups with most calls. */
  groups: z.array(z.object({ group: z.string(), hitsPerMinute: perMinute, missesPerMinute: perMinute })),
  /** How it can be invalidated; empty: watch only. */
  invalidateBy: z.array(z.enum(["key", "pattern", "tag"])),
  instances: z.array(z.object({ instance: z.string(), observedAt: timestamp.nullable() })),
  ...observation,
});
export type CacheRow = z.infer<typeof cacheRow>;

export const cacheList = z.object({
  ...observation,
  /** In the order of `cacheTopic`. */
  items: z.array(cacheRow),
  nextCursor: z.null(),
  /** Hit ratio (0–1) of the last 10 minutes, by id. */
  trends: z.record(z.string(), series),
});
export type CacheList = z.infer<typeof cacheList>;

/** Lowest hit ratio first; what nobody calls comes last. */
export const cacheTopic = defineTopic({
  name: "caches",
  kind: "rows",
  capability: "cache:read",
  history: ["cache"],
  journal: "cache",
  row: cacheRow,
  list: cacheList,
  order: (a, b) => (a.hitRatio ?? 2) - (b.hitRatio ?? 2) || byName(a, b),
});

export const listCaches = defineEndpoint({
  method: "GET",
  path: "/caches",
  summary:
    "Named caches with hits and misses by level, lowest hit ratio first, from the collector's snapshot",
  access: "cache:read",
  snapshot: true,
  query: pastMoment,
  response: cacheList,
});

/** Percentiles over the calls of the last `windowMs`, from the server's own histograms; null when there was no call. */
const callLatency = z.object({
  calls: z.number(),
  p50Ms: z.number().nullable(),
  p99Ms: z.number().nullable(),
  p999Ms: z.number().nullable(),
});

/**
 * What is asked of a Redis server less often than every tick. A part is null while it was not asked yet, or where the
 * server does not let it be asked (`notice` then says why).
 */
const redisDetail = z.object({
  /** Id of the watched server. */
  id: z.string(),
  keyspace: z
    .object({
      observedAt: timestamp,
      /** Logical database that was walked. */
      database: z.number(),
      /** Keys that were looked at, of those there are: everything below is an estimate from the first. */
      sampledKeys: z.number(),
      totalKeys: z.number(),
      /** Most memory first. */
      prefixes: z.array(
        z.object({ prefix: z.string(), keys: z.number(), meanBytes: z.number(), bytes: z.number() }),
      ),
      /** All the rest, in one. */
      others: z
        .object({ prefixes: z.number(), keys: z.number(), meanBytes: z.number(), bytes: z.number() })
        .nullable(),
      /** Share (0–1) of keys by time to live: without one, under 1 m, 10 m, 1 h, 6 h, 24 h, 7 d, and longer. */
      timeToLive: z.object({ sampledKeys: z.number(), shares: z.array(z.number()) }),
    })
    .nullable(),
  slowLog: z
    .object({
      observedAt: timestamp,
      /** Commands that took longer are in it; null when that is not told. */
      thresholdMs: z.number().nullable(),
      /** Newest first. */
      entries: z.array(
        z.object({
          id: z.number(),
          at: timestamp,
          tookMs: z.number(),
          /** Name and keys; what else was given is cut. */
          command: z.string(),
        }),
      ),
    })
    .nullable(),
  latency: z
    .object({
      observedAt: timestamp,
      windowMs: z.number(),
      all: callLatency,
      /** Most time first. */
      commands: z.array(z.object({ command: z.string(), ...callLatency.shape })),
    })
    .nullable(),
  notice: z.string().nullable(),
});
export type RedisDetail = z.infer<typeof redisDetail>;

const redisServer = z.object({
  server: sourceView,
  detail: redisDetail.nullable(),
  /** Of the last 10 minutes. */
  trends: z.object({
    memory: series,
    commands: series,
    latency: series,
    fragmentation: series,
    evicted: series,
    clients: series,
  }),
});

export const redisServerList = z.object({
  ...observation,
  items: z.array(redisServer),
  nextCursor: z.null(),
});
export type RedisServerList = z.infer<typeof redisServerList>;

export const listRedisServers = defineEndpoint({
  method: "GET",
  path: "/caches/servers",
  summary:
    "Redis servers with memory, traffic, latency, slow log and a sample of the keyspace, from the collector's snapshot",
  access: "cache:read",
  snapshot: true,
  query: pastMoment,
  response: redisServerList,
});

const cacheParams = z.strictObject({ id: z.string().min(1).max(1000) });
/** What an invalidation is of. In a pattern `*` stands for any text and `?` for one character. */
const what = {
  by: z.enum(["key", "pattern", "tag"]),
  value: z.string().trim().min(1).max(500),
};

export const previewInvalidation = defineEndpoint({
  method: "GET",
  path: "/caches/:id/invalidation",
  summary: "Asks every instance how many entries an invalidation would remove, and removes nothing",
  access: "cache:act",
  params: cacheParams,
  query: z.strictObject(what),
  response: z.object({
    /** Largest of the instances' counts: what lies in Redis is counted by each of them. */
    count: z.number(),
    instances: operation.shape.outcomes,
  }),
});

export const invalidateCache = defineEndpoint({
  method: "POST",
  path: "/caches/:id/invalidate",
  summary: "Removes entries of a cache by key, pattern or tag, on every instance",
  access: "cache:act",
  action: "cache.entries.invalidate",
  keeps: ["operation", "effect", "instances", "by", "value", "count"],
  params: cacheParams,
  body: z.strictObject({
    ...what,
    /** As the preview told it; refused when there are now far more. */
    count: z.number().int().min(0),
    reason: reasonText,
  }),
  response: operation,
  late: true,
});

export const readCacheOperation = defineEndpoint({
  method: "GET",
  path: "/caches/operations/:id",
  summary: "What became of an invalidation, by instance",
  access: "cache:read",
  params: z.strictObject({ id: z.uuid() }),
  response: operation,
});
