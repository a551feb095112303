import type { Filter, FilterKey } from "#ui/filter/filter-tokens.ts";
import type { QueueView } from "./live.ts";

const states = [
  { value: "no-worker", label: "No worker" },
  { value: "old-jobs", label: "Old jobs" },
  { value: "failing", label: "Failing" },
  { value: "paused", label: "Paused" },
  { value: "unknown", label: "Unknown" },
  { value: "ok", label: "OK" },
] as const;

const slugOf = (label: string): string => label.toLowerCase().replaceAll(" ", "-");

/** Keys of the queue filter; prefixes and sources come from the list. */
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

/** Views that match every token (a comma means "or") and contain every word of the text in their name. */
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
