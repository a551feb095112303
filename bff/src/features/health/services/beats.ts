import type { HealthState } from "@wheelhouse/shared/health/health.ts";

const most = 60;
const letters: Record<HealthState, string> = { ok: "o", degraded: "d", down: "x", unknown: "u" };

/** The bar of the last 60 checks: one letter per interval, however many checks ran in it. */
export type Beats = { text: string; atMs: number | null };

/** A check that comes sooner after the last beat was out of turn, e.g. to confirm a change. */
const shortestIntervals = 0.75;
/** Data older than two intervals is stale everywhere. */
const staleIntervals = 2;

/**
 * Adds the check that ended since the last call. `state`: null when none did. Each interval that would be
 * stale is marked as without data.
 */
export function addBeat(
  { text, atMs }: Beats,
  { state, isMaintained }: { state: HealthState | null; isMaintained: boolean },
  { nowMs, intervalMs }: { nowMs: number; intervalMs: number },
): Beats {
  const letter = state === null ? "" : isMaintained ? "m" : letters[state];
  if (atMs === null) return letter === "" ? { text, atMs } : { text: letter, atMs: nowMs };
  const passed = (nowMs - atMs) / intervalMs;
  const missed = passed > staleIntervals ? Math.floor(passed) - 1 : 0;
  const heard = `${text}${"-".repeat(Math.min(missed, most))}`.slice(-most);
  if (letter === "" || passed - missed < shortestIntervals)
    return { text: heard, atMs: atMs + missed * intervalMs };
  return { text: `${heard}${letter}`.slice(-most), atMs: nowMs };
}
