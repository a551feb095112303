import type { Redis } from "ioredis";
import type { Clock } from "#lib/time/clock.ts";
import { createCacheTimes, type PrefixedCache } from "./cache-times.ts";
import { createKeyTally, type KeyspaceSample } from "./prefixes.ts";

const defaultKeysPerPass = 20_000;
/** Keys per SCAN command; well under a millisecond on a million keys. */
const scanCount = 200;
/** Sampled values of a collection; 0 would walk all of it, 300 ms for a million fields. */
const memorySamples = 5;
const keysPerPipeline = 50;
/**
 * Only every nth key is asked, because PTTL counts as a hit in the server's own figures, unlike MEMORY USAGE.
 */
const ttlOfEvery = 8;

/**
 * Walks the keyspace of one logical database step by step. A pass samples up to 20 000 keys, and the next
 * pass continues at the SCAN cursor, so that a small keyspace is covered completely and a large one in parts.
 */
export function createKeyspaceWalk({
  redis,
  database,
  clock,
  keysPerPass = defaultKeysPerPass,
  caches = () => [],
}: {
  redis: Pick<Redis, "dbsize" | "scan" | "pipeline">;
  database: number;
  clock: Clock;
  keysPerPass?: number;
  /** Caches whose times to live are sampled on their own. */
  caches?: () => readonly PrefixedCache[];
}) {
  let cursor = "0";
  let tally = createKeyTally();
  let times = createCacheTimes([]);
  let seen = 0;
  let isWalking = false;
  let fromStart = true;

  const look = async (keys: readonly string[]) => {
    for (let from = 0; from < keys.length; from += keysPerPipeline) {
      const part = keys.slice(from, from + keysPerPipeline);
      const pipeline = redis.pipeline();
      for (const key of part) pipeline.memory("USAGE", key, "SAMPLES", memorySamples);
      const asked = part.flatMap((key) => {
        const isOfAll = seen++ % ttlOfEvery === 0;
        const cache = times.pass(key);
        return isOfAll || cache !== null ? [{ key, isOfAll, cache }] : [];
      });
      for (const { key } of asked) pipeline.pttl(key);
      const answers = (await pipeline.exec()) ?? [];
      const refused = answers[0]?.[0];
      if (refused) throw refused;
      answers.forEach(([, value], index) => {
        if (typeof value !== "number") return;
        const key = part[index];
        const of = asked[index - part.length];
        if (key !== undefined) tally.add(key, value);
        if (of?.isOfAll) tally.addTimeToLive(value);
        if (of?.cache) times.add(of.cache, value);
      });
    }
  };

  return {
    /** True while a pass has started and not ended. */
    isWalking: () => isWalking,
    /**
     * Continues until the pass ends or `budgetMs` is used up; `goesOn` is checked between commands.
     * @returns the sample when the pass ended.
     */
    async step(budgetMs: number, goesOn: () => boolean = () => true): Promise<KeyspaceSample | null> {
      if (!isWalking) {
        tally = createKeyTally();
        times = createCacheTimes(caches());
        isWalking = true;
        fromStart = cursor === "0";
      }
      const endMs = clock.now() + budgetMs;
      while (goesOn()) {
        const [next, keys] = await redis.scan(cursor, "COUNT", scanCount);
        cursor = next;
        await look(keys);
        const isRound = cursor === "0" && fromStart;
        if (cursor === "0") fromStart = true;
        if (isRound || tally.sampled() >= keysPerPass) {
          isWalking = false;
          const totalKeys = Math.max(await redis.dbsize(), tally.sampled());
          return {
            observedAt: new Date(clock.now()).toISOString(),
            database,
            sampledKeys: tally.sampled(),
            totalKeys,
            ...tally.estimate(totalKeys),
            caches: times.estimate(tally.sampled() === 0 ? 0 : totalKeys / tally.sampled()),
          };
        }
        if (clock.now() >= endMs) return null;
      }
      return null;
    },
  };
}
