import type { CacheRow } from "@wheelhouse/shared/caches/caches.ts";
import type { Filter, FilterKey } from "#ui/filter/filter-tokens.ts";

const states = [
  { value: "low-hit-ratio", label: "Low hit ratio" },
  { value: "degraded", label: "Degraded" },
  { value: "unknown", label: "Unknown" },
  { value: "ok", label: "OK" },
] as const;

const stateOf = (row: CacheRow): string => (row.label === "Low hit ratio" ? "low-hit-ratio" : row.state);

/** Keys of the filter; services and tags come from the list. */
export const cacheFilterKeys = (rows: readonly CacheRow[]): readonly FilterKey[] => {
  const among = (pick: (row: CacheRow) => readonly string[]) =>
    [...new Set(rows.flatMap(pick))].sort().map((value) => ({ value }));
  const services = among(({ service }) => [service]);
  const tags = among((row) => row.tags);
  return [
    { key: "state", values: states },
    ...(services.length > 1 ? [{ key: "service", values: services }] : []),
    ...(tags.length > 0 ? [{ key: "tag", values: tags }] : []),
  ];
};

/** Rows that match every token (a comma means "or") and contain every word of the text in their name. */
export const filterCaches = (rows: readonly CacheRow[], { tokens, text }: Filter): readonly CacheRow[] => {
  const wanted = text.toLowerCase().split(/\s+/);
  return rows.filter(
    (row) =>
      wanted.every((word) => `${row.name} ${row.service}`.toLowerCase().includes(word)) &&
      tokens.every(({ key, value }) => {
        const actual = key === "state" ? [stateOf(row)] : key === "tag" ? row.tags : [row.service];
        return value.split(",").some((each) => actual.includes(each));
      }),
  );
};

/** Hit ratio (0–1) over all calls of the last minute; null without calls. */
export const overallRatio = (rows: readonly CacheRow[]) => {
  const sum = (pick: (row: CacheRow) => number | null) =>
    rows.reduce((total, row) => total + (pick(row) ?? 0), 0);
  const hits = sum(({ hitsPerMinute }) => hitsPerMinute);
  const misses = sum(({ missesPerMinute }) => missesPerMinute);
  return { hits, misses, ratio: hits + misses === 0 ? null : hits / (hits + misses) };
};

/** Share (0–1) of all calls that each level answered; null without calls. */
export const levelShares = ({ levels, hitsPerMinute, missesPerMinute }: CacheRow) => {
  const calls = (hitsPerMinute ?? 0) + (missesPerMinute ?? 0);
  if (hitsPerMinute === null || calls === 0) return null;
  return levels.map(({ level, hitsPerMinute: hits }) => ({ level, share: (hits ?? 0) / calls }));
};
