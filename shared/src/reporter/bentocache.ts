import { tracingChannel } from "node:diagnostics_channel";
import type { CacheSource } from "./attached.ts";
import { type CacheCounters, createCacheCounters } from "./cache-counters.ts";
import { globExpression, globMatch } from "./glob.ts";

type Entry = { key: string; store: string };
type Hit = Entry & { layer: "l1" | "l2" };

/** The used part of a `BentoCache` of bentocache 1. */
export type Bentocache = {
  on(event: "cache:hit", listener: (hit: Hit) => void): unknown;
  on(event: "cache:miss" | "cache:written", listener: (entry: Entry) => void): unknown;
  off(event: "cache:hit", listener: (hit: Hit) => void): unknown;
  off(event: "cache:miss" | "cache:written", listener: (entry: Entry) => void): unknown;
  use(store: string): {
    has(of: { key: string }): Promise<boolean>;
    deleteMany(of: { keys: string[] }): Promise<boolean>;
    deleteByTag(of: { tags: string[] }): Promise<boolean>;
  };
};

/** The used part of the `LRUCache` passed to bentocache's memory driver as `cacheInstance`. */
type Memory = {
  readonly size: number;
  readonly calculatedSize: number;
  entries(): Iterable<[string, unknown]>;
};
/** The used part of the Redis client behind the second level. */
type Connection = {
  readonly status: string;
  scan(
    cursor: string,
    match: "MATCH",
    pattern: string,
    count: "COUNT",
    keys: number,
  ): Promise<[string, string[]]>;
};

export type BentocacheOptions = {
  /** Name of the store; also of the cache, unless `name` is given. */
  store: string;
  /** The store's prefix, as passed to bentocache. */
  prefix: string;
  /** Hit ratio (0–1) below which it counts as degraded. */
  threshold?: number;
  /** Enables reporting entries and their size, and counting tags. */
  memory?: Memory;
  /** Enables reporting an outage, and removing entries by pattern. */
  redis?: Connection;
  /** For evictions, which bentocache does not report: count them in the `dispose` of the `LRUCache`. */
  counters?: CacheCounters;
  /** Tags in use, for display: bentocache keeps no list of them. */
  tags?(): Iterable<string>;
  /** Why it does not work properly, where more is known than the connection's state. */
  problem?(): string | null;
  now?(): number;
};

const tagKeys = "___bc:t:";
const channelName = "bentocache.cache.operation";
const levels = { l1: "memory", l2: "redis" } as const;
const scanCount = 200;
const scannedMax = 20_000;
const awayText = "Redis is not responding: serving from memory alone";

/** An operation as published by bentocache; later versions only, and subject to change. */
type Operation = { operation: string; key?: string; store: string; hit?: boolean; error?: unknown };

/**
 * Reports a bentocache store: hits by level, misses and writes from its events, whose values are never read;
 * loads and coalesced calls from its diagnostics channel, where its version has one. The channel is shared by
 * the process, so two stores with the same name and prefix are counted as one. bentocache's `get` reports
 * every hit as a memory hit; `getOrSet` reports the level.
 */
