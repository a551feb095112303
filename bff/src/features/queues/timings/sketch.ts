/** Neighbouring buckets differ by this factor, so a percentile is within 5 % of the true one. */
const factor = 1.1;
const logFactor = Math.log(factor);
/** About 12 days. */
const mostBuckets = 220;

const bucketOf = (ms: number): number =>
  ms <= 1 ? 0 : Math.min(mostBuckets, Math.ceil(Math.log(ms) / logFactor));
/** The duration that is as far from both ends of a bucket. */
const durationOf = (bucket: number): number =>
  bucket === 0 ? 1 : Math.round((2 * factor ** bucket) / (1 + factor));

export type Percentiles = { p50: number; p95: number; p99: number };

/** Durations of the last minutes, counted in buckets; the size does not grow with their number. */
export type Sketch = {
  add(ms: number, nowMs: number): void;
  /** Null when there was none. */
  read(nowMs: number): Percentiles | null;
  count(nowMs: number): number;
};

const minuteMs = 60_000;

/** @param minutes how many are kept; the oldest goes when a new one begins. */
export function createSketch(minutes: number): Sketch {
  const slots = new Map<number, Map<number, number>>();
  const tidy = (nowMs: number) => {
    const oldest = Math.floor(nowMs / minuteMs) - minutes + 1;
    for (const minute of slots.keys()) if (minute < oldest) slots.delete(minute);
  };
  const summed = (nowMs: number) => {
    tidy(nowMs);
    const counts = new Map<number, number>();
    for (const slot of slots.values())
      for (const [bucket, count] of slot) counts.set(bucket, (counts.get(bucket) ?? 0) + count);
    return [...counts].sort(([a], [b]) => a - b);
  };
  return {
    add(ms, nowMs) {
      const minute = Math.floor(nowMs / minuteMs);
      const slot = slots.get(minute) ?? new Map<number, number>();
      const bucket = bucketOf(ms);
      slot.set(bucket, (slot.get(bucket) ?? 0) + 1);
      slots.set(minute, slot);
      if (slots.size > minutes) tidy(nowMs);
    },
    read(nowMs) {
      const counts = summed(nowMs);
      const total = counts.reduce((sum, [, count]) => sum + count, 0);
      if (total === 0) return null;
      const at = (share: number) => {
        let seen = 0;
        for (const [bucket, count] of counts) {
          seen += count;
          if (seen >= share * total) return durationOf(bucket);
        }
        return durationOf(mostBuckets);
      };
      return { p50: at(0.5), p95: at(0.95), p99: at(0.99) };
    },
    count: (nowMs) => summed(nowMs).reduce((sum, [, count]) => sum + count, 0),
  };
}
