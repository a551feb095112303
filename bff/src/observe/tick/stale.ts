const intervalsUntilStale = 2;
const shortestStaleMs = 3_000;

/** Older than two intervals, 3 s at least. */
export const isStale = (observedAt: string | null, intervalMs: number, nowMs: number) =>
  observedAt !== null &&
  nowMs - Date.parse(observedAt) > Math.max(intervalsUntilStale * intervalMs, shortestStaleMs);
