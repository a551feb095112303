import { sortRows } from "@wheelhouse/shared/live/message.ts";
import { type QueueList, type QueueRow, queueTopic } from "@wheelhouse/shared/queues.ts";
import type { Filter, FilterKey } from "#ui/filter/filter-tokens.ts";

/**
 * One line of the table. Unchanged lines keep their identity, so that they do not render again. `was`: the
 * last badge before the queue became unreadable; null while it is readable or when none is known.
 */
export type QueueView = { row: QueueRow; trend: readonly (number | null)[]; was: string | null };

export type OtherQueue = NonNullable<QueueList["others"]>[number];

/** The page's copy of the list, in the topic's order. */
export type QueuesState = {
  observedAt: string | null;
  intervalMs: number;
  views: readonly QueueView[];
  workers: QueueList["workers"];
  /** Queues of other systems, and how many more there are. */
  others: readonly OtherQueue[];
  othersLeft: number;
  /** Servers on which not all queues can be found. */
  undiscovered: NonNullable<QueueList["undiscovered"]>;
  /** Time of the last trend value, and the interval between values. */
  trendsAt: string | null;
  trendIntervalMs: number;
};

/** Null while its figures are not known. */
const waitingOf = (row: QueueRow): number | null =>
  row.state === "unknown" ? null : row.counts.waiting + row.counts.prioritized;

/** The fields that only complete lists carry. */
export const beside = ({ workers, others, othersLeft, undiscovered }: QueueList) => ({
  workers,
  others: others ?? [],
  othersLeft: othersLeft ?? 0,
  undiscovered: undiscovered ?? [],
});

const wasOf = (row: QueueRow, before: QueueView | undefined): string | null => {
  if (row.state !== "unknown" || before === undefined) return null;
  return before.row.state === "unknown" ? before.was : before.row.label;
};

/** Builds the state for a complete list; `before` supplies the last badges of queues that are now unreadable. */
export const fromList = (list: QueueList, before?: QueuesState): QueuesState => ({
  observedAt: list.observedAt,
  intervalMs: list.intervalMs,
  views: sortRows(queueTopic, list).items.map((row) => ({
    row,
    trend: list.trends[row.id]?.values ?? [],
    was: wasOf(
      row,
      before?.views.find((view) => view.row.id === row.id),
    ),
  })),
  ...beside(list),
  trendsAt: list.observedAt,
  trendIntervalMs: Object.values(list.trends)[0]?.intervalMs ?? 10_000,
});

const lengthMax = 60;

/**
 * Applies the rows of a message. Trends have no messages of their own, so a point is added each time their
 * interval passes.
 */
export const moveRows = (
  state: QueuesState,
  { observedAt, intervalMs, items }: Pick<QueueList, "observedAt" | "intervalMs" | "items">,
): QueuesState => {
  const { trendsAt, trendIntervalMs } = state;
  const sinceTrendMs =
    trendsAt === null || observedAt === null ? 0 : Date.parse(observedAt) - Date.parse(trendsAt);
  const points = Math.floor(sinceTrendMs / trendIntervalMs);

  const extend = (trend: QueueView["trend"], row: QueueRow): QueueView["trend"] => {
    if (points < 1) return trend;
    const missed = Array.from({ length: Math.min(points - 1, lengthMax) }, () => null);
    return [...trend, ...missed, waitingOf(row)].slice(-Math.max(trend.length, lengthMax));
  };
  const known = new Map(state.views.map((view) => [view.row.id, view]));
  return {
    ...state,
    observedAt,
    intervalMs,
    views: items.map((row): QueueView => {
      const view = known.get(row.id);
      if (view === undefined) return { row, trend: [waitingOf(row)], was: null };
      const trend = extend(view.trend, row);
      return row === view.row && trend === view.trend ? view : { row, trend, was: wasOf(row, view) };
    }),
    trendsAt:
      points < 1 || trendsAt === null
        ? trendsAt
        : new Date(Date.parse(trendsAt) + points * trendIntervalMs).toISOString(),
  };
};

const states = [
  { value: "no-worker", label: "No worker" },
  { value: "old-jobs", label: "Old jobs" },
  { value: "failing", label: "Failing" },
  { value: "paused", label: "Paused" },
  { value: "unknown", label: "Unknown" },
  { value: "ok", label: "OK" },
] as const;

const slugOf = (label: string): string => label.toLowerCase().replaceAll(" ", "-");

/** Keys of the queue filter; prefixes and sources are those in the list. */
export const queueFilterKeys = (views: readonly QueueView[]): readonly FilterKey[] => {
  const namesOf = (pick: (view: QueueView) => string) =>
    [...new Set(views.map(pick))].sort().map((value) => ({ value }));
  const prefixes = namesOf(({ row }) => row.prefix);
  const sources = namesOf(({ row }) => row.source);
  return [
    { key: "state", values: states },
    ...(prefixes.length > 1 ? [{ key: "prefix", values: prefixes }] : []),
    ...(sources.length > 1 ? [{ key: "source", values: sources }] : []),
  ];
};

/** The views that match every token (a comma means "or") and whose name contains every word of the text. */
export const filterQueues = (views: readonly QueueView[], filter: Filter): readonly QueueView[] => {
  if (filter.tokens.length === 0 && filter.text === "") return views;
  const wanted = filter.text.toLowerCase().split(/\s+/);
  return views.filter(({ row }) => {
    const named = `${row.name} ${row.prefix}`.toLowerCase();
    return (
      wanted.every((word) => named.includes(word)) &&
      filter.tokens.every(({ key, value }) => {
        const actual = key === "state" ? slugOf(row.label) : key === "prefix" ? row.prefix : row.source;
        return value.split(",").includes(actual);
      })
    );
  });
};

/** The queues of other systems that match; they have no state and no prefix to filter by. */
export const filterOthers = (others: readonly OtherQueue[], filter: Filter): readonly OtherQueue[] => {
  const wanted = filter.text.toLowerCase().split(/\s+/);
  return others.filter(({ name, key, system, source }) => {
    const named = `${name} ${key} ${system}`.toLowerCase();
    return (
      wanted.every((word) => named.includes(word)) &&
      filter.tokens.every((token) => token.key === "source" && token.value.split(",").includes(source))
    );
  });
};
