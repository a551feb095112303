import type { RedisDetail } from "@wheelhouse/shared/caches/caches.ts";
import type { Redis } from "ioredis";
import { z } from "zod";
import type { Clock } from "#lib/time/clock.ts";

type Latency = NonNullable<RedisDetail["latency"]>;
/** Calls by the upper bound of their bucket in µs, over the lifetime of the server. */
type Histogram = { calls: number; buckets: Map<number, number> };
export type Histograms = ReadonlyMap<string, Histogram>;

const windowMs = 60_000;
const mostCommands = 8;

const command = z.tuple([z.literal("calls"), z.number(), z.literal("histogram_usec"), z.array(z.number())]);

/** Parses the response of LATENCY HISTOGRAM: alternating names and histograms with cumulative counts. */
export function parseHistograms(answer: unknown): Histograms {
  const parts = z.array(z.unknown()).parse(answer);
  const histograms = new Map<string, Histogram>();
  for (let at = 0; at + 1 < parts.length; at += 2) {
    const [, calls, , pairs] = command.parse(parts[at + 1]);
    const buckets = new Map<number, number>();
    let before = 0;
    for (let pair = 0; pair + 1 < pairs.length; pair += 2) {
      const cumulative = pairs[pair + 1] ?? 0;
      buckets.set(pairs[pair] ?? 0, cumulative - before);
      before = cumulative;
    }
    histograms.set(String(parts[at]), { calls, buckets });
  }
  return histograms;
}

/** The difference between two readings; null when the server reset its counters. */
export function histogramsBetween(before: Histograms, after: Histograms): Histograms | null {
  const between = new Map<string, Histogram>();
  for (const [name, { calls }] of before) if ((after.get(name)?.calls ?? 0) < calls) return null;
  for (const [name, now] of after) {
    const was = before.get(name);
    if (was && was.calls === now.calls) continue;
    const buckets = [...now.buckets].map(
      ([end, count]) => [end, count - (was?.buckets.get(end) ?? 0)] as const,
    );
    between.set(name, {
      calls: now.calls - (was?.calls ?? 0),
      buckets: new Map(buckets.filter(([, count]) => count > 0)),
    });
  }
  return between;
}

/** Percentile in ms, interpolated within its bucket, because bucket widths double. `share`: 0–1. */
export function percentileMs({ buckets }: Pick<Histogram, "buckets">, share: number): number | null {
  const sorted = [...buckets].sort(([a], [b]) => a - b);
  const total = sorted.reduce((sum, [, count]) => sum + count, 0);
  if (total === 0) return null;
  let passed = 0;
  for (const [end, count] of sorted) {
    if (passed + count >= share * total) {
      const low = Math.floor(end / 2);
      return (low + ((share * total - passed) / count) * (end - low)) / 1_000;
    }
    passed += count;
  }
  return null;
}

const summary = (histogram: Histogram) => ({
  calls: histogram.calls,
  p50Ms: percentileMs(histogram, 0.5),
  p99Ms: percentileMs(histogram, 0.99),
  p999Ms: percentileMs(histogram, 0.999),
});

const timeIn = ({ buckets }: Histogram) => [...buckets].reduce((sum, [end, count]) => sum + end * count, 0);

/** Latency of one server over the last minute, from the difference between two readings of its histograms. */
export function createLatencyReader({ redis, clock }: { redis: Pick<Redis, "call">; clock: Clock }) {
  let readings: { atMs: number; histograms: Histograms }[] = [];

  return {
    /** @returns null for the first reading, and after a restart of the server. */
    async read(): Promise<Latency | null> {
      const histograms = parseHistograms(await redis.call("LATENCY", "HISTOGRAM"));
      const atMs = clock.now();
      readings = readings.filter((reading) => atMs - reading.atMs <= windowMs);
      const first = readings[0];
      readings.push({ atMs, histograms });
      const between = first ? histogramsBetween(first.histograms, histograms) : null;
      if (!first || !between) {
        readings = readings.slice(-1);
        return null;
      }
      const all: Histogram = { calls: 0, buckets: new Map() };
      for (const { calls, buckets } of between.values()) {
        all.calls += calls;
        for (const [end, count] of buckets) all.buckets.set(end, (all.buckets.get(end) ?? 0) + count);
      }
      return {
        observedAt: new Date(atMs).toISOString(),
        windowMs: atMs - first.atMs,
        all: summary(all),
        commands: [...between]
          .sort(([, a], [, b]) => timeIn(b) - timeIn(a))
          .slice(0, mostCommands)
          .map(([name, histogram]) => ({ command: name, ...summary(histogram) })),
      };
    },
  };
}
