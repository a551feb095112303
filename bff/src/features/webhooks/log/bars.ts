const secondMs = 1_000;
const minuteMs = 60 * secondMs;
const hourMs = 60 * minuteMs;
const dayMs = 24 * hourMs;

const steps = [
  ...[1, 2, 5, 10, 15, 30].map((count) => count * secondMs),
  ...[1, 2, 5, 10, 15, 30].map((count) => count * minuteMs),
  ...[1, 2, 3, 6, 12].map((count) => count * hourMs),
  dayMs,
];

/**
 * Bars of a round length that begin on the clock (UTC), so that a bar is "30 s from 09:14:30" and stays the same while
 * the range moves on. At most one more than `most`, because the range need not begin with a bar.
 */
export function barsOf(fromMs: number, toMs: number, most: number) {
  const leastMs = (toMs - fromMs) / most;
  const barMs = steps.find((step) => step >= leastMs) ?? Math.ceil(leastMs / dayMs) * dayMs;
  const firstMs = Math.floor(fromMs / barMs) * barMs;
  return { barMs, firstMs, count: Math.max(1, Math.ceil((toMs - firstMs) / barMs)) };
}
