import { isStale } from "@wheelhouse/shared/freshness.ts";
import type { WatchedSource } from "@wheelhouse/shared/sources.ts";
import type { Filter, FilterKey } from "#ui/filter/filter-tokens.ts";

/** One line of the list; `isStale`: the last data is too old. */
export type SourceView = { source: WatchedSource; isStale: boolean };

export const kindWords = {
  service: "Service",
  prometheus: "Metrics",
  cache: "Cache",
  redis: "Redis",
  postgres: "Postgres",
} as const satisfies Record<WatchedSource["kind"], string>;

/** How the source is read: the format of a service, the protocol of others. */
export const formatOf = ({ kind, definition }: WatchedSource): string =>
  definition?.kind === "service"
    ? definition.format
    : definition?.kind === "cache"
      ? definition.bentocache === null
        ? "keys by prefix"
        : "bentocache"
      : kind;

export const stateWords = {
  ok: "OK",
  degraded: "Degraded",
  down: "Down",
  unknown: "Unknown",
} as const satisfies Record<WatchedSource["state"], string>;

const rank = { down: 0, degraded: 1, unknown: 3, ok: 4 } as const;
const rankOf = ({ source, isStale }: SourceView): number =>
  isStale && source.state === "ok" ? 2 : rank[source.state];

const worstFirst = (a: SourceView, b: SourceView): number =>
  rankOf(a) - rankOf(b) ||
  a.source.name.localeCompare(b.source.name) ||
  a.source.id.localeCompare(b.source.id);

/** Lines of the list, worst first; unchanged lines keep their identity. */
export const viewSources = (
  sources: readonly WatchedSource[],
  nowMs: number,
  before: ReadonlyMap<string, SourceView>,
): readonly SourceView[] =>
  sources
    .map((source): SourceView => {
      const isLate = isStale(source.observedAt, source.intervalMs, nowMs);
      const known = before.get(source.id);
      return known?.source === source && known.isStale === isLate ? known : { source, isStale: isLate };
    })
    .sort(worstFirst);

const originWords = { file: "file", api: "console" } as const;

export const sourceFilterKeys = (views: readonly SourceView[]): readonly FilterKey[] => {
  const among = (pick: (source: WatchedSource) => string) =>
    [...new Set(views.map(({ source }) => pick(source)))].sort().map((value) => ({ value }));
  return [
    { key: "state", values: [...Object.keys(rank), "stale"].map((value) => ({ value })) },
    { key: "kind", values: among(({ kind }) => kind) },
    { key: "format", values: among(formatOf) },
    { key: "from", values: Object.values(originWords).map((value) => ({ value })) },
  ];
};

/**
 * Lines that match every token (a comma means "or") and contain every word of the text in name, id or address.
 */
export const filterSources = (views: readonly SourceView[], { tokens, text }: Filter) => {
  const wanted = text.toLowerCase().split(/\s+/);
  const wordOf = ({ source, isStale }: SourceView, key: string): string =>
    key === "state"
      ? isStale && source.state === "ok"
        ? "stale"
        : source.state
      : key === "kind"
        ? source.kind
        : key === "format"
          ? formatOf(source)
          : originWords[source.origin];
  return views.filter((view) => {
    const { name, id, target } = view.source;
    const words = `${name} ${id} ${target ?? ""}`.toLowerCase();
    return (
      wanted.every((word) => words.includes(word)) &&
      tokens.every(({ key, value }) => value.split(",").includes(wordOf(view, key)))
    );
  });
};

const countWords: Partial<Record<WatchedSource["kind"], readonly [one: string, several: string]>> = {
  service: ["service", "services"],
  prometheus: ["metrics", "metrics"],
  cache: ["cache", "caches"],
};

/** `3 services, 2 metrics, 1 Redis`, in the order of the kinds; empty without sources. */
export const kindCounts = (views: readonly SourceView[]): string =>
  (Object.keys(kindWords) as WatchedSource["kind"][])
    .flatMap((kind) => {
      const count = views.filter(({ source }) => source.kind === kind).length;
      if (count === 0) return [];
      return [`${count} ${countWords[kind]?.[count === 1 ? 0 : 1] ?? kindWords[kind]}`];
    })
    .join(", ");
