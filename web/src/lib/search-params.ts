/** What the router hands to `validateSearch`: each parameter as text, nothing parsed. */
export type RawSearch = Record<string, unknown>;

/** Query string to plain text values: `?q=007` stays `007`. The last of repeated names wins. */
export const parseSearch = (search: string): Record<string, string> =>
  Object.fromEntries(new URLSearchParams(search));

/** The reverse. Absent and empty values are omitted, commas and colons stay readable. */
export const stringifySearch = (values: Record<string, unknown>): string => {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(values)) {
    if (value === undefined || value === null || value === false) continue;
    const text = Array.isArray(value) ? value.join(",") : value === true ? "1" : String(value);
    if (text !== "") search.set(name, text);
  }
  const text = search.toString().replaceAll("%2C", ",").replaceAll("%3A", ":");
  return text === "" ? "" : `?${text}`;
};

/** A text parameter, trimmed and at most `maxLength` long; absent when empty. */
export const readText = (raw: RawSearch, name: string, maxLength = 200): string | undefined => {
  const value = raw[name];
  if (typeof value !== "string" && typeof value !== "number") return undefined;
  const text = String(value).trim().slice(0, maxLength);
  return text === "" ? undefined : text;
};

/** A comma-separated list without duplicates; with `allowed`, others are dropped. Absent when empty. */
export const readList = <T extends string = string>(
  raw: RawSearch,
  name: string,
  allowed?: readonly T[],
): T[] | undefined => {
  const value = raw[name];
  const parts = Array.isArray(value) ? value.map(String) : (readText(raw, name, 2000) ?? "").split(",");
  const isAllowed = (part: string): part is T =>
    allowed === undefined || allowed.some((item) => item === part);
  const items = [...new Set(parts.map((part) => part.trim()).filter((part) => part !== ""))].filter(
    isAllowed,
  );
  return items.length === 0 ? undefined : items.slice(0, 50);
};

/** One of a set of words. */
export const readWord = <T extends string>(
  raw: RawSearch,
  name: string,
  allowed: readonly T[],
): T | undefined => readList(raw, name, allowed)?.[0];

/** A moment as ISO 8601 with zone; anything else is dropped. */
export const readTimestamp = (raw: RawSearch, name: string): string | undefined => {
  const text = readText(raw, name, 40);
  if (text === undefined || !/^\d{4}-\d\d-\d\dT.*(Z|[+-]\d\d:\d\d)$/.test(text)) return undefined;
  return Number.isNaN(Date.parse(text)) ? undefined : text;
};
