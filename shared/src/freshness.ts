/** Fields of every response based on observations. */
export type Observation = { observedAt: string | null; intervalMs: number };
export type Freshness = { state: "fresh" | "stale" | "unknown"; ageMs: number | null };

// Tolerates one late sample of a source with a short interval.
const graceMs = 3_000;
const staleIntervals = 2;
const unknownIntervals = 5;

/** Age in ms above which an observation is stale. */
export const staleAfterMs = (intervalMs: number): number => Math.max(staleIntervals * intervalMs, graceMs);

/** Age in ms above which an observation no longer tells the current state. */
export const unknownAfterMs = (intervalMs: number): number =>
  Math.max(unknownIntervals * intervalMs, graceMs);

/** True for an observation that is too old. Without any observation the state is unknown, not stale. */
export const isStale = (observedAt: string | null, intervalMs: number, nowMs: number): boolean =>
  observedAt !== null && nowMs - Date.parse(observedAt) > staleAfterMs(intervalMs);

/** Judges data by its own age, never by the state of a connection. */
export function judgeFreshness({ observedAt, intervalMs }: Observation, nowMs: number): Freshness {
  if (observedAt === null) return { state: "unknown", ageMs: null };
  const ageMs = Math.max(nowMs - Date.parse(observedAt), 0);
  if (ageMs > unknownAfterMs(intervalMs)) return { state: "unknown", ageMs };
  return { state: ageMs > staleAfterMs(intervalMs) ? "stale" : "fresh", ageMs };
}
