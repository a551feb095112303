import { z } from "zod";
import { defineEndpoint, timestamp } from "../endpoint.ts";
import { reasonText } from "../reason.ts";

/**
 * Selects entries of a cache in Redis, always below its prefix: one key, a pattern (`*` any text, `?` one
 * character), a key prefix, or, for a declared bentocache store, a tag.
 */
export const removalBy = z.enum(["key", "pattern", "prefix", "tag"]);
export type RemovalBy = z.infer<typeof removalBy>;
const what = { by: removalBy, value: z.string().trim().min(1).max(500) };

/**
 * One run over the keys of a Redis server. It runs in the background and continues in another process when
 * its process dies.
 */
export const cacheRemoval = z.object({
  id: z.uuid(),
  /** Id of the declared cache. */
  cacheId: z.string(),
  name: z.string(),
  ...what,
  by: removalBy,
  reason: z.string(),
  requestedBy: z.string(),
  requestedAt: timestamp,
  state: z.enum(["running", "done", "cancelled", "failed"]),
  /** Keys of the whole database scanned so far, of about this many; null by key and by tag. */
  looked: z.number().nullable(),
  totalKeys: z.number().nullable(),
  /** Null by tag: bentocache then treats its entries as invalid, and keeps no list of them. */
  removed: z.number().nullable(),
  /** Why it failed. */
  cause: z.string().nullable(),
  endedAt: timestamp.nullable(),
});
export type CacheRemoval = z.infer<typeof cacheRemoval>;

/** A cache declared in `wheelhouse.yaml` under its Redis server. */
const declaredCache = z.object({
  /** `<service>~<name>`, as in the list of reported caches. */
  id: z.string(),
  name: z.string(),
  service: z.string(),
  server: z.object({ id: z.string(), name: z.string() }),
  prefix: z.string(),
  removeBy: z.array(removalBy),
  /** Its service reports it now: invalidation reaches every instance, including in-process memory. */
  isReported: z.boolean(),
  /** The latest removal. */
  lastRemoval: cacheRemoval.nullable(),
});
export type DeclaredCache = z.infer<typeof declaredCache>;

export const listDeclaredCaches = defineEndpoint({
  method: "GET",
  path: "/caches/declared",
  summary: "Caches declared in wheelhouse.yaml by Redis server and prefix, each with its latest removal",
  access: "cache:read",
  response: z.object({ items: z.array(declaredCache), nextCursor: z.null() }),
});

const cacheParams = z.strictObject({ id: z.string().min(1).max(1000) });

export const previewRemoval = defineEndpoint({
  method: "GET",
  path: "/caches/declared/:id/removal",
  summary: "Counts the keys that a removal would remove, for one second at most, without removing any",
  access: "cache:act",
  params: cacheParams,
  query: z.strictObject(what),
  response: z.object({
    /** Null by tag, which cannot be counted. */
    count: z.number().nullable(),
    /** Extrapolated from a part of the keys. */
    isEstimate: z.boolean(),
    looked: z.number(),
    totalKeys: z.number(),
    /** Some of the keys, by their name in Redis. */
    examples: z.array(z.string()),
  }),
});

export const startRemoval = defineEndpoint({
  method: "POST",
  path: "/caches/declared/:id/removal",
  summary: "Removes keys of a declared cache from its Redis server, in small steps",
  access: "cache:act",
  action: "cache.keys.remove",
  keeps: ["operation", "effect", "source", "prefix", "by", "value", "count"],
  params: cacheParams,
  body: z.strictObject({
    ...what,
    /** Count from the preview; the request is rejected when there are now far more. */
    count: z.number().int().min(0).nullable(),
    reason: reasonText,
  }),
  response: cacheRemoval,
  late: true,
});

const removalParams = z.strictObject({ id: z.uuid() });

export const readRemoval = defineEndpoint({
  method: "GET",
  path: "/caches/removals/:id",
  summary: "Progress of a removal",
  access: "cache:read",
  params: removalParams,
  response: cacheRemoval,
});

export const cancelRemoval = defineEndpoint({
  method: "POST",
  path: "/caches/removals/:id/cancel",
  summary: "Cancels a removal; keys already removed stay removed",
  access: "cache:act",
  action: "cache.removal.cancel",
  keeps: ["operation", "effect"],
  params: removalParams,
  response: cacheRemoval,
});
