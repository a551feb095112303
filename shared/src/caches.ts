import { z } from "zod";
import { defineEndpoint, timestamp } from "./endpoint.ts";
import { healthState, observation } from "./health.ts";

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
  /** Lowest hit ratio first. */
  items: z.array(cacheRow),
  nextCursor: z.null(),
});
export type CacheList = z.infer<typeof cacheList>;

export const listCaches = defineEndpoint({
  method: "GET",
  path: "/caches",
  summary:
    "Named caches with hits and misses by level, lowest hit ratio first, from the collector's snapshot",
  access: "cache:read",
  response: cacheList,
});
