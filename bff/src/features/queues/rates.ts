/** Jobs finished within a span of observed time. */
type Slice = { coveredMs: number; completed: number; failed: number };

export type RateReading = {
  /** The Redis server's time. */
  nowMs: number;
  /** Counters kept by a worker with metrics; null without metrics, or when this reading did not look. */
  metrics: { completed: number; failed: number } | null;
  /** The part of the event stream that this reading covers. */
  events: {
    /** Most entries that this reading could take; 0 when it read none. */
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
// Entries hold job results of any size, so this caps how much is read per queue and tick.
const mostBytes = 64 * 1024;
const lookEveryMs = 60_000;
const farBehindMs = 5_000;

/**
 * A queue's rates over the last minute, from BullMQ's own data: worker metrics where enabled, else the
 * `completed` and `failed` entries of the event stream. When there are more entries than may be read, the
 * rate covers only the time of those read; a backlog of more than 5 s is skipped to keep the rate current.
 * Null until 10 s are covered, or without either source.
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
    // A counter that decreased was deleted, so this tick has no known figures.
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
      // Events before the first reading do not count; later readings resume where the last one stopped.
      if (cursorMs === undefined) startAt(nowMs);
      return;
    }
    // Without a stream only one case is certain: if no job came and none ran, none finished.
    way = "look";
    if (before?.look && before.look.lastJob === look.lastJob && before.active + active === 0)
      cover({ coveredMs: nowMs - before.nowMs, completed: 0, failed: 0 });
    startAt(nowMs);
  };

  const byEvents = ({ events, nowMs }: RateReading) => {
    // Nothing was requested, or other queues used up the budget; the next reading resumes from here.
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
    /** What the next reading should request: first entry and most entries (0: none, -1: find out how to count). */
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
