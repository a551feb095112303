import type { Overview, Problem } from "@wheelhouse/shared/health.ts";

/** Places are parts (0–1) of a range that ends at `endMs`. */
export type Lanes = {
  startMs: number;
  endMs: number;
  bars: { problem: Problem; from: number; startsEarlier: boolean }[];
  marks: { key: string; at: number; text: string | null }[];
};

const rangeMs = 60 * 60_000;
/** Two labels nearer than this part of the width would lie over each other. */
const labelGap = 0.3;

/** One lane a problem and one for the changes, over the last hour, so that cause and effect are seen together. */
export const placeLanes = (
  problems: readonly Problem[],
  changes: Overview["recentChanges"],
  endMs: number,
): Lanes => {
  const startMs = endMs - rangeMs;
  const place = (iso: string) => (Date.parse(iso) - startMs) / rangeMs;
  let labelledUpTo = Number.NEGATIVE_INFINITY;
  const marks = changes
    .map((change) => ({ change, at: place(change.at) }))
    .filter(({ at }) => at >= 0 && at <= 1)
    .sort((a, b) => a.at - b.at)
    .map(({ change, at }) => {
      const hasRoom = at - labelledUpTo >= labelGap && at <= 1 - labelGap / 2;
      if (hasRoom) labelledUpTo = at;
      return { key: `${change.at} ${change.text}`, at, text: hasRoom ? change.text : null };
    });
  return {
    startMs,
    endMs,
    bars: problems.map((problem) => {
      const from = place(problem.since);
      return { problem, from: Math.min(Math.max(from, 0), 0.995), startsEarlier: from < 0 };
    }),
    marks,
  };
};
