import type { Overview, Problem } from "@wheelhouse/shared/overview.ts";

/** Positions are shares (0–1) of a range that ends at `endMs`. */
export type Lanes = {
  startMs: number;
  endMs: number;
  bars: { problem: Problem; from: number; startsEarlier: boolean }[];
  /** `room`: width up to the next mark; longer labels are cut. */
  marks: { key: string; at: number; text: string | null; room: number }[];
};

const rangeMs = 60 * 60_000;
/** A mark with less room than this share of the width has no label. */
const labelRoomMin = 0.12;

/** One lane per problem and one for changes over the last hour, so that cause and effect appear together. */
export const placeLanes = (
  problems: readonly Problem[],
  changes: Overview["recentChanges"],
  endMs: number,
): Lanes => {
  const startMs = endMs - rangeMs;
  const place = (iso: string) => (Date.parse(iso) - startMs) / rangeMs;
  const placed = changes
    .map((change) => ({ change, at: place(change.at) }))
    .filter(({ at }) => at >= 0 && at <= 1)
    .sort((a, b) => a.at - b.at);
  const marks = placed.map(({ change, at }, index) => {
    const room = (placed[index + 1]?.at ?? 1) - at;
    return { key: `${change.at} ${change.text}`, at, room, text: room < labelRoomMin ? null : change.text };
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
