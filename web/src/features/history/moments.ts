import type { Annotation } from "@wheelhouse/shared/history.ts";

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const dayMs = 24 * hourMs;

/** Lengths of the scrubber's track with their labels. */
export const spans = [
  { ms: hourMs, name: "1 hour" },
  { ms: 6 * hourMs, name: "6 hours" },
  { ms: dayMs, name: "24 hours" },
  { ms: 7 * dayMs, name: "7 days" },
  { ms: 30 * dayMs, name: "30 days" },
  { ms: 390 * dayMs, name: "13 months" },
] as const;

/** The chosen length, or the next longer one that reaches back to the moment. */
export const spanFor = (chosenMs: number, momentMs: number | null, nowMs: number): number => {
  if (momentMs === null || nowMs - momentMs < chosenMs) return chosenMs;
  return spans.find(({ ms }) => ms > nowMs - momentMs)?.ms ?? spans[5].ms;
};

/** Nearest event before or after a moment; null when the track has none. */
export const neighbourOf = (
  marks: readonly Pick<Annotation, "at">[],
  momentMs: number,
  direction: "before" | "after",
): string | null => {
  const times = marks.map(({ at }) => at).sort();
  const found =
    direction === "before"
      ? times.findLast((at) => Date.parse(at) < momentMs)
      : times.find((at) => Date.parse(at) > momentMs);
  return found ?? null;
};

/** A past moment as it appears in the URL; null means now. */
export const momentAt = (ms: number, nowMs: number): string | null =>
  ms >= nowMs ? null : new Date(ms).toISOString();
