import type { BreakerRow } from "@wheelhouse/shared/breakers.ts";
import type { Filter, FilterKey } from "#ui/filter/filter-tokens.ts";

const states = [
  { value: "open", label: "Open" },
  { value: "half-open", label: "Half-open" },
  { value: "forced-open", label: "Forced open" },
  { value: "forced-closed", label: "Forced closed" },
  { value: "unknown", label: "Unknown" },
  { value: "closed", label: "Closed" },
] as const;

/** Keys of the breaker filter; services and libraries come from the list. */
export const breakerFilterKeys = (rows: readonly BreakerRow[]): readonly FilterKey[] => {
  const namesOf = (pick: (row: BreakerRow) => string) =>
    [...new Set(rows.map(pick))].sort().map((value) => ({ value }));
  return [
    { key: "state", values: states },
    { key: "service", values: namesOf(({ service }) => service) },
    { key: "library", values: namesOf(({ library }) => library) },
  ];
};

/** Rows that match every token (a comma means "or") and contain every word of the text in name or service. */
export const filterBreakers = (rows: readonly BreakerRow[], filter: Filter): readonly BreakerRow[] => {
  if (filter.tokens.length === 0 && filter.text === "") return rows;
  const wanted = filter.text.toLowerCase().split(/\s+/);
  return rows.filter((row) => {
    const named = `${row.name} ${row.service}`.toLowerCase();
    const actual: Record<string, string> = {
      state: row.state === "disabled" ? "forced-closed" : row.state.replace("_", "-"),
      service: row.service,
      library: row.library,
    };
    return (
      wanted.every((word) => named.includes(word)) &&
      filter.tokens.every(({ key, value }) => value.split(",").includes(actual[key] ?? ""))
    );
  });
};
