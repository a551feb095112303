import type { HealthState } from "@wheelhouse/shared/health/health.ts";

export type Verdict = { state: HealthState; label: string; cause: string | null };
/** A verdict that has lasted, and the different one that may follow it. */
export type Steady = Verdict & {
  sinceMs: number;
  pending: { key: string; times: number; sinceMs: number } | null;
};

/** How often in a row a change must be seen before it holds. */
export type Patience = { downAfter: number; upAfter: number };
const usualPatience: Patience = { downAfter: 3, upAfter: 2 };
const rank: Record<HealthState, number> = { ok: 0, unknown: 1, degraded: 2, down: 3 };
const keyOf = ({ state, label }: Verdict) => `${state}/${label}`;

/**
 * Takes the next verdict in. A change for the worse must be seen `downAfter` times in a row, one for the better
 * `upAfter` times, so that a single slow answer starts no alarm and a single good one ends none; `since` is then the
 * first of them. The first verdict of all, and what `atOnce` says (an act, such as pausing), holds immediately.
 * `weight`: as how many verdicts it counts, for one that took the time of several.
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
