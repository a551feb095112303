import type { BreakerState } from "@wheelhouse/shared/breaker-state.ts";
import type { LatencyBuckets, ScrapedBreaker } from "./scraped.ts";

/** Window of the rates. */
const windowMs = 60_000;
/** Maximum number of samples kept in the window; faster intervals are thinned out. */
const mostPoints = 13;
const derivedNote = "State derived from event counters";

export type Followed = {
  state: BreakerState;
  note: string | null;
  failureRatio: number | null;
  callsPerMinute: number | null;
  failedPerMinute: number | null;
  refusedPerMinute: number | null;
  latencyMs: ScrapedBreaker["latencyMs"];
};

/** Sums as if the process had never restarted. */
type Point = {
  atMs: number;
  calls: number | null;
  failed: number | null;
  refused: number | null;
  buckets: ReadonlyMap<number, number>;
};
type Known = { scraped: ScrapedBreaker; points: Point[]; derived: BreakerState };

/** A counter that went down was restarted at zero. */
const grown = (before: number, now: number) => (now >= before ? now - before : now);

const advance = (sum: number | null, before: number | null, now: number | null): number | null =>
  now === null ? null : (sum ?? 0) + (before === null ? 0 : grown(before, now));

/** @returns calls per bucket, from cumulative counts. */
const perBucket = (buckets: LatencyBuckets | null): Map<number, number> => {
  const found = new Map<number, number>();
  let below = 0;
  for (const [bound, count] of buckets ?? []) {
    found.set(bound, Math.max(0, count - below));
    below = Math.max(below, count);
  }
  return found;
};

function nextPoint({ scraped, points }: Known, now: ScrapedBreaker, atMs: number): Point {
  const last = points.at(-1);
  const before = perBucket(scraped.buckets);
  const buckets = new Map(
    [...perBucket(now.buckets)].map(([bound, count]) => [
      bound,
      (last?.buckets.get(bound) ?? 0) + grown(before.get(bound) ?? 0, count),
    ]),
  );
  const sum = (key: "calls" | "failed" | "refused") =>
    advance(last?.[key] ?? null, scraped.counts[key], now.counts[key]);
  return { atMs, calls: sum("calls"), failed: sum("failed"), refused: sum("refused"), buckets };
}

/**
 * Percentile by `share` (0–1), interpolated linearly within its bucket as Prometheus does; null without
 * calls.
 */
function percentileOf(first: Point, last: Point, share: number): number | null {
  const grownBy = [...last.buckets]
    .map(([bound, count]) => ({ bound, count: count - (first.buckets.get(bound) ?? 0) }))
    .sort((a, b) => a.bound - b.bound);
  const total = grownBy.reduce((sum, { count }) => sum + count, 0);
  if (total <= 0) return null;
  const wanted = share * total;
  let below = 0;
  let lower = 0;
  for (const { bound, count } of grownBy) {
    if (below + count >= wanted && count > 0)
      return Number.isFinite(bound) ? lower + ((wanted - below) / count) * (bound - lower) : lower;
    below += count;
    lower = bound;
  }
  return null;
}

/**
 * Derives the state from event counters. On the first sample and after a restart the order of events is
 * unknown, so only "never opened" and "never closed again" are certain. Later the counter that grew tells the
 * state; when several grew, passed and rejected calls in the next sample decide.
 */
function derive(known: Known | undefined, now: ScrapedBreaker): BreakerState {
  const { events, counts } = now;
  if (events === null) return "unknown";
  const was = known?.scraped.events;
  const began =
    !was ||
    events.opened < was.opened ||
    events.closed < was.closed ||
    events.halfOpened < was.halfOpened ||
    (counts.calls ?? 0) < (known.scraped.counts.calls ?? 0);
  if (began) {
    if (events.opened === 0) return "closed";
    return events.closed === 0 && events.halfOpened === 0 ? "open" : "unknown";
  }
  const opened = events.opened > was.opened;
  const closed = events.closed > was.closed;
  const halfOpened = events.halfOpened > was.halfOpened;
  const isOne = Number(opened) + Number(closed) + Number(halfOpened) === 1;
  if (isOne) return opened ? "open" : closed ? "closed" : "half_open";
  if (opened || closed || halfOpened) return "unknown";
  if (known.derived !== "unknown") return known.derived;
  const before = known.scraped.counts;
  const refused = (counts.refused ?? 0) - (before.refused ?? 0);
  const passed = (counts.calls ?? 0) - (before.calls ?? 0) - ((counts.failed ?? 0) - (before.failed ?? 0));
  if (refused > 0 && passed <= 0) return "open";
  return passed > 0 && refused === 0 ? "closed" : "unknown";
}

const perMinute = (first: number | null, last: number | null, spanMs: number) =>
  first === null || last === null || spanMs <= 0 ? null : ((last - first) / spanMs) * 60_000;

const keyOf = ({ library, name, variant }: ScrapedBreaker) => `${library} ${name} ${variant}`;

/**
 * Compares the samples of one process over time: rates of the last minute, and states that the library does
 * not report.
 */
export function createFollower() {
  let known = new Map<string, Known>();

  const follow = (now: ScrapedBreaker, atMs: number): Followed => {
    const key = keyOf(now);
    const before = known.get(key);
    const points = before ? [...before.points] : [];
    points.push(nextPoint(before ?? { scraped: now, points: [], derived: "unknown" }, now, atMs));
    while (points.length > 2 && (points[1]?.atMs ?? atMs) <= atMs - windowMs) points.shift();
    if (points.length > mostPoints) points.splice(1, 1);
    const derived = derive(before, now);
    known.set(key, { scraped: now, points, derived });
    const [first] = points;
    const last = points.at(-1);
    const spanMs = first && last ? last.atMs - first.atMs : 0;
    const rate = (field: "calls" | "failed" | "refused") =>
      perMinute(first?.[field] ?? null, last?.[field] ?? null, spanMs);
    const calls = rate("calls");
    const failed = rate("failed");
    const refused = rate("refused");
    const ran = (calls ?? 0) - (refused ?? 0);
    const counted = failed === null || ran <= 0 ? null : (failed - (refused ?? 0)) / ran;
    const percentile = (share: number) =>
      first && last && spanMs > 0 ? percentileOf(first, last, share) : null;
    return {
      state: now.state ?? derived,
      note: now.note ?? (now.state === null ? derivedNote : null),
      // A library that only counts events has no ratio of its own.
      failureRatio: now.failureRatio ?? (now.events === null ? null : counted),
      callsPerMinute: calls,
      failedPerMinute: failed,
      refusedPerMinute: refused,
      latencyMs: {
        p50: now.latencyMs.p50 ?? percentile(0.5),
        p95: now.latencyMs.p95 ?? percentile(0.95),
        p99: now.latencyMs.p99 ?? percentile(0.99),
      },
    };
  };

  return {
    /** One complete sample: a breaker missing from it is removed, and starts over when it returns. */
    followAll(
      breakers: readonly ScrapedBreaker[],
      atMs: number,
    ): { scraped: ScrapedBreaker; followed: Followed }[] {
      const before = known;
      known = new Map();
      for (const breaker of breakers) {
        const key = keyOf(breaker);
        const there = before.get(key);
        if (there) known.set(key, there);
      }
      return breakers.map((scraped) => ({ scraped, followed: follow(scraped, atMs) }));
    },
  };
}
export type Follower = ReturnType<typeof createFollower>;
