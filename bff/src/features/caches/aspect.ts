import type { CacheList } from "@wheelhouse/shared/caches/caches.ts";
import {
  type Aspect,
  type Board,
  type FoundProblem,
  mostGaugeRows,
  type Part,
  type Tile,
} from "#observe/aspect.ts";
import { defineFigures, isHeard } from "#observe/figures.ts";
import { createPublicRows } from "#observe/spread/spread.ts";
import { cacheRows, type ObservedCache } from "./rows.ts";
import { lowRatio } from "./state.ts";

type Levels = ObservedCache["levels"];
const levelOf = (levels: Levels, wanted: Levels[number]["level"]) =>
  levels.find(({ level }) => level === wanted);

const figures = defineFigures<ObservedCache>("cache", [
  ["hitRatio", ({ hitRatio }) => hitRatio],
  ["hitsPerMinute", ({ hitsPerMinute }) => hitsPerMinute],
  ["missesPerMinute", ({ missesPerMinute }) => missesPerMinute],
  ["setsPerMinute", ({ setsPerMinute }) => setsPerMinute],
  ["evictedPerMinute", ({ evictedPerMinute }) => evictedPerMinute],
  ["loadMsMean", ({ loadMsMean }) => loadMsMean],
  ["savedMsPerMinute", ({ savedMsPerMinute }) => savedMsPerMinute],
  ["coalescedPerMinute", ({ coalescedPerMinute }) => coalescedPerMinute],
  ["sizeBytes", ({ sizeBytes }) => sizeBytes],
  ["instances", ({ instances }) => instances.length],
  ["memoryHitsPerMinute", ({ levels }) => levelOf(levels, "memory")?.hitsPerMinute],
  ["memoryEntries", ({ levels }) => levelOf(levels, "memory")?.entries],
  ["memorySizeBytes", ({ levels }) => levelOf(levels, "memory")?.sizeBytes],
  ["redisHitsPerMinute", ({ levels }) => levelOf(levels, "redis")?.hitsPerMinute],
  ["redisEntries", ({ levels }) => levelOf(levels, "redis")?.entries],
  ["redisSizeBytes", ({ levels }) => levelOf(levels, "redis")?.sizeBytes],
]);

const publicRows = createPublicRows<ObservedCache>();
const ratioTrend = (organization: string, id: string) => `ratio:${organization}:${id}`;
const hitsTrend = (organization: string) => `hits:${organization}`;

/** Named caches that services report. */
export const createCachesAspect = (board?: Board<ObservedCache>): Aspect<ObservedCache> => ({
  key: cacheRows.key,
  board,
  list(rows, { organization, observedAt, intervalMs, trend }): CacheList {
    const items = rows.map(publicRows.of);
    const trends = items.map(({ id }) => [id, trend(ratioTrend(organization.slug, id))] as const);
    return { observedAt, intervalMs, items, nextCursor: null, trends: Object.fromEntries(trends) };
  },
  findings: (rows) =>
    rows.map((row) => ({
      node: `cache:${row.id}`,
      state: row.state,
      check: row.state,
      explainedBy: null,
      problem: problemOf(row),
    })),
  tile: tileOf,
  trends(rows, _seen, { recent }) {
    const byOrganization = new Map<string, ObservedCache[]>();
    for (const row of rows) {
      const { organization, id, state, hitRatio } = row;
      recent(ratioTrend(organization, id), state === "unknown" ? null : hitRatio);
      const own = byOrganization.get(organization);
      if (own) own.push(row);
      else byOrganization.set(organization, [row]);
    }
    for (const [slug, own] of byOrganization) recent(hitsTrend(slug), overallHitRatio(own));
  },
  figures: (rows, seen) => figures.all(rows, seen, (row) => isHeard(row, seen)),
  frames: [{ part: "caches", text: (_rows, { encoded }) => encoded.plain() }],
  journal: { kind: "cache", name: ({ name }) => name, word: ({ state, label }) => label || state },
  gauges: [
    {
      name: "cache_hit_ratio",
      help: "Share of cache lookups that hit",
      labels: ["organization", "cache"],
      most: mostGaugeRows,
      tell({ organization, id, hitRatio }, set) {
        if (hitRatio !== null) set({ organization, cache: id }, hitRatio);
      },
    },
  ],
});

/** The problem of a cache that works badly or no longer reports; null while it is ok. */
function problemOf(cache: ObservedCache): FoundProblem | null {
  const { id, name, service, state, label, cause, since, observedAt } = cache;
  if (state === "ok") return null;
  const titles: Record<string, string> = {
    [lowRatio]: "hit ratio below threshold",
    Unknown: "cache not reporting",
  };
  return {
    state,
    label,
    subject: name,
    title: titles[label] ?? (state === "unknown" ? `cache, ${label}` : "cache needs attention"),
    cause: cause ?? label,
    affects: `calls of ${service}`,
    countsDependants: false,
    since: since ?? observedAt ?? new Date(0).toISOString(),
    area: "caches",
    path: `caches?cache=${encodeURIComponent(id)}`,
  };
}

/** All caches in one figure: total hits over total calls, so that a busy cache weighs more. */
function tileOf(caches: readonly ObservedCache[], { organization, trend }: Part): Tile {
  const lowest = caches
    .filter((cache) => cache.state !== "unknown")
    .sort((a, b) => (a.hitRatio ?? 2) - (b.hitRatio ?? 2))[0];
  return {
    caches: {
      caches: caches.length,
      hitRatio: { value: overallHitRatio(caches), trend: trend(hitsTrend(organization.slug)) },
      lowest:
        lowest?.hitRatio == null
          ? null
          : { name: lowest.name, hitRatio: lowest.hitRatio, isLow: lowest.label === lowRatio },
    },
  };
}

/** 0–1 over the last minute; null without known calls. */
function overallHitRatio(caches: readonly ObservedCache[]): number | null {
  const known = caches.filter(({ state }) => state !== "unknown");
  const sum = (values: (number | null)[]) => values.reduce<number>((total, value) => total + (value ?? 0), 0);
  const hits = sum(known.map(({ hitsPerMinute }) => hitsPerMinute));
  const calls = hits + sum(known.map(({ missesPerMinute }) => missesPerMinute));
  return calls === 0 ? null : hits / calls;
}
