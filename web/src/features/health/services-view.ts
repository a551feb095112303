import { isStale } from "@wheelhouse/shared/freshness.ts";
import { type ServiceRow, serviceTopic } from "@wheelhouse/shared/health/health.ts";
import { compareText } from "@wheelhouse/shared/order.ts";
import type { Filter, FilterKey } from "#ui/filter/filter-tokens.ts";

/** One line of the list. Unchanged lines keep their identity, so that they do not render again. */
export type ServiceView = {
  row: ServiceRow;
  /** Older than its check interval allows, whatever the state was. */
  isStale: boolean;
  /** Name of its root cause; null when it has none. */
  explainedBy: string | null;
  /** Names of its dependencies, in words. */
  calls: string;
};

const shownCalls = 4;

const callsOf = (row: ServiceRow, names: ReadonlyMap<string, string>): string => {
  const calls = row.dependsOn.map((id) => names.get(id) ?? id);
  const more = calls.length - shownCalls;
  return more > 0 ? `${calls.slice(0, shownCalls).join(", ")} and ${more} more` : calls.join(", ");
};

/** The lines of a list, worst first. `before`: the previous lines, reused where nothing changed. */
export const viewServices = (
  rows: readonly ServiceRow[],
  nowMs: number,
  before: ReadonlyMap<string, ServiceView>,
): readonly ServiceView[] => {
  const names = new Map(rows.map(({ id, name }) => [id, name]));
  const views = rows.map((row): ServiceView => {
    const isLate = isStale(row.observedAt, row.intervalMs, nowMs);
    const explainedBy = row.explainedBy === null ? null : (names.get(row.explainedBy) ?? row.explainedBy);
    const calls = callsOf(row, names);
    const was = before.get(row.id);
    const isSame =
      was?.row === row && was.isStale === isLate && was.explainedBy === explainedBy && was.calls === calls;
    return isSame ? was : { row, isStale: isLate, explainedBy, calls };
  });
  return views.sort((a, b) => serviceTopic.order(a.row, b.row, nowMs));
};

/** State word used by the filter and the summary. */
export const stateWord = ({ row, isStale }: ServiceView): string => {
  if (row.maintenance !== null) return "maintenance";
  if (row.state !== "ok" && row.explainedBy !== null) return "affected";
  return isStale && row.state === "ok" ? "stale" : row.state;
};

const states = ["down", "degraded", "stale", "unknown", "affected", "maintenance", "ok"].map((value) => ({
  value,
}));

/** Keys of the filter; groups and owners come from the list. */
export const serviceFilterKeys = (views: readonly ServiceView[]): readonly FilterKey[] => {
  const valuesOf = (pick: (row: ServiceRow) => string | null) =>
    [...new Set(views.flatMap(({ row }) => pick(row) ?? []))].sort().map((value) => ({ value }));
  const groups = valuesOf(({ group }) => group);
  const owners = valuesOf(({ owner }) => owner);
  return [
    { key: "state", values: states },
    { key: "depends", values: views.map(({ row: { id, name } }) => ({ value: id, label: name })) },
    { key: "host" },
    ...(groups.length > 0 ? [{ key: "group", values: groups }] : []),
    ...(owners.length > 0 ? [{ key: "owner", values: owners }] : []),
  ];
};

/** Lines that match every token (a comma means "or") and contain every word of the text. */
export const filterServices = (views: readonly ServiceView[], filter: Filter): readonly ServiceView[] => {
  if (filter.tokens.length === 0 && filter.text === "") return views;
  const words = filter.text.toLowerCase().split(/\s+/);
  const matches = (view: ServiceView, key: string, value: string): boolean => {
    const { row } = view;
    if (key === "state") return stateWord(view) === value;
    if (key === "depends") return row.dependsOn.includes(value);
    if (key === "host") return (row.target ?? "").toLowerCase().includes(value.toLowerCase());
    return (key === "group" ? row.group : row.owner) === value;
  };
  return views.filter((view) => {
    const text = `${view.row.name} ${view.row.id} ${view.row.group ?? ""}`.toLowerCase();
    return (
      words.every((word) => text.includes(word)) &&
      filter.tokens.every(({ key, value }) => value.split(",").some((one) => matches(view, key, one)))
    );
  });
};

/** By tree folder; worst first within a folder. */
export const byGroup = (views: readonly ServiceView[]): readonly ServiceView[] => {
  const group = ({ row }: ServiceView) => groupName(row);
  return [...views].sort((a, b) => compareText(group(a), group(b)));
};

const serverGroups: Partial<Record<ServiceRow["kind"], string>> = { redis: "Servers", postgres: "Servers" };

export const groupName = ({ group, kind }: ServiceRow): string =>
  group ?? serverGroups[kind] ?? "Without group";

const hourMs = 3_600_000;
const periodMs = { day: 24 * hourMs, week: 7 * 24 * hourMs, month: 30 * 24 * hourMs } as const;

const shorter = { day: null, week: "day", month: "week" } as const;

/** Whether a period says something that the shorter one does not: a young installation has the same data for all. */
export const isApart = (
  { uptimeKnown }: Pick<ServiceRow, "uptimeKnown">,
  period: keyof typeof periodMs,
): boolean => {
  const before = shorter[period];
  if (before === null) return true;
  // A sixtieth more: what differs by less is the same when read.
  return uptimeKnown[period] * periodMs[period] > uptimeKnown[before] * periodMs[before] * 1.017;
};

/** How much of a period is known, in its largest unit: `27 m`, `5 h`, `12 d`. */
export const knownSpan = (
  { uptimeKnown }: Pick<ServiceRow, "uptimeKnown">,
  period: keyof typeof periodMs,
): string => {
  const spanMs = uptimeKnown[period] * periodMs[period];
  if (spanMs >= 24 * hourMs) return `${Math.floor(spanMs / (24 * hourMs))} d`;
  return spanMs >= hourMs
    ? `${Math.floor(spanMs / hourMs)} h`
    : `${Math.max(1, Math.floor(spanMs / 60_000))} m`;
};
