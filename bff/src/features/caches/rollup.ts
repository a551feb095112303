import type { CacheRow } from "@wheelhouse/shared/caches/caches.ts";
import type { ReportedCache } from "@wheelhouse/shared/reporter/report.ts";

/** A cache of one process; `sets` is null where they are not counted. */
export type CountedCache = Omit<ReportedCache, "sets"> & { sets: number | null };
/** A cache as one process reported it, and when by our own clock. */
export type HeardCache = { instance: string; cache: CountedCache; intervalMs: number; heardAtMs: number };

type Level = CacheRow["levels"][number];
type Figures = Omit<
  CacheRow,
  | "id"
  | "name"
  | "service"
  | "state"
  | "label"
  | "cause"
  | "since"
  | "instances"
  | "observedAt"
  | "intervalMs"
>;

const mostGroups = 12;
const mostTags = 50;
/** A younger process has not counted long enough for a rate. */
const shortestWindowMs = 5_000;

const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
const sumKnown = (values: readonly (number | null)[]) => {
  const known = values.filter((value) => value !== null);
  return known.length === 0 ? null : sum(known);
};
const maxKnown = (values: readonly (number | null)[]) => {
  const known = values.filter((value) => value !== null);
  return known.length === 0 ? null : Math.max(...known);
};

/**
 * One cache over all processes that report it. Counts, entries and bytes in memory are summed, while the
 * Redis level is shared. The ratio is computed from the summed counts, so a busy process weighs more.
 */
export function rollUpCache(heard: readonly HeardCache[]): Figures {
  const counted = heard.filter(({ cache }) => cache.windowMs >= shortestWindowMs);
  const perMinute = (of: (cache: CountedCache) => number | null) =>
    sumKnown(
      counted.map(({ cache }) => {
        const count = of(cache);
        return count === null ? null : (count * 60_000) / cache.windowMs;
      }),
    );
  const hitsOf = (cache: CountedCache) => sum(cache.levels.map(({ hits }) => hits));
  const hits = sum(heard.map(({ cache }) => hitsOf(cache)));
  const misses = sum(heard.map(({ cache }) => cache.misses));
  const loads = sum(heard.map(({ cache }) => cache.loads));
  const loadMsMean = loads === 0 ? null : sum(heard.map(({ cache }) => cache.loadMsTotal)) / loads;
  const hitsPerMinute = perMinute(hitsOf);
  const levels = levelsOf(heard).map((level): Level => {
    const at = (cache: CountedCache) => cache.levels.find((each) => each.level === level);
    const over = level === "redis" ? maxKnown : sumKnown;
    return {
      level,
      hitsPerMinute: perMinute((cache) => at(cache)?.hits ?? 0),
      sizeBytes: over(heard.map(({ cache }) => at(cache)?.sizeBytes ?? null)),
      entries: over(heard.map(({ cache }) => at(cache)?.entries ?? null)),
    };
  });
  const first = heard[0]?.cache.invalidateBy ?? [];
  return {
    hitRatio: hits + misses === 0 ? null : hits / (hits + misses),
    threshold: maxKnown(heard.map(({ cache }) => cache.threshold)),
    levels,
    hitsPerMinute,
    missesPerMinute: perMinute(({ misses: count }) => count),
    setsPerMinute: perMinute(({ sets }) => sets),
    evictedPerMinute: perMinute(({ evictions }) => evictions),
    loadMsMean,
    savedMsPerMinute: hitsPerMinute === null || loadMsMean === null ? null : hitsPerMinute * loadMsMean,
    coalescedPerMinute: perMinute(({ coalesced = null }) => coalesced),
    sizeBytes: sumKnown(levels.map(({ sizeBytes }) => sizeBytes)),
    tags: [...new Set(heard.flatMap(({ cache }) => cache.tags))].sort().slice(0, mostTags),
    groups: groupsOf(counted),
    // If only some instances support it, the others would keep the entries.
    invalidateBy: first.filter((by) => heard.every(({ cache }) => cache.invalidateBy.includes(by))),
  };
}

/** Calls of the last window over all processes, to decide whether a ratio is meaningful. */
export const callsOf = (heard: readonly HeardCache[]) =>
  sum(heard.map(({ cache }) => cache.misses + sum(cache.levels.map(({ hits }) => hits))));

function levelsOf(heard: readonly HeardCache[]): Level["level"][] {
  const found = new Set(heard.flatMap(({ cache }) => cache.levels.map(({ level }) => level)));
  return (["memory", "redis"] as const).filter((level) => found.has(level));
}

function groupsOf(heard: readonly HeardCache[]): CacheRow["groups"] {
  const groups = new Map<string, { hits: number; misses: number }>();
  for (const { cache } of heard)
    for (const { group, hits, misses } of cache.groups) {
      const known = groups.get(group) ?? { hits: 0, misses: 0 };
      const factor = 60_000 / cache.windowMs;
      groups.set(group, { hits: known.hits + hits * factor, misses: known.misses + misses * factor });
    }
  return [...groups]
    .sort(([a, x], [b, y]) => y.hits + y.misses - x.hits - x.misses || a.localeCompare(b))
    .slice(0, mostGroups)
    .map(([group, { hits, misses }]) => ({ group, hitsPerMinute: hits, missesPerMinute: misses }));
}
