import type { RunRates } from "@wheelhouse/shared/runs.ts";

/** A rate that holds until the next step, items per second. */
export type RateStep = { atMs: number; rate: number };

/** The rate between each two moments, as steps from the first moment to the last. */
export const rateSteps = (points: RunRates[number]["points"]): RateStep[] => {
  const steps: RateStep[] = [];
  let before = points[0];
  for (const point of points.slice(1)) {
    if (before === undefined) break;
    const seconds = (Date.parse(point.at) - Date.parse(before.at)) / 1000;
    if (seconds > 0)
      steps.push({ atMs: Date.parse(before.at), rate: Math.max(0, (point.sent - before.sent) / seconds) });
    before = point;
  }
  return steps;
};

export type RunCounts = { total: number; sent: number; succeeded: number; failed: number; skipped: number };

/** Items that have not begun yet. */
export const remainingOf = ({ total, sent, skipped }: RunCounts): number => total - sent - skipped;
