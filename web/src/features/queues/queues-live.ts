import type { QueueChanges } from "@wheelhouse/shared/live.ts";
import type { QueueList, QueueRow } from "@wheelhouse/shared/queues.ts";

/**
 * One line of the table. Its identity changes only when row or trend did, so that other lines need not draw.
 * `was`: the badge before the queue could no longer be read, null while it is read or when none is known.
 */
export type QueueView = { row: QueueRow; trend: readonly (number | null)[]; was: string | null };

/** The list as a page holds it. `seq`: number of the last live message, null before the first. */
export type QueuesState = {
  seq: number | null;
  observedAt: string | null;
  intervalMs: number;
  views: readonly QueueView[];
  workers: QueueList["workers"];
  /** Time of the last value in the trends, and the time between two. */
  trendsAt: string | null;
  trendIntervalMs: number;
};

const worst = (row: QueueRow): number => {
  if (row.paused) return 4;
  if (row.state === "down") return 0;
  if (row.state === "degraded") return row.label === "Old jobs" ? 1 : 2;
  return row.state === "unknown" ? 3 : 5;
};

const byWorst = (a: QueueView, b: QueueView): number =>
  worst(a.row) - worst(b.row) || a.row.name.localeCompare(b.row.name) || a.row.id.localeCompare(b.row.id);

const waitingOf = (row: QueueRow): number => row.counts.waiting + row.counts.prioritized;

const wasOf = (row: QueueRow, before: QueueView | undefined): string | null => {
  if (row.state !== "unknown" || before === undefined) return null;
  return before.row.state === "unknown" ? before.was : before.row.label;
};

/** The state that a whole list describes. `before` tells what queues were that cannot be read now. */
export const fromList = (list: QueueList, seq: number | null, before?: QueuesState): QueuesState => ({
  seq,
  observedAt: list.observedAt,
  intervalMs: list.intervalMs,
  views: list.items
    .map((row) => ({
      row,
      trend: list.trends[row.id]?.values ?? [],
      was: wasOf(
        row,
        before?.views.find((view) => view.row.id === row.id),
      ),
    }))
    .sort(byWorst),
  workers: list.workers,
  trendsAt: list.observedAt,
  trendIntervalMs: Object.values(list.trends)[0]?.intervalMs ?? 10_000,
});

const lengthMax = 60;

/**
 * Applies one message of changes. `gap` when its number does not follow: the whole has to be asked for again.
 * Trends carry no messages of their own: a point is added when their interval has passed.
 */
export const applyChanges = (state: QueuesState, changes: QueueChanges): QueuesState | "gap" => {
  if (state.seq === null || changes.seq !== state.seq + 1) return "gap";
  const changed = new Map(changes.changed.map((row) => [row.id, row]));
  const removed = new Set(changes.removed);
  const sinceTrendMs =
    state.trendsAt === null ? 0 : Date.parse(changes.observedAt) - Date.parse(state.trendsAt);
  const points = Math.floor(sinceTrendMs / state.trendIntervalMs);

  const extend = (trend: QueueView["trend"], row: QueueRow): QueueView["trend"] => {
    if (points < 1) return trend;
    const missed = Array.from({ length: Math.min(points - 1, lengthMax) }, () => null);
    return [...trend, ...missed, waitingOf(row)].slice(-Math.max(trend.length, lengthMax));
  };
  const kept = state.views
    .filter(({ row }) => !removed.has(row.id))
    .map((view) => {
      const row = changed.get(view.row.id) ?? view.row;
      const trend = extend(view.trend, row);
      return row === view.row && trend === view.trend ? view : { row, trend, was: wasOf(row, view) };
    });
  const known = new Set(state.views.map(({ row }) => row.id));
  const added = changes.changed
    .filter(({ id }) => !known.has(id))
    .map((row): QueueView => ({ row, trend: [waitingOf(row)], was: null }));
  return {
    ...state,
    seq: changes.seq,
    observedAt: changes.observedAt,
    intervalMs: changes.intervalMs,
    views: [...kept, ...added].sort(byWorst),
    trendsAt:
      points < 1 || state.trendsAt === null
        ? state.trendsAt
        : new Date(Date.parse(state.trendsAt) + points * state.trendIntervalMs).toISOString(),
  };
};