export function attachBentocache(bento: Bentocache, options: BentocacheOptions): CacheSource {
  const { store, prefix, threshold = null, memory, redis, now = Date.now } = options;
  const counters = options.counters ?? createCacheCounters({ now });
  const cache = bento.use(store);
  const beginning = `${prefix.replace(/:+$/, "")}:`;
  const isOwn = (entry: Entry) => entry.store === store && !entry.key.startsWith(tagKeys);

  const onHit = (hit: Hit) => {
    if (isOwn(hit)) counters.hit(levels[hit.layer], hit.key);
  };
  const onMiss = (entry: Entry) => {
    if (isOwn(entry)) counters.miss(entry.key);
  };
  const onWritten = (entry: Entry) => {
    if (isOwn(entry)) counters.set();
  };
  bento.on("cache:hit", onHit);
  bento.on("cache:miss", onMiss);
  bento.on("cache:written", onWritten);
  const loads = followLoads({ store, beginning, counters });

  /** Keys in memory, without the prefix, and their tags. */
  const inMemory = () =>
    [...(memory?.entries() ?? [])].flatMap(([fullKey, value]) => {
      const key = fullKey.startsWith(beginning) ? fullKey.slice(beginning.length) : null;
      return key === null || key.startsWith(tagKeys) ? [] : [{ key, tags: tagsOf(value) }];
    });
  const inRedis = async (pattern: string) => {
    const found: string[] = [];
    let cursor = "0";
    let scanned = 0;
    do {
      const answer = await redis?.scan(cursor, "MATCH", globMatch(beginning, pattern), "COUNT", scanCount);
      cursor = answer?.[0] ?? "0";
      scanned += scanCount;
      found.push(...(answer?.[1] ?? []).map((key) => key.slice(beginning.length)));
    } while (cursor !== "0" && scanned < scannedMax);
    return found.filter((key) => !key.startsWith(tagKeys));
  };
  const meantBy = {
    key: async (key: string) => ((await cache.has({ key })) ? [key] : []),
    pattern: async (pattern: string) => {
      const expression = globExpression(pattern);
      const near = inMemory().filter(({ key }) => expression.test(key));
      const far = redis?.status === "ready" ? await inRedis(pattern) : [];
      return [...new Set([...near.map(({ key }) => key), ...far])];
    },
    tag: async (tag: string) => inMemory().flatMap(({ key, tags }) => (tags.includes(tag) ? [key] : [])),
  };

  return {
    read() {
      const { hitsAt, ...counted } = counters.read();
      const away = redis !== undefined && redis.status !== "ready" ? awayText : null;
      return {
        ...counted,
        problem: options.problem?.() ?? away,
        threshold,
        evictions: options.counters === undefined ? null : counted.evictions,
        coalesced: loads.isTold() ? counted.coalesced : null,
        levels: [
          {
            level: "memory",
            hits: hitsAt("memory"),
            entries: memory?.size ?? null,
            sizeBytes: memory?.calculatedSize || null,
          },
          { level: "redis", hits: hitsAt("redis"), entries: null, sizeBytes: null },
        ],
        tags: [...(options.tags?.() ?? [])].sort().slice(0, 50),
        invalidateBy: [
          "key",
          ...(redis ? (["pattern"] as const) : []),
          ...(memory ? (["tag"] as const) : []),
        ],
      };
    },
    async invalidate({ by, value, preview }) {
      const keys = await meantBy[by](value);
      if (preview) return keys.length;
      // A tag only stores the time before which entries are invalid, so this process' own entries are removed
      // as well.
      if (by === "tag") await cache.deleteByTag({ tags: [value] });
      if (keys.length > 0) await cache.deleteMany({ keys });
      return keys.length;
    },
    detach() {
      bento.off("cache:hit", onHit);
      bento.off("cache:miss", onMiss);
      bento.off("cache:written", onWritten);
      loads.end();
    },
  };
}

/** Measures loads, and counts the calls that were served by another call's load. */
function followLoads(deps: { store: string; beginning: string; counters: CacheCounters }) {
  const { store, beginning, counters } = deps;
  /** By key while there are pending calls: their number, and the number of finished loads. */
  const asked = new Map<string, { calls: number; loads: number }>();
  const begun = new WeakMap<object, { atMs: number; loads: number }>();
  let told = false;

  const keyOf = ({ key, store: of }: Operation) =>
    of === store && key?.startsWith(beginning) && !key.slice(beginning.length).startsWith(tagKeys)
      ? key
      : null;
  const start = (message: Operation) => {
    const key = keyOf(message);
    if (key === null || (message.operation !== "getOrSet" && message.operation !== "factory")) return;
    told = true;
    const known = asked.get(key) ?? { calls: 0, loads: 0 };
    begun.set(message, { atMs: performance.now(), loads: known.loads });
    if (message.operation === "factory") return;
    known.calls += 1;
    asked.set(key, known);
  };
  const asyncEnd = (message: Operation) => {
    const key = keyOf(message);
    const from = begun.get(message);
    if (key === null || !from) return;
    const known = asked.get(key);
    if (message.operation === "factory") {
      if (message.error !== undefined) return;
      counters.loaded(performance.now() - from.atMs);
      if (known) known.loads += 1;
      return;
    }
    if (!known) return;
    if (message.hit === true && known.loads > from.loads) counters.coalesced();
    known.calls -= 1;
    if (known.calls === 0) asked.delete(key);
  };
  const channel = tracingChannel<Operation, Operation>(channelName);
  const subscribers = { start, end: noOp, asyncStart: noOp, asyncEnd, error: noOp };
  channel.subscribe(subscribers);
  return {
    /** Whether the library publishes its operations at all. */
    isTold: () => told,
    end: () => channel.unsubscribe(subscribers),
  };
}

const noOp = () => {};

/** bentocache keeps an entry as JSON, or as an object when its memory driver does not serialize. */
function tagsOf(value: unknown): string[] {
  try {
    const entry: unknown = typeof value === "string" ? JSON.parse(value) : value;
    const tags = typeof entry === "object" && entry !== null && "tags" in entry ? entry.tags : [];
    return Array.isArray(tags) ? tags.filter((tag) => typeof tag === "string") : [];
  } catch {
    return [];
  }
}
