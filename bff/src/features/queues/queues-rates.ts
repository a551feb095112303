/** What one tick tells about finished jobs: how many within how much observed time. */
type Slice = { coveredMs: number; completed: number; failed: number };

export type RateReading = {
  /** Time of the Redis server. */
  nowMs: number;
  /** Counters that a worker with metrics keeps; null without. */
  metrics: { completed: number; failed: number } | null;
  events: {
    /** Length of the stream. */
    length: number;
    /** Most entries that this reading was allowed to take. */
    allowed: number;
    taken: number;
    completed: number;
    failed: number;
    /** Id of the last entry taken, `<ms>-<number>`. */
    lastId: string;
    /** Measured size of an entry, null when this reading did not measure. */
    entryBytes: number | null;
  };
  /** Number of the last job, where there are no events. */
  lastJob: number | null;
  active: number;
};

const windowMs = 60_000;
const knownAfterMs = 10_000;
const mostEntries = 100;
// An entry holds what the job returned, so its size is not ours to bound; this much is read of a queue in a tick.
const mostBytes = 64 * 1024;
const measureEveryMs = 60_000;
const farBehindMs = 5_000;

/**
 * Rates of one queue over the last minute, per minute, from what BullMQ itself counts: the metrics of its workers
 * where they are on, else the `completed` and `failed` entries of its event stream. When more happens than may be
 * read, what was read counts for the time that it covers, and what is more than 5 s behind is skipped, so that the
 * rate stays a measurement. Null until 10 s are covered, or when neither is there.
 */
export function createQueueRates() {
  let slices: Slice[] = [];
  let previous: RateReading | undefined;
  let cursorMs: number | undefined;
  let cursor = "-";
  let most = 0;
  let measuredAtMs = Number.NEGATIVE_INFINITY;
  let asked = 0;

  const cover = (slice: Slice) => {
    slices.push(slice);
    let total = slices.reduce((sum, { coveredMs }) => sum + coveredMs, 0);
    while (slices.length > 1 && total - (slices[0]?.coveredMs ?? 0) >= windowMs) {
      total -= slices[0]?.coveredMs ?? 0;
      slices = slices.slice(1);
    }
  };

  const byMetrics = (reading: RateReading, before: RateReading) => {
    if (!reading.metrics || !before.metrics) return false;
    const completed = reading.metrics.completed - before.metrics.completed;
    const failed = reading.metrics.failed - before.metrics.failed;
    // A counter that fell was deleted; nothing is known of this tick.
    if (completed >= 0 && failed >= 0) cover({ coveredMs: reading.nowMs - before.nowMs, completed, failed });
    return true;
  };

  return {
    /** What the next reading shall ask for: first entry, most entries (-1: measure their size). */
    ask(nowMs: number): { cursor: string; most: number } {
      const withMetrics = previous?.metrics !== null && previous !== undefined;
      if (withMetrics) asked = 0;
      else if (nowMs - measuredAtMs >= measureEveryMs) asked = -1;
      else asked = most;
      return { cursor, most: asked };
    },
    add(reading: RateReading) {
      const before = previous;
      previous = reading;
      if (before && byMetrics(reading, before)) return;
      const { events, nowMs } = reading;
      if (events.entryBytes !== null) {
        measuredAtMs = nowMs;
        most = Math.min(mostEntries, Math.floor(mostBytes / Math.max(1, events.entryBytes)));
        // What happened until the first reading is history; after that the stream goes on where it was left.
        if (cursorMs === undefined) {
          cursorMs = nowMs;
          cursor = `${nowMs}-0`;
        }
        return;
      }
      if (events.length === 0) {
        const still = before && reading.lastJob === before.lastJob && reading.active + before.active === 0;
        if (still) cover({ coveredMs: nowMs - before.nowMs, completed: 0, failed: 0 });
        measuredAtMs = Number.NEGATIVE_INFINITY;
        cursorMs = nowMs;
        cursor = `${nowMs}-0`;
        return;
      }
      // The budget of the call was used up by others: the next reading goes on from here.
      if (events.allowed === 0 || cursorMs === undefined) return;
      const { completed, failed, taken } = events;
      const cut = taken === events.allowed;
      const [lastMs = nowMs, lastNumber = 0] = events.lastId.split("-").map(Number);
      const untilMs = cut ? lastMs : nowMs;
      if (untilMs > cursorMs) cover({ coveredMs: untilMs - cursorMs, completed, failed });
      if (taken > 0) cursor = `${lastMs}-${lastNumber + 1}`;
      cursorMs = untilMs;
      if (nowMs - untilMs > farBehindMs) {
        cursor = `${nowMs}-0`;
        cursorMs = nowMs;
      }
    },
    /** Per minute. */
    read(): { completedPerMinute: number | null; failedPerMinute: number | null } {
      const coveredMs = slices.reduce((sum, slice) => sum + slice.coveredMs, 0);
      if (coveredMs < knownAfterMs) return { completedPerMinute: null, failedPerMinute: null };
      const perMinute = (of: "completed" | "failed") =>
        Math.round((slices.reduce((sum, slice) => sum + slice[of], 0) / coveredMs) * 600_000) / 10;
      return { completedPerMinute: perMinute("completed"), failedPerMinute: perMinute("failed") };
    },
  };
}
