import type { HealthState } from "@wheelhouse/shared/health.ts";

export type Verdict = { state: HealthState; label: string; cause: string | null };
/** A verdict that has lasted, and the different one that may follow it. */
export type Steady = Verdict & {
  sinceMs: number;
  pending: { key: string; times: number; sinceMs: number } | null;
};

const timesToWorsen = 3;
const timesToRecover = 2;
const rank: Record<HealthState, number> = { ok: 0, unknown: 1, degraded: 2, down: 3 };
const keyOf = ({ state, label }: Verdict) => `${state}/${label}`;

/**
 * Takes the next verdict in. A change for the worse must be seen three times in a row, one for the better twice, so
 * that a single slow answer starts no alarm and a single good one ends none; `since` is then the first of them.
 * The first verdict of all, and what `atOnce` says (an act, such as pausing), holds immediately.
 */
export function settle(before: Steady | undefined, verdict: Verdict, atMs: number, atOnce = false): Steady {
  if (!before) return { ...verdict, sinceMs: atMs, pending: null };
  const key = keyOf(verdict);
  if (key === keyOf(before)) return { ...before, cause: verdict.cause, pending: null };
  if (atOnce || before.state === "unknown") return { ...verdict, sinceMs: atMs, pending: null };
  const pending =
    before.pending?.key === key
      ? { ...before.pending, times: before.pending.times + 1 }
      : { key, times: 1, sinceMs: atMs };
  const needed = rank[verdict.state] < rank[before.state] ? timesToRecover : timesToWorsen;
  return pending.times >= needed
    ? { ...verdict, sinceMs: pending.sinceMs, pending: null }
    : { ...before, pending };
}
