import type { CacheSource } from "@wheelhouse/shared/reporter/attached.ts";
import { createCacheCounters } from "@wheelhouse/shared/reporter/cache-counters.ts";
import { globExpression } from "@wheelhouse/shared/reporter/glob.ts";
import type { Redis } from "ioredis";

type CacheOptions = {
  name: string;
  redis: Redis;
  memoryMs: number;
  redisMs: number;
  entriesMax: number;
  threshold: number;
};
type Entry = { value: string; untilMs: number; tags: readonly string[] };
type Invalidate = NonNullable<CacheSource["invalidate"]>;

const scanCount = 200;
const scannedMax = 10_000;

/**
 * A named cache of the shop: in-process memory in front of Redis. While Redis is away it serves from memory alone and
 * reports it. Tags are sets of keys beside the values.
 */
export const createTwoLevelCache = ({
  name,
  redis,
  memoryMs,
  redisMs,
  entriesMax,
  threshold,
}: CacheOptions) => {
  const memory = new Map<string, Entry>();
  const counters = createCacheCounters();
  const keyOf = (key: string) => `shop:cache:${name}:${key}`;
  const tagKeyOf = (tag: string) => `shop:cache-tags:${name}:${tag}`;
  const tagsSeen = new Set<string>();
  let problem: string | null = null;

  const remote = async <T>(work: () => Promise<T>): Promise<T | null> => {
    try {
      const result = await work();
      problem = null;
      return result;
    } catch {
      problem = "Redis does not answer: it serves from memory alone";
      return null;
    }
  };
  const keep = (key: string, value: string, tags: readonly string[]) => {
    memory.delete(key);
    memory.set(key, { value, untilMs: Date.now() + memoryMs, tags });
    for (const oldest of memory.keys()) {
      if (memory.size <= entriesMax) break;
      memory.delete(oldest);
      counters.evicted();
    }
  };
  const store = (key: string, value: string, tags: readonly string[]) =>
    remote(async () => {
      const batch = redis.pipeline().set(keyOf(key), value, "PX", redisMs);
      for (const tag of tags) batch.sadd(tagKeyOf(tag), key).pexpire(tagKeyOf(tag), redisMs);
      await batch.exec();
    });

  const matching = async (pattern: string) => {
    const found: string[] = [];
    let cursor = "0";
    let scanned = 0;
    do {
      const [next, keys] = await redis.scan(cursor, "MATCH", keyOf(pattern), "COUNT", scanCount);
      cursor = next;
      scanned += scanCount;
      found.push(...keys.map((key) => key.slice(keyOf("").length)));
    } while (cursor !== "0" && scanned < scannedMax);
    return found;
  };
  const inRedis: Record<Parameters<Invalidate>[0]["by"], (value: string) => Promise<string[]>> = {
    key: async (value) => ((await redis.exists(keyOf(value))) === 1 ? [value] : []),
    pattern: matching,
    tag: async (value) => {
      const keys = await redis.smembers(tagKeyOf(value));
      if (keys.length === 0) return [];
      const there = await redis.mget(keys.map(keyOf));
      return keys.filter((_, at) => there[at] !== null);
    },
  };
  const inMemory = ({ by, value }: { by: string; value: string }) => {
    const glob = globExpression(value);
    return [...memory].flatMap(([key, { tags, untilMs }]) => {
      if (untilMs < Date.now()) return [];
      const meant = { key: key === value, pattern: glob.test(key), tag: tags.includes(value) }[by];
      return meant ? [key] : [];
    });
  };

  const source: CacheSource = {
    read() {
      const { hitsAt, ...counted } = counters.read();
      const bytes = [...memory].reduce((sum, [key, { value }]) => sum + 2 * (key.length + value.length), 0);
      return {
        ...counted,
        problem,
        threshold,
        tags: [...tagsSeen].sort(),
        invalidateBy: ["key", "pattern", "tag"],
        levels: [
          { level: "memory", hits: hitsAt("memory"), entries: memory.size, sizeBytes: bytes },
          { level: "redis", hits: hitsAt("redis"), entries: null, sizeBytes: null },
        ],
      };
    },
    async invalidate({ by, value, preview }) {
      const local = inMemory({ by, value });
      const meant = [...new Set([...local, ...((await remote(() => inRedis[by](value))) ?? [])])];
      if (preview || meant.length === 0) return meant.length;
      for (const key of meant) memory.delete(key);
      await remote(() => redis.unlink(meant.map(keyOf)));
      return meant.length;
    },
  };

  return {
    source,
    /** The value: from memory, from Redis, or loaded and stored in both under its tags. */
    get: async (key: string, tags: readonly string[], load: () => Promise<string>): Promise<string> => {
      for (const tag of tags) if (tagsSeen.size < 50) tagsSeen.add(tag);
      const near = memory.get(key);
      if (near && near.untilMs > Date.now()) {
        counters.hit("memory", key);
        return near.value;
      }
      const far = await remote(() => redis.get(keyOf(key)));
      if (far !== null) {
        counters.hit("redis", key);
        keep(key, far, tags);
        return far;
      }
      counters.miss(key);
      const startedMs = performance.now();
      const value = await load();
      counters.loaded(performance.now() - startedMs);
      counters.set();
      keep(key, value, tags);
      await store(key, value, tags);
      return value;
    },
  };
};
