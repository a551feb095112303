/** What one tick tells about finished jobs: how many within how much observed time. */
type Slice = { coveredMs: number; completed: number; failed: number };

export type RateReading = {
  /** Time of the Redis server. */
  nowMs: number;
  /** Counters that a worker with metrics keeps; null without, or when it was not looked. */
  metrics: { completed: number; failed: number } | null;
  /** What was read of the event stream. */
  events: {
    /** Most entries that this reading was allowed to take; 0 when it was to take none. */
    allowed: number;
    taken: number;
    completed: number;
    failed: number;
    /** Id of the last entry taken, `<ms>-<number>`. */
    lastId: string;
  };
  /** How finished jobs can be counted; null when this reading did not look. */
  look: {
    /** Null without a stream. */
    entryBytes: number | null;
    /** Number of the newest job. */
    lastJob: number;
  } | null;
  active: number;
};

const windowMs = 60_000;
const knownAfterMs = 10_000;
const mostEntries = 100;
// An entry holds what the job returned, so its size is not ours to bound; this much is read of a queue in a tick.
const mostBytes = 64 * 1024;
const lookEveryMs = 60_000;
const farBehindMs = 5_000;

/**
 * Rates of one queue over the last minute, per minute, from what BullMQ itself counts: the metrics of its workers
 * where they are on, else the `completed` and `failed` entries of its event stream. When more happens than may be
 * read, what was read counts for the time that it covers, and what is more than 5 s behind is skipped, so that the
 * rate stays a measurement. Null until 10 s are covered, or when neither is there.
 */
export function createQueueRates() {
  let slices: Slice[] = [];
  let way: "look" | "metrics" | "events" = "look";
  let lookedAtMs = Number.NEGATIVE_INFINITY;
  let before: Pick<RateReading, "nowMs" | "metrics" | "active" | "look"> | undefined;
  let cursor = "-";
  let cursorMs: number | undefined;
  let most = 0;

  const cover = (slice: Slice) => {
    slices.push(slice);
    let total = slices.reduce((sum, { coveredMs }) => sum + coveredMs, 0);
    while (slices.length > 1 && total - (slices[0]?.coveredMs ?? 0) >= windowMs) {
      total -= slices[0]?.coveredMs ?? 0;
      slices = slices.slice(1);
    }
  };

  const byMetrics = ({ metrics, nowMs }: RateReading) => {
    if (!metrics || !before?.metrics) return;
    const completed = metrics.completed - before.metrics.completed;
    const failed = metrics.failed - before.metrics.failed;
    // A counter that fell was deleted; nothing is known of this tick.
    if (completed >= 0 && failed >= 0) cover({ coveredMs: nowMs - before.nowMs, completed, failed });
  };

  const startAt = (nowMs: number) => {
    cursor = `${nowMs}-0`;
    cursorMs = nowMs;
  };

  const choose = ({ metrics, look, nowMs, active }: RateReading) => {
    if (!look) return;
    lookedAtMs = nowMs;
    if (metrics) {
      way = "metrics";
      return;
    }
    if (look.entryBytes !== null) {
      most = Math.min(mostEntries, Math.floor(mostBytes / Math.max(1, look.entryBytes)));
      way = "events";
      // What happened until the first reading is history; after that the stream goes on where it was left.
      if (cursorMs === undefined) startAt(nowMs);
      return;
    }
    // Without a stream only this is known: where no job came and none ran, none finished.
    way = "look";
    if (before?.look && before.look.lastJob === look.lastJob && before.active + active === 0)
      cover({ coveredMs: nowMs - before.nowMs, completed: 0, failed: 0 });
    startAt(nowMs);
  };

  const byEvents = ({ events, nowMs }: RateReading) => {
    // Nothing was asked for, or the budget of the call was used up by others: the next reading goes on from here.
    if (events.allowed === 0 || cursorMs === undefined) return;
    const { completed, failed, taken } = events;
    const [lastMs = nowMs, lastNumber = 0] = events.lastId.split("-").map(Number);
    const untilMs = taken === events.allowed ? lastMs : nowMs;
    if (untilMs > cursorMs) cover({ coveredMs: untilMs - cursorMs, completed, failed });
    if (taken > 0) cursor = `${lastMs}-${lastNumber + 1}`;
    cursorMs = untilMs;
    if (nowMs - untilMs > farBehindMs) startAt(nowMs);
  };

  return {
    /** What the next reading shall ask for: first entry, and most entries (0: none, -1: look how to count). */
    ask(nowMs: number): { cursor: string; most: number } {
      if (way === "look" || nowMs - lookedAtMs >= lookEveryMs) return { cursor, most: -1 };
      return { cursor, most: way === "metrics" ? 0 : most };
    },
    add(reading: RateReading) {
      byMetrics(reading);
      choose(reading);
      byEvents(reading);
      before = reading;
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
