import type { KeyspaceSample } from "./prefixes.ts";
import { timePlaces, timeToLivePlace } from "./prefixes.ts";

/** A cache whose keys begin with a prefix. */
export type PrefixedCache = { id: string; prefix: string };

/** A few keys give the shape, and each one asked counts as a hit in the server's own figures. */
const mostAsked = 200;

/** Times to live of each cache's keys in one pass, from a bounded number of them. */
export function createCacheTimes(caches: readonly PrefixedCache[]) {
  const tallies = new Map(
    caches.map(({ id }) => [
      id,
      { keys: 0, asked: 0, sampled: 0, places: Array<number>(timePlaces).fill(0) },
    ]),
  );
  return {
    /** Counts a key that the pass found. @returns the cache that wants to know its time to live; null for none. */
    pass(key: string): string | null {
      const cache = caches.find(({ prefix }) => key.startsWith(prefix));
      const tally = cache && tallies.get(cache.id);
      if (!tally) return null;
      tally.keys += 1;
      if (tally.asked >= mostAsked) return null;
      tally.asked += 1;
      return cache.id;
    },
    /** `ttlMs`: as returned by PTTL. */
    add(id: string, ttlMs: number) {
      const place = timeToLivePlace(ttlMs);
      const tally = tallies.get(id);
      if (place === null || !tally) return;
      tally.sampled += 1;
      tally.places[place] = (tally.places[place] ?? 0) + 1;
    },
    /** @param factor keys in the database for each that the pass saw. */
    estimate: (factor: number): NonNullable<KeyspaceSample["caches"]> =>
      [...tallies].map(([id, { keys, sampled, places }]) => ({
        id,
        sampledKeys: sampled,
        keys: Math.round(keys * factor),
        shares: places.map((count) => (sampled === 0 ? 0 : count / sampled)),
      })),
  };
}
