import { createCacheCounters } from "@wheelhouse/shared/reporter/cache-counters.ts";
import type { Reporter } from "@wheelhouse/shared/reporter/reporter.ts";
import { BentoCache, bentostore, errors } from "bentocache";
import { MemoryDriver } from "bentocache/drivers/memory";
import type { Redis } from "ioredis";
import { LRUCache } from "lru-cache";
import type { Clock } from "#lib/time/clock.ts";
import { createCacheRedisDriver } from "./cache-redis-driver.ts";

/**
 * The value kept under `key`, loaded when there is none that is young enough; of those who ask at once one loads. What
 * lies in it may be as old as `ttlMs`, and is JSON. The key has to name the organization that may see the value.
 * @throws what `load` throws, unless an older value is there.
 */
export type NamedCache = <T>(
  of: { key: string; tags: string[]; ttlMs: number },
  load: () => Promise<T>,
) => Promise<T>;

/** A value that cannot be loaded anew is served until it is this old. */
const graceMs = 5 * 60_000;
/** Whoever has an old value waits so long for the new one. */
const patienceMs = 1_000;
/** Redis is left alone for so long after it failed. */
const breakMs = 2_000;
const entriesMax = 2_000;
const bytesMax = 16 * 1024 * 1024;
const awayText = `Redis does not answer: each process serves from its own memory, for ${graceMs / 60_000} minutes where nothing new can be loaded`;

/**
 * Wheelhouse's own caches: the memory of the process before Redis. For what many ask alike and what may be seconds old;
 * never for sessions, rights, or what names people.
 */
export function createOwnCaches({ redis, clock }: { redis: Redis; clock: Clock }) {
  const reported: ((reporter: Pick<Reporter, "bentocache">) => void)[] = [];

  return {
    named(name: string): NamedCache {
      const store = name.replaceAll(" ", "-");
      const prefix = `wheelhouse:cache:1:${store}`;
      const counters = createCacheCounters({ now: clock.now });
      const tags = new Set<string>();
      const memory = new LRUCache<string, string>({
        max: entriesMax,
        maxSize: bytesMax,
        ttlAutopurge: false,
        sizeCalculation: (value, key) => value.length + key.length + 1,
        dispose: (_value, _key, reason) => {
          if (reason === "evict") counters.evicted();
        },
      });
      const { driver, isFailing } = createCacheRedisDriver({ redis, prefix, clock });
      const layers = bentostore({ prefix })
        .useL1Layer({ options: {}, factory: () => new MemoryDriver({ prefix, cacheInstance: memory }) })
        .useL2Layer({ options: {}, factory: () => driver });
      const bento = new BentoCache({
        default: store,
        stores: { [store]: layers },
        grace: graceMs,
        timeout: patienceMs,
        l2CircuitBreakerDuration: breakMs,
      });
      reported.push((reporter) =>
        reporter.bentocache(bento, {
          name,
          store,
          prefix,
          memory,
          redis,
          counters,
          tags: () => tags,
          problem: () => (isFailing() ? awayText : null),
        }),
      );
      return async ({ key, tags: of, ttlMs }, load) => {
        for (const tag of of) tags.add(tag);
        try {
          return await bento.getOrSet({ key, tags: of, ttl: ttlMs, factory: load });
        } catch (error) {
          throw error instanceof errors.E_FACTORY_ERROR ? error.cause : error;
        }
      };
    },
    /** Has them told of, all that were made so far. */
    report(reporter: Pick<Reporter, "bentocache">) {
      for (const tell of reported) tell(reporter);
    },
  };
}
