import { z } from "zod";
import { defineEndpoint, pastMoment, timestamp } from "../endpoint.ts";
import { healthState, observation, series, sourceView } from "../health/health.ts";
import { defineTopic } from "../live/topic.ts";
import { operation } from "../operations.ts";
import { byName } from "../order.ts";
import { reasonText } from "../reason.ts";

const perMinute = z.number().nullable();

/** One level of a cache: in-process `memory`, or `redis`. Counted by the application. */
const cacheLevel = z.object({
  level: z.enum(["memory", "redis"]),
  hitsPerMinute: perMinute,
  sizeBytes: z.number().nullable(),
  entries: z.number().nullable(),
});

/** A named cache over all instances of its service, as counted by the application itself. */
export const cacheRow = z.object({
  /** `<service>~<name>`, each part percent-encoded. */
  id: z.string(),
  name: z.string(),
  service: z.string(),
  state: healthState,
  label: z.string(),
  cause: z.string().nullable(),
  since: timestamp.nullable(),
  /** Hits of all levels over hits and misses of the last minute, 0–1; null without calls. */
  hitRatio: z.number().nullable(),
  threshold: z.number().nullable(),
  levels: z.array(cacheLevel),
  hitsPerMinute: perMinute,
  missesPerMinute: perMinute,
  setsPerMinute: perMinute,
  evictedPerMinute: perMinute,
  /** Mean duration of a load (a filled miss). */
  loadMsMean: z.number().nullable(),
  /** Hits times mean load time: the load time saved by the cache. */
  savedMsPerMinute: perMinute,
  /**
   * Calls that waited for another call's load instead of loading as well; null where the library does not
   * report it.
   */
  coalescedPerMinute: perMinute,
  sizeBytes: z.number().nullable(),
  tags: z.array(z.string()),
  /** Key groups with the most calls. */
  groups: z.array(z.object({ group: z.string(), hitsPerMinute: perMinute, missesPerMinute: perMinute })),
  /** How it can be invalidated; empty for a read-only cache. */
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

/** Lowest hit ratio first; caches without calls come last. */
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

/**
 * Percentiles over the calls of the last `windowMs`, from the server's own histograms; null without calls.
 */
const callLatency = z.object({
  calls: z.number(),
  p50Ms: z.number().nullable(),
  p99Ms: z.number().nullable(),
  p999Ms: z.number().nullable(),
});

/**
 * Details of a Redis server that are read less often than every tick. A part is null before its first read,
 * or where the server does not allow reading it (see `notice`).
 */
const redisDetail = z.object({
  /** Id of the watched server. */
  id: z.string(),
  keyspace: z
    .object({
      observedAt: timestamp,
      /** Logical database that was sampled. */
      database: z.number(),
      /** Number of keys sampled, out of all keys: everything below is an estimate from these. */
      sampledKeys: z.number(),
      totalKeys: z.number(),
      /** Most memory first. */
      prefixes: z.array(
        z.object({ prefix: z.string(), keys: z.number(), meanBytes: z.number(), bytes: z.number() }),
      ),
      /** All others combined. */
      others: z
        .object({ prefixes: z.number(), keys: z.number(), meanBytes: z.number(), bytes: z.number() })
        .nullable(),
      /**
       * Share (0–1) of keys by time to live: without expiry, under 1 m, 10 m, 1 h, 6 h, 24 h, 7 d, and
       * longer.
       */
      timeToLive: z.object({ sampledKeys: z.number(), shares: z.array(z.number()) }),
      /**
       * The same for each cache declared in this server, by its id: of `sampledKeys` of its about `keys` keys, at most
       * 200. Absent in frames of earlier versions.
       */
      caches: z
        .array(
          z.object({
            id: z.string(),
            sampledKeys: z.number(),
            keys: z.number(),
            shares: z.array(z.number()),
          }),
        )
        .optional(),
    })
    .nullable(),
  slowLog: z
    .object({
      observedAt: timestamp,
      /** Commands slower than this are logged; null when unknown. */
      thresholdMs: z.number().nullable(),
      /** Newest first. */
      entries: z.array(
        z.object({
          id: z.number(),
          at: timestamp,
          tookMs: z.number(),
          /** Name and keys; other arguments are cut. */
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
      /** Most total time first. */
      commands: z.array(z.object({ command: z.string(), ...callLatency.shape })),
    })
    .nullable(),
  notice: z.string().nullable(),
});
export type RedisDetail = z.infer<typeof redisDetail>;

const redisServer = z.object({
  server: sourceView,
  detail: redisDetail.nullable(),
  /** Over the last 10 minutes. */
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
/** What to invalidate. In a pattern `*` matches any text and `?` one character. */
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
    /** Maximum of the instances' counts, because each of them counts what is in Redis. */
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
    /** Count from the preview; the request is rejected when there are now far more. */
    count: z.number().int().min(0),
    reason: reasonText,
  }),
  response: operation,
  late: true,
});

export const readCacheOperation = defineEndpoint({
  method: "GET",
  path: "/caches/operations/:id",
  summary: "Outcome of an invalidation, by instance",
  access: "cache:read",
  params: z.strictObject({ id: z.uuid() }),
  response: operation,
});
