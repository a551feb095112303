import type { Sample } from "#lib/metric-sample.ts";
import type { Pushed } from "#observe/pushes/pushes.ts";
import type { CachesReport, ReportedCaches } from "./board.ts";
import type { CountedCache } from "./rollup.ts";

const sourcePrefix = "pushed:";
/** Window of the counts. */
const windowMs = 60_000;
const mostPoints = 13;
const mostCaches = 100;

/** Names of Micrometer, which its registry and the OpenTelemetry agent for Java write with dots. */
const metrics = /^cache_(gets|puts|evictions|size)(_total)?$/;

/** Whether a metric describes a cache. */
export const isCacheMetric = (name: string): boolean => metrics.test(name);

type Level = "memory" | "redis";
const counters = ["memoryHits", "redisHits", "misses", "sets", "evictions"] as const;
type Counter = (typeof counters)[number];
type Counted = Record<Counter, number | null> & { levels: Map<Level, { entries: number | null }> };
type Point = Record<Counter, number | null> & { atMs: number };
type Known = { last: Counted; points: Point[] };

const nameOf = ({ labels }: Sample) => labels.get("cache") ?? labels.get("name") ?? "";
/** Spring's manager of a cache names what is behind it. */
const levelOf = ({ labels }: Sample): Level =>
  /redis/i.test(labels.get("level") ?? labels.get("cache_manager") ?? "") ? "redis" : "memory";

const emptyCounts = (): Counted => ({
  memoryHits: null,
  redisHits: null,
  misses: null,
  sets: null,
  evictions: null,
  levels: new Map(),
});

function addSample(to: Counted, sample: Sample) {
  const { labels, value } = sample;
  const part = metrics.exec(sample.name)?.[1];
  if (!Number.isFinite(value)) return;
  const level = levelOf(sample);
  const at = to.levels.get(level) ?? { entries: null };
  to.levels.set(level, at);
  const add = (counter: Counter) => {
    to[counter] = (to[counter] ?? 0) + value;
  };
  if (part === "size") at.entries = (at.entries ?? 0) + value;
  else if (part === "puts") add("sets");
  else if (part === "evictions") add("evictions");
  else if (labels.get("result") === "hit") add(level === "redis" ? "redisHits" : "memoryHits");
  else if (labels.get("result") === "miss") add("misses");
}

/** Caches of one sample, by name. Only one that counts its hits or misses is a cache here. */
function countsOf(samples: readonly Sample[]): Map<string, Counted> {
  const found = new Map<string, Counted>();
  for (const sample of samples) {
    const name = nameOf(sample);
    if (!isCacheMetric(sample.name) || name === "" || name.length > 200) continue;
    const counts = found.get(name) ?? emptyCounts();
    if (!found.has(name) && found.size >= mostCaches) continue;
    found.set(name, counts);
    addSample(counts, sample);
  }
  for (const [name, { memoryHits, redisHits, misses }] of found)
    if (memoryHits === null && redisHits === null && misses === null) found.delete(name);
  return found;
}

/** Sums as if the process had never restarted: a counter that went down began at zero. */
function nextPoint(known: Known | undefined, now: Counted, atMs: number): Point {
  const sumOf = (counter: Counter) => {
    const [value, before] = [now[counter], known?.last[counter] ?? null];
    if (value === null) return null;
    const grown = before === null ? 0 : value >= before ? value - before : value;
    return (known?.points.at(-1)?.[counter] ?? 0) + grown;
  };
  return {
    atMs,
    memoryHits: sumOf("memoryHits"),
    redisHits: sumOf("redisHits"),
    misses: sumOf("misses"),
    sets: sumOf("sets"),
    evictions: sumOf("evictions"),
  };
}

function follow(known: Known | undefined, now: Counted, atMs: number): Known {
  const points = [...(known?.points ?? []), nextPoint(known, now, atMs)];
  while (points.length > 2 && (points[1]?.atMs ?? atMs) <= atMs - windowMs) points.shift();
  if (points.length > mostPoints) points.splice(1, 1);
  return { last: now, points };
}

function cacheOf(name: string, { last, points }: Known): CountedCache {
  const [first, newest] = [points[0], points.at(-1)];
  const grown = (counter: Counter) => {
    const value = newest?.[counter] ?? null;
    return value === null ? null : value - (first?.[counter] ?? value);
  };
  return {
    name,
    problem: null,
    threshold: null,
    windowMs: (newest?.atMs ?? 0) - (first?.atMs ?? 0),
    levels: [...last.levels].map(([level, { entries }]) => ({
      level,
      hits: grown(level === "redis" ? "redisHits" : "memoryHits") ?? 0,
      entries,
      sizeBytes: null,
    })),
    misses: grown("misses") ?? 0,
    sets: grown("sets"),
    evictions: grown("evictions"),
    loads: 0,
    loadMsTotal: 0,
    groups: [],
    tags: [],
    invalidateBy: [],
  };
}

/** Caches that instances push over OpenTelemetry, beside those that are reported. */
export function withPushedCaches(
  reported: ReportedCaches,
  { pushed }: { pushed(): readonly Pushed[] },
): ReportedCaches {
  const known = new Map<string, { of: Pushed; caches: Map<string, Known>; report: CachesReport }>();

  const reportOf = (of: Pushed): CachesReport => {
    const { organization, service, instance, heardAtMs, intervalMs } = of;
    const key = JSON.stringify([organization, service, instance]);
    const before = known.get(key);
    if (before?.of === of) return before.report;
    const caches = new Map(
      [...countsOf(of.samples)].map(([name, counts]) => [
        name,
        follow(before?.caches.get(name), counts, heardAtMs),
      ]),
    );
    const report = {
      service,
      instance,
      reportedAt: new Date(heardAtMs).toISOString(),
      intervalMs,
      caches: [...caches].map(([name, each]) => cacheOf(name, each)),
    };
    known.set(key, { of, caches, report });
    return report;
  };

  return {
    reports() {
      const all = pushed();
      const byOrganization = new Map<string, CachesReport[]>();
      for (const each of all) {
        const source = `${sourcePrefix}${each.organization}`;
        byOrganization.set(source, [...(byOrganization.get(source) ?? []), reportOf(each)]);
      }
      const current = new Set(all);
      for (const [key, { of }] of known) if (!current.has(of)) known.delete(key);
      return new Map([...reported.reports(), ...byOrganization]);
    },
    organizationOf: (source, service) =>
      source.startsWith(sourcePrefix)
        ? source.slice(sourcePrefix.length)
        : reported.organizationOf(source, service),
  };
}
