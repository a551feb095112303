import { createCacheCounters } from "@wheelhouse/shared/reporter/cache-counters.ts";
import type { Reporter } from "@wheelhouse/shared/reporter/reporter.ts";
import { BentoCache, bentostore, errors } from "bentocache";
import { MemoryDriver } from "bentocache/drivers/memory";
import type { Redis } from "ioredis";
import { LRUCache } from "lru-cache";
import type { Clock } from "#lib/time/clock.ts";
import { createCacheRedisDriver } from "./cache-redis-driver.ts";

/**
 * Returns the value stored under `key`, or loads it if there is none that is recent enough; concurrent callers share
 * one load. A value is JSON, may be as old as `ttlMs`, and its key has to name the organization that may see it.
 * @throws any error of `load`, unless an older value exists.
 */
export type NamedCache = <T>(
  of: { key: string; tags: string[]; ttlMs: number },
  load: () => Promise<T>,
) => Promise<T>;

/** A value that cannot be reloaded is served until it is this old. */
const graceMs = 5 * 60_000;
/** How long a caller with an old value waits for the new one. */
const patienceMs = 1_000;
/** How long Redis is left alone after a failure. */
const breakMs = 2_000;
const entriesMax = 2_000;
const bytesMax = 16 * 1024 * 1024;
const awayText = `Redis does not answer: each process serves from its own memory, for ${graceMs / 60_000} minutes where nothing new can be loaded`;

/**
 * Wheelhouse's own caches: in-process memory in front of Redis. For data that many callers share and that may be
 * seconds old; never for sessions, rights or personal data.
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
    /** Reports all caches created so far. */
    report(reporter: Pick<Reporter, "bentocache">) {
      for (const tell of reported) tell(reporter);
    },
  };
}
