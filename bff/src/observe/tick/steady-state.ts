import type { HealthState } from "@wheelhouse/shared/health/health.ts";

export type Verdict = { state: HealthState; label: string; cause: string | null };
/** A verdict that has lasted, and the different one that may follow it. */
export type Steady = Verdict & {
  sinceMs: number;
  pending: { key: string; times: number; sinceMs: number } | null;
};

/** How many consecutive verdicts a change needs. */
export type Patience = { downAfter: number; upAfter: number };
const usualPatience: Patience = { downAfter: 3, upAfter: 2 };
const rank: Record<HealthState, number> = { ok: 0, unknown: 1, degraded: 2, down: 3 };
const keyOf = ({ state, label }: Verdict) => `${state}/${label}`;

/**
 * Takes in the next verdict. A change for the worse needs `downAfter` verdicts in a row, one for the better `upAfter`,
 * so that a single slow answer starts no alarm and a single good one ends none; `since` is the time of the first of
 * them. The first verdict of all, and any with `atOnce` (an operator's action such as pausing), takes effect
 * immediately. `weight` is the number of verdicts that it counts for, if a check took as long as several.
 */
export function settle(
  before: Steady | undefined,
  verdict: Verdict,
  atMs: number,
  options: Partial<Patience> & { atOnce?: boolean; weight?: number } = {},
): Steady {
  const { downAfter, upAfter, atOnce = false, weight = 1 } = { ...usualPatience, ...options };
  if (!before) return { ...verdict, sinceMs: atMs, pending: null };
  const key = keyOf(verdict);
  if (key === keyOf(before)) return { ...before, cause: verdict.cause, pending: null };
  if (atOnce || before.state === "unknown") return { ...verdict, sinceMs: atMs, pending: null };
  const pending =
    before.pending?.key === key
      ? { ...before.pending, times: before.pending.times + weight }
      : { key, times: weight, sinceMs: atMs };
  const needed = rank[verdict.state] < rank[before.state] ? upAfter : downAfter;
  return pending.times >= needed
    ? { ...verdict, sinceMs: pending.sinceMs, pending: null }
    : { ...before, pending };
}
