const second = 1_000;
const minute = 60 * second;
const hour = 60 * minute;
const day = 24 * hour;
/** Lengths that a clock or a calendar shows. */
const lengths = [
  ...[1, 2, 5, 10, 15, 30].map((n) => n * second),
  ...[1, 2, 5, 10, 15, 30].map((n) => n * minute),
  ...[1, 2, 3, 6, 12].map((n) => n * hour),
  ...[1, 2, 7, 14, 30].map((n) => n * day),
];
/** Ranges up to here are counted in the log itself. */
const shortMs = 15 * minute;
/** Counters of five minutes are kept for a day. */
const fiveMinutesForMs = 24 * hour;

/**
 * Bars of the same length on even times around a range, at most `most`. They are no shorter than what is counted: five
 * minutes for the last day, otherwise an hour.
 */
export function barsOf({
  fromMs,
  toMs,
  nowMs,
  most,
}: {
  fromMs: number;
  toMs: number;
  nowMs: number;
  most: number;
}) {
  const isShort = toMs - fromMs <= shortMs;
  const isRecent = fromMs >= nowMs - fiveMinutesForMs - hour / 2;
  const unitMs = isShort ? second : isRecent ? 5 * minute : hour;
  for (const barMs of [...lengths, Math.ceil((toMs - fromMs) / (most - 1) / day) * day]) {
    if (barMs < unitMs || (unitMs > second && barMs % unitMs !== 0)) continue;
    const startMs = Math.floor(fromMs / barMs) * barMs;
    const count = Math.ceil((toMs - startMs) / barMs);
    if (count <= most) return { fromMs: startMs, toMs: startMs + count * barMs, barMs, count };
  }
  throw new Error("no bar is long enough");
}
