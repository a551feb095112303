/** A difference that stays this long is no movement between two readings. */
const settledAfterMs = 10_000;
const atMostEveryMs = 60_000;

/** States of the index, and the count of Redis that each is compared with. */
const compared: readonly (readonly [string, string])[] = [
  ["waiting", "waiting"],
  ["prioritized", "prioritized"],
  ["delayed", "delayed"],
  ["waiting-children", "waitingChildren"],
  ["failed", "failed"],
];

type Watched = { differences: string; sinceMs: number; acceptedDifferences: string | null; filledMs: number };

/**
 * Notices queues of which the index has other numbers of jobs than Redis, and keeps them, because jobs were removed or
 * added without an event. Differences that a back-fill could not mend are accepted until they change.
 */
export function driftOf() {
  const queues = new Map<number, Watched>();
  return {
    /** Whether the queue should be back-filled now. */
    isOff(
      id: number,
      index: readonly { state: string; jobs: number }[],
      redis: Readonly<Record<string, number>>,
      nowMs: number,
    ): boolean {
      const differences = compared
        .map(
          ([state, count]) => (redis[count] ?? 0) - (index.find((each) => each.state === state)?.jobs ?? 0),
        )
        .join(",");
      const known = queues.get(id) ?? {
        differences: "",
        sinceMs: nowMs,
        acceptedDifferences: null,
        filledMs: Number.NEGATIVE_INFINITY,
      };
      queues.set(id, known);
      if (differences !== known.differences) {
        known.differences = differences;
        known.sinceMs = nowMs;
      }
      // The first look after a back-fill says what it could not mend.
      if (known.acceptedDifferences === "next") known.acceptedDifferences = differences;
      const isSettled = nowMs - known.sinceMs >= settledAfterMs;
      if (/^[0,]*$/.test(differences) || differences === known.acceptedDifferences || !isSettled)
        return false;
      if (nowMs - known.filledMs < atMostEveryMs) return false;
      known.filledMs = nowMs;
      known.acceptedDifferences = "next";
      return true;
    },
  };
}
