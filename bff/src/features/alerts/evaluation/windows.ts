import type { Aggregate } from "@wheelhouse/shared/alerts/rules.ts";

type Bucket = {
  place: number;
  count: number;
  sum: number;
  min: number;
  max: number;
  first: number;
  last: number;
  firstMs: number;
  lastMs: number;
};

const bucketsInWindow = 60;
/** Before this share of a window is covered, its value says nothing. */
const neededShare = 0.8;

/** The values of the last `spanMs`, in at most 61 buckets whatever the number of values. */
export function createWindow(spanMs: number) {
  const stepMs = Math.max(1, spanMs / bucketsInWindow);
  let buckets: Bucket[] = [];
  let beganMs: number | null = null;
  return {
    add(atMs: number, value: number | null) {
      beganMs ??= atMs;
      if (value === null) return;
      const place = Math.floor(atMs / stepMs);
      const newest = buckets.at(-1);
      if (newest?.place === place) {
        newest.count += 1;
        newest.sum += value;
        newest.min = Math.min(newest.min, value);
        newest.max = Math.max(newest.max, value);
        newest.last = value;
        newest.lastMs = atMs;
      } else {
        const one = { place, count: 1, sum: value, min: value, max: value, first: value, last: value };
        buckets.push(Object.assign(one, { firstMs: atMs, lastMs: atMs }));
      }
      const oldest = Math.floor((atMs - spanMs) / stepMs);
      if ((buckets[0]?.place ?? place) < oldest) buckets = buckets.filter((each) => each.place >= oldest);
    },
    /** Null without a value in it. Not warm before it covers most of its span: what it holds is a part of its value. */
    value(aggregate: Aggregate, atMs: number): { value: number; isWarm: boolean } | null {
      const oldestMs = atMs - spanMs;
      const inside = buckets.filter(({ lastMs }) => lastMs >= oldestMs);
      const [first] = inside;
      const last = inside.at(-1);
      if (!first || !last) return null;
      const isWarm = beganMs !== null && atMs - beganMs >= spanMs * neededShare;
      return { value: aggregated(aggregate, inside, first, last), isWarm };
    },
  };
}
export type Window = ReturnType<typeof createWindow>;

function aggregated(aggregate: Aggregate, buckets: readonly Bucket[], first: Bucket, last: Bucket): number {
  const sum = () => buckets.reduce((all, each) => all + each.sum, 0);
  switch (aggregate) {
    case "last":
      return last.last;
    case "sum":
      return sum();
    case "mean":
      return sum() / buckets.reduce((all, each) => all + each.count, 0);
    case "max":
      return buckets.reduce((most, each) => Math.max(most, each.max), Number.NEGATIVE_INFINITY);
    case "min":
      return buckets.reduce((least, each) => Math.min(least, each.min), Number.POSITIVE_INFINITY);
    case "rise":
      return last.last - first.first;
    case "risePerMinute": {
      const minutes = (last.lastMs - first.firstMs) / 60_000;
      return minutes === 0 ? 0 : (last.last - first.first) / minutes;
    }
  }
}
