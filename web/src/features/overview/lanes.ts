import type { Overview, Problem, ProblemEffect } from "@wheelhouse/shared/overview.ts";

type Bar = {
  id: string;
  subject: string;
  state: Problem["state"];
  /** Failing only because of the problem above it. */
  isEffect: boolean;
  from: number;
  startsEarlier: boolean;
};
/** Positions are shares (0–1) of a range that ends at `endMs`. */
export type Lanes = {
  startMs: number;
  endMs: number;
  bars: Bar[];
  /** `side`: of the mark, on which its label has this `room`; null where it has none and is read on hover. */
  marks: { key: string; at: number; text: string; side: "left" | "right" | null; room: number }[];
};

const rangeMs = 60 * 60_000;
/** A mark with less room than this share of the width has no label. */
const labelRoomMin = 0.14;
const mostBars = 10;

const barsOf = ({
  effects = [],
  ...problem
}: Problem): { of: Problem | ProblemEffect; isEffect: boolean }[] => [
  { of: problem, isEffect: false },
  ...effects.map((of) => ({ of, isEffect: true })),
];

/** A lane a problem with its effects below it, and what changed in them and in their causes, over the last hour. */
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
  let takenUpTo = 0;
  const marks = placed.map(({ change, at }, index): Lanes["marks"][number] => {
    const rightRoom = (placed[index + 1]?.at ?? 1) - at;
    const leftRoom = at - takenUpTo;
    const side = rightRoom >= labelRoomMin ? "right" : leftRoom >= labelRoomMin ? "left" : null;
    takenUpTo = side === "right" ? at + rightRoom : at;
    const key = `${change.at} ${change.text}`;
    return { key, at, text: change.text, side, room: side === "left" ? leftRoom : rightRoom };
  });
  return {
    startMs,
    endMs,
    marks,
    bars: problems
      .flatMap(barsOf)
      .slice(0, mostBars)
      .map(({ of, isEffect }) => {
        const from = place(of.since);
        return {
          id: of.id,
          subject: of.subject,
          state: of.state,
          isEffect,
          from: Math.min(Math.max(from, 0), 0.995),
          startsEarlier: from < 0,
        };
      }),
  };
};
