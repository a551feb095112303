import { type HistorySeries, seriesPoints } from "@wheelhouse/shared/history.ts";
import { finest, floorTo, hours, levels, minutes } from "../times.ts";

export type Level = (typeof levels)[number];

const secondMs = 1_000;
const stepsMs = [
  10, 20, 30, 60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 10_800, 14_400, 21_600, 28_800, 43_200, 86_400,
].map((seconds) => seconds * secondMs);

/**
 * Selects the level and step for a range: the finest still kept at its start that yields at most 1,500 steps.
 */
export function planSeries(fromMs: number, toMs: number, nowMs: number) {
  const kept = levels.filter(({ keepMs }) => nowMs - fromMs <= keepMs);
  const [finestKept = hours] = kept;
  const stepMs =
    stepsMs.find((step) => {
      const first = floorTo(fromMs, step);
      return step >= finestKept.stepMs && (toMs - first) / step <= seriesPoints;
    }) ?? 86_400_000;
  const level: Level = stepMs % hours.stepMs === 0 ? hours : stepMs % minutes.stepMs === 0 ? minutes : finest;
  const firstMs = floorTo(fromMs, stepMs);
  return { level, stepMs, firstMs, count: Math.min(seriesPoints, Math.ceil((toMs - firstMs) / stepMs)) };
}

type Values = readonly (number | null)[];
export type SeriesPart = { startsAtMs: number; stepMs: number; means: Values; mins: Values; maxs: Values };
export type Bucket = { sum: number; count: number; min: number; max: number };

/** Adds the known values of a part to the cells of `stepMs` that begin at `firstMs`, where `isWanted`. */
function addTo(
  cells: (Bucket | undefined)[],
  part: SeriesPart,
  at: { firstMs: number; stepMs: number },
  isWanted: (cell: number) => boolean,
) {
  part.means.forEach((mean, index) => {
    if (mean === null) return;
    const cell = Math.floor((part.startsAtMs + index * part.stepMs - at.firstMs) / at.stepMs);
    if (cell < 0 || cell >= cells.length || !isWanted(cell)) return;
    const [min, max] = [part.mins[index] ?? mean, part.maxs[index] ?? mean];
    const bucket = cells[cell];
    if (bucket === undefined) cells[cell] = { sum: mean, count: 1, min, max };
    else {
      bucket.sum += mean;
      bucket.count += 1;
      bucket.min = Math.min(bucket.min, min);
      bucket.max = Math.max(bucket.max, max);
    }
  });
}

/** The percentile by nearest rank. `sorted` has at least one value. */
const rankOf = (sorted: Float64Array, share: number): number =>
  sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? 0;

function percentilesOf(means: Values, stepMs: number) {
  const sorted = Float64Array.from(means.filter((mean) => mean !== null)).sort();
  if (sorted.length === 0) return null;
  return { stepMs, p50: rankOf(sorted, 0.5), p95: rankOf(sorted, 0.95), p99: rankOf(sorted, 0.99) };
}

/**
 * One series in steps from stored parts of two levels: the fine level fills in where the coarse one has not
 * been summed up yet.
 */
export function mergeSeries(
  parts: readonly SeriesPart[],
  plan: Pick<ReturnType<typeof planSeries>, "level" | "stepMs" | "firstMs" | "count">,
): Omit<HistorySeries["series"][number], "metric"> & Record<"mins" | "maxs", (number | null)[]> {
  const { level, stepMs, firstMs, count } = plan;
  const cellCount = Math.ceil((count * stepMs) / level.stepMs);
  const cells = Array<Bucket | undefined>(cellCount).fill(undefined);
  const at = { firstMs, stepMs: level.stepMs };
  for (const part of parts) if (part.stepMs === level.stepMs) addTo(cells, part, at, () => true);
  const known = cells.map((cell) => cell !== undefined);
  for (const part of parts) if (part.stepMs < level.stepMs) addTo(cells, part, at, (cell) => !known[cell]);

  const buckets = Array<Bucket | undefined>(count).fill(undefined);
  const coarse = { firstMs, stepMs };
  const whole: SeriesPart = {
    startsAtMs: firstMs,
    stepMs: level.stepMs,
    means: cells.map((cell) => (cell === undefined ? null : cell.sum / cell.count)),
    mins: cells.map((cell) => cell?.min ?? null),
    maxs: cells.map((cell) => cell?.max ?? null),
  };
  addTo(buckets, whole, coarse, () => true);
  return {
    values: buckets.map((bucket) => (bucket === undefined ? null : bucket.sum / bucket.count)),
    mins: buckets.map((bucket) => bucket?.min ?? null),
    maxs: buckets.map((bucket) => bucket?.max ?? null),
    percentiles: percentilesOf(whole.means, level.stepMs),
  };
}
