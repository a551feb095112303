import { z } from "zod";
import { defineEndpoint, timestamp } from "../endpoint.ts";
import { reasonText } from "../reason.ts";

/**
 * How entries are named in a cache that is reached in Redis alone, always behind its prefix: one key, a pattern (`*` any
 * text, `?` one character), a beginning of keys, or, where the declaration names a store of bentocache, a tag.
 */
export const removalBy = z.enum(["key", "pattern", "prefix", "tag"]);
export type RemovalBy = z.infer<typeof removalBy>;
const what = { by: removalBy, value: z.string().trim().min(1).max(500) };

/** One run over the keys of a Redis. It goes on by itself, and in another process when the one that had it dies. */
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
  /** Keys of the whole database that were looked at so far, of about so many; null by key and by tag. */
  looked: z.number().nullable(),
  totalKeys: z.number().nullable(),
  /** Null by tag: bentocache then takes no entry under it for valid, and keeps no list of them. */
  removed: z.number().nullable(),
  /** Why it failed. */
  cause: z.string().nullable(),
  endedAt: timestamp.nullable(),
});
export type CacheRemoval = z.infer<typeof cacheRemoval>;

/** A cache that `wheelhouse.yaml` declares under its Redis. */
const declaredCache = z.object({
  /** `<service>~<name>`, as the list of reported caches has it. */
  id: z.string(),
  name: z.string(),
  service: z.string(),
  server: z.object({ id: z.string(), name: z.string() }),
  prefix: z.string(),
  removeBy: z.array(removalBy),
  /** Its service reports it now: it is invalidated on every instance, where its processes' memories are reached too. */
  isReported: z.boolean(),
  /** The newest. */
  lastRemoval: cacheRemoval.nullable(),
});
export type DeclaredCache = z.infer<typeof declaredCache>;

export const listDeclaredCaches = defineEndpoint({
  method: "GET",
  path: "/caches/declared",
  summary: "Caches that wheelhouse.yaml declares by Redis and prefix, with the newest removal of each",
  access: "cache:read",
  response: z.object({ items: z.array(declaredCache), nextCursor: z.null() }),
});

const cacheParams = z.strictObject({ id: z.string().min(1).max(1000) });

export const previewRemoval = defineEndpoint({
  method: "GET",
  path: "/caches/declared/:id/removal",
  summary: "Counts the keys that a removal would take, for a second at most, and removes nothing",
  access: "cache:act",
  params: cacheParams,
  query: z.strictObject(what),
  response: z.object({
    /** Null by tag, where there is no telling. */
    count: z.number().nullable(),
    /** Counted on a part of the keys, the rest taken to be alike. */
    isEstimate: z.boolean(),
    looked: z.number(),
    totalKeys: z.number(),
    /** Some of the keys, as they are named in Redis. */
    examples: z.array(z.string()),
  }),
});

export const startRemoval = defineEndpoint({
  method: "POST",
  path: "/caches/declared/:id/removal",
  summary: "Removes keys of a declared cache from its Redis, a little at a time",
  access: "cache:act",
  action: "cache.keys.remove",
  keeps: ["operation", "effect", "source", "prefix", "by", "value", "count"],
  params: cacheParams,
  body: z.strictObject({
    ...what,
    /** As the preview told it; refused when there are now far more. */
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
  summary: "How far a removal has come",
  access: "cache:read",
  params: removalParams,
  response: cacheRemoval,
});

export const cancelRemoval = defineEndpoint({
  method: "POST",
  path: "/caches/removals/:id/cancel",
  summary: "Ends a removal before its time; what is removed stays removed",
  access: "cache:act",
  action: "cache.removal.cancel",
  keeps: ["operation", "effect"],
  params: removalParams,
  response: cacheRemoval,
});
