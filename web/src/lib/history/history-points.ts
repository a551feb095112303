import type { Annotation, HistorySeries } from "@wheelhouse/shared/history.ts";

/** One step of a chart: the middle of its period, and one value per metric; null without data. */
export type Point = { atMs: number; values: readonly (number | null)[] };
/** Lowest and highest value of a step, for the first metric. */
export type Extremes = { atMs: number; range: readonly [number, number] | null };

type Bounds = { fromMs: number; toMs: number };

/** Steps of a range in order, with the values of the given metrics. */
export const pointsOf = (answer: HistorySeries, metrics: readonly string[], bounds: Bounds): Point[] => {
  const lists = metrics.map(
    (metric) => answer.series.find((series) => series.metric === metric)?.values ?? [],
  );
  const firstMs = Date.parse(answer.from);
  return Array.from({ length: Math.max(0, ...lists.map(({ length }) => length)) }, (_, at) => ({
    atMs: firstMs + (at + 0.5) * answer.stepMs,
    values: lists.map((list) => list[at] ?? null),
  })).filter(({ atMs }) => atMs >= bounds.fromMs && atMs <= bounds.toMs);
};

/** Lowest and highest values of one metric by step; empty where steps are too short to have any. */
export const extremesOf = (answer: HistorySeries, metric: string, bounds: Bounds): Extremes[] => {
  const series = answer.series.find((each) => each.metric === metric);
  if (!series?.mins || !series.maxs) return [];
  const { mins, maxs } = series;
  const firstMs = Date.parse(answer.from);
  return mins
    .map((min, at): Extremes => {
      const max = maxs[at] ?? null;
      return {
        atMs: firstMs + (at + 0.5) * answer.stepMs,
        range: min === null || max === null ? null : [min, max],
      };
    })
    .filter(({ atMs }) => atMs >= bounds.fromMs && atMs <= bounds.toMs);
};

/** Times of isolated values, because a line through a single point is invisible. */
export const loneOf = (points: readonly Point[], place: number): number[] =>
  points.flatMap(({ atMs, values }, at) => {
    const value = values[place] ?? null;
    const isJoined = [at - 1, at + 1].some((near) => (points[near]?.values[place] ?? null) !== null);
    return value === null || isJoined ? [] : [atMs];
  });

/** Lowest, highest and last value of one metric; null without data. */
export const figuresOf = (points: readonly Point[], place: number) => {
  const known = points.flatMap(({ values }) => values[place] ?? []);
  const last = known.at(-1);
  if (last === undefined) return null;
  return {
    lowest: known.reduce((least, value) => Math.min(least, value), last),
    highest: known.reduce((most, value) => Math.max(most, value), last),
    last,
  };
};

const isOwn = ({ subject }: Annotation, subjects: readonly string[]) =>
  subject !== null && subjects.includes(subject);

const priority = (annotation: Annotation, subjects: readonly string[]) =>
  annotation.source === "journal" ? (isOwn(annotation, subjects) ? 1 : 2) : 0;

/**
 * Changes to draw. When they are too many, the range is divided into `most` equal parts and each shows one: an act or a
 * deployment, else the subject's own, else another.
 */
export const drawnOf = (
  annotations: readonly Annotation[],
  subjects: readonly string[],
  { fromMs, toMs, most }: Bounds & { most: number },
): { at: Annotation; isOwn: boolean }[] => {
  const within = annotations.filter(({ at }) => Date.parse(at) >= fromMs && Date.parse(at) <= toMs);
  const drawn = new Map<number, Annotation>();
  for (const [place, each] of within.entries()) {
    const part = Math.floor(((Date.parse(each.at) - fromMs) / (toMs - fromMs)) * most);
    const slot = within.length <= most ? place : Math.min(part, most - 1);
    const there = drawn.get(slot);
    if (there === undefined || priority(each, subjects) < priority(there, subjects)) drawn.set(slot, each);
  }
  return [...drawn.values()].map((at) => ({ at, isOwn: isOwn(at, subjects) }));
};
