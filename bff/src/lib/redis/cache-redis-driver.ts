import type { L2CacheDriver } from "bentocache/types";
import type { Redis } from "ioredis";
import type { Clock } from "#lib/time/clock.ts";
import { within } from "#lib/time/deadline.ts";

/** A later answer is useless: loading the cached values is faster. */
const answerWithinMs = 250;
/** How long a failure is reported after the last call. */
const failureToldMs = 10_000;
const scanCount = 200;

/**
 * bentocache's second level over a connection of ours, which fails at once where bentocache's own driver would wait.
 * Closing it leaves the connection open.
 */
export function createCacheRedisDriver({
  redis,
  prefix,
  clock,
}: {
  redis: Redis;
  prefix: string;
  clock: Clock;
}) {
  let failedAtMs = Number.NEGATIVE_INFINITY;

  const ask = async <T>(command: () => Promise<T>): Promise<T> => {
    try {
      const answer = await within(answerWithinMs, command());
      failedAtMs = Number.NEGATIVE_INFINITY;
      return answer;
    } catch (error) {
      failedAtMs = clock.now();
      throw error;
    }
  };

  const driverAt = (beginning: string): L2CacheDriver => {
    const keyOf = (key: string) => `${beginning}:${key}`;
    return {
      type: "l2",
      namespace: (namespace) => driverAt(keyOf(namespace)),
      get: async (key) => (await ask(() => redis.get(keyOf(key)))) ?? undefined,
      pull: async (key) => (await ask(() => redis.getdel(keyOf(key)))) ?? undefined,
      async set(key, value, ttlMs) {
        await ask(() => (ttlMs ? redis.set(keyOf(key), value, "PX", ttlMs) : redis.set(keyOf(key), value)));
        return true;
      },
      delete: async (key) => (await ask(() => redis.unlink(keyOf(key)))) > 0,
      async deleteMany(keys) {
        if (keys.length > 0) await ask(() => redis.unlink(keys.map(keyOf)));
        return true;
      },
      async clear() {
        let cursor = "0";
        do {
          const [next, keys] = await ask(() => redis.scan(cursor, "MATCH", keyOf("*"), "COUNT", scanCount));
          cursor = next;
          if (keys.length > 0) await ask(() => redis.unlink(keys));
        } while (cursor !== "0");
      },
      disconnect: async () => {},
    };
  };

  return {
    driver: driverAt(prefix),
    /** Whether Redis did not answer the last call. */
    isFailing: () => redis.status !== "ready" || clock.now() - failedAtMs < failureToldMs,
  };
}
