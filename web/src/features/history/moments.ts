import type { Annotation } from "@wheelhouse/shared/history.ts";

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const dayMs = 24 * hourMs;

/** Lengths of the scrubber's track, with what they are called. */
export const spans = [
  { ms: hourMs, name: "1 h" },
  { ms: 6 * hourMs, name: "6 h" },
  { ms: dayMs, name: "24 h" },
  { ms: 7 * dayMs, name: "7 d" },
  { ms: 30 * dayMs, name: "30 d" },
  { ms: 390 * dayMs, name: "13 months" },
] as const;

/** The chosen length, or the first longer one that reaches back to the moment. */
export const spanFor = (chosenMs: number, momentMs: number | null, nowMs: number): number => {
  if (momentMs === null || nowMs - momentMs < chosenMs) return chosenMs;
  return spans.find(({ ms }) => ms > nowMs - momentMs)?.ms ?? spans[5].ms;
};

/** Nearest thing that happened before or after a moment; null when none is known on the track. */
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

/** A moment of the past as it stands in the address; null is now. */
export const momentAt = (ms: number, nowMs: number): string | null =>
  ms >= nowMs ? null : new Date(ms).toISOString();
