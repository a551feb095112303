import type { Redis } from "ioredis";
import type { CacheSample } from "./store.ts";

/** What services report of their caches. */
export type ReportedCaches = {
  poke(): Promise<unknown>;
  reports(): ReadonlyMap<
    string,
    readonly {
      service: string;
      caches: readonly {
        name: string;
        misses: number;
        levels: readonly { hits: number; entries: number | null; sizeBytes: number | null }[];
      }[];
    }[]
  >;
  organizationOf(sourceId: string, service: string): string | null | undefined;
};

const scanCount = 500;
/** Caches of Wheelhouse, with the version of their format. */
const ownPattern = "wheelhouse:cache:*";
const currentPrefix = "wheelhouse:cache:1:";

/** The figures of all reported caches, added up over their instances. */
export async function sampleCaches(
  { poke, reports, organizationOf }: ReportedCaches,
  organizations: readonly { id: string; slug: string }[],
): Promise<CacheSample[]> {
  await poke();
  const ids = new Map(organizations.map(({ id, slug }) => [slug, id]));
  const samples = new Map<string, CacheSample>();
  for (const [source, found] of reports())
    for (const { service, caches } of found) {
      const organizationId = ids.get(organizationOf(source, service) ?? "");
      if (organizationId === undefined) continue;
      for (const { name, misses, levels } of caches) {
        const key = JSON.stringify([organizationId, service, name]);
        const sample = samples.get(key) ?? {
          organizationId,
          service,
          cache: name,
          hits: 0,
          misses: 0,
          entries: null,
          sizeBytes: null,
        };
        sample.misses += misses;
        for (const { hits, entries, sizeBytes } of levels) {
          sample.hits += hits;
          if (entries !== null) sample.entries = (sample.entries ?? 0) + entries;
          if (sizeBytes !== null) sample.sizeBytes = (sample.sizeBytes ?? 0) + sizeBytes;
        }
        samples.set(key, sample);
      }
    }
  return [...samples.values()];
}

/** Deletes entries of Wheelhouse's own caches that an earlier version wrote, or that would never expire. */
export async function cleanOwnCaches(redis: Redis, signal: AbortSignal): Promise<string> {
  let [cursor, removed, looked] = ["0", 0, 0];
  do {
    const [next, keys] = await redis.scan(cursor, "MATCH", ownPattern, "COUNT", scanCount);
    cursor = next;
    looked += keys.length;
    if (keys.length > 0) {
      const pipeline = redis.pipeline();
      for (const key of keys) pipeline.pttl(key);
      const lives = (await pipeline.exec()) ?? [];
      const stale = keys.filter((key, i) => !key.startsWith(currentPrefix) || lives[i]?.[1] === -1);
      if (stale.length > 0) removed += await redis.unlink(stale);
    }
  } while (cursor !== "0" && !signal.aborted);
  signal.throwIfAborted();
  return `${removed} of ${looked} entries removed`;
}
