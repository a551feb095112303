import type { ObjectiveDefinition } from "@wheelhouse/shared/alerts/objectives.ts";

/** Good and all of each step; null where nothing is known. */
export type Steps = { stepMs: number; good: readonly (number | null)[]; all: readonly (number | null)[] };

const minute = 60_000;
export const burnWindows = { m5: 5 * minute, m30: 30 * minute, h1: 60 * minute, h6: 360 * minute } as const;
const dayMs = 86_400_000;

/** The share of good in the newest steps; null without any. */
export function shareIn({ stepMs, good, all }: Steps, spanMs: number): number | null {
  const count = Math.max(1, Math.round(spanMs / stepMs));
  let [sumGood, sumAll] = [0, 0];
  for (let at = Math.max(0, all.length - count); at < all.length; at += 1) {
    const [isGood, of] = [good[at] ?? null, all[at] ?? null];
    if (isGood === null || of === null) continue;
    sumGood += isGood;
    sumAll += of;
  }
  return sumAll === 0 ? null : sumGood / sumAll;
}

/** How many times faster than allowed the budget burns, at this share of good. */
export const burnOf = (
  share: number | null,
  { target }: Pick<ObjectiveDefinition, "target">,
): number | null => (share === null ? null : (1 - share) / (1 - target));

/** What is left of the budget of the whole window; 1 is untouched, below 0 it is overdrawn. */
export const budgetLeft = (
  share: number | null,
  { target }: Pick<ObjectiveDefinition, "target">,
): number | null => (share === null ? null : 1 - (1 - share) / (1 - target));

/** Days of a window of which something is known. */
export const knownDays = ({ stepMs, all }: Steps): number =>
  Math.round(((all.filter((each) => each !== null).length * stepMs) / dayMs) * 10) / 10;
