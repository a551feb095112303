/**
 * One word of the filter: `key:value`. `values` are suggested while typing; `label` replaces an id in the
 * token. `canNegate` also allows `-key:value`, whose token has the key `-key`.
 */
export type FilterKey = {
  key: string;
  canNegate?: boolean;
  /** Stands for every key that begins with it, such as the fields of some data. */
  isFamily?: boolean;
  /** False for a key that links set and nobody has to know. */
  hasHint?: false;
  values?: readonly { value: string; label?: string; detail?: string }[];
};
export type FilterToken = { key: string; value: string };
/** Tokens by key, each key once (a comma in the value means "or"), and the remaining free text. */
export type Filter = { tokens: readonly FilterToken[]; text: string };

/** Prefix of a negated key. */
export const notMark = "-";

/** The key of a token or a typed word, negated or not. */
export const keyOf = (keys: readonly FilterKey[], name: string): FilterKey | undefined =>
  keys.find(({ key, canNegate }) => name === key || (canNegate === true && name === `${notMark}${key}`)) ??
  keys.find(({ key, isFamily }) => isFamily === true && name.startsWith(key) && name.length > key.length);

const words = (input: string): string[] => input.match(/-?[a-zA-Z][\w.[\]-]*:"[^"]*"|"[^"]*"|\S+/g) ?? [];
const unquote = (text: string): string => text.replace(/^"(.*)"$/, "$1");

const readValue = (key: FilterKey, text: string): string =>
  text
    .split(",")
    .map((part) => {
      const wanted = part.trim().toLowerCase();
      const match = key.values?.find(
        ({ value, label }) => value.toLowerCase() === wanted || label?.toLowerCase() === wanted,
      );
      return match?.value ?? part.trim();
    })
    .filter((part) => part !== "")
    .join(",");

/** Adds a token; values of an existing key are joined by comma, without duplicates. */
export const addToken = (tokens: readonly FilterToken[], token: FilterToken): FilterToken[] => {
  const existing = tokens.find(({ key }) => key === token.key);
  if (existing === undefined) return [...tokens, token];
  const joined = [...new Set([...existing.value.split(","), ...token.value.split(",")])].join(",");
  return tokens.map((item) => (item === existing ? { key: item.key, value: joined } : item));
};

/** Negates a token, or removes its negation. */
export const turnToken = (tokens: readonly FilterToken[], key: string): FilterToken[] => {
  const turned = key.startsWith(notMark) ? key.slice(notMark.length) : `${notMark}${key}`;
  return tokens.map((token) => (token.key === key ? { ...token, key: turned } : token));
};

/**
 * Parses typed text: known `key:value` words become tokens, everything else stays text. Quotes enclose values
 * with spaces.
 */
export const readFilterInput = (input: string, keys: readonly FilterKey[]): Filter => {
  let tokens: FilterToken[] = [];
  const rest: string[] = [];
  for (const word of words(input)) {
    const colon = word.indexOf(":");
    const name = word.slice(0, Math.max(colon, 0)).toLowerCase();
    const key = keyOf(keys, name);
    const value = key === undefined ? "" : readValue(key, unquote(word.slice(colon + 1)));
    if (key === undefined || value === "") rest.push(unquote(word));
    else tokens = addToken(tokens, { key: name, value });
  }
  return { tokens, text: rest.join(" ") };
};

/** Completions of the last typed word: keys that start with it, or values of its key. At most 8. */
export const suggestFilter = (
  input: string,
  keys: readonly FilterKey[],
): { insert: string; label: string; detail: string }[] => {
  const word = /\S*$/.exec(input)?.[0] ?? "";
  const before = input.slice(0, input.length - word.length);
  const colon = word.indexOf(":");
  if (colon === -1) {
    return keys
      .flatMap((key) => (key.canNegate === true ? [key, { ...key, key: `${notMark}${key.key}` }] : [key]))
      .filter(({ key }) => key.startsWith(word.toLowerCase()))
      .slice(0, 8)
      .map(({ key, values, isFamily }) => ({
        insert: `${before}${key}${isFamily === true ? "" : ":"}`,
        label: isFamily === true ? `${key}…:` : `${key}:`,
        detail: key.startsWith(notMark)
          ? "all but these"
          : values === undefined
            ? ""
            : `${values.length} values`,
      }));
  }
  const key = keyOf(keys, word.slice(0, colon).toLowerCase());
  const parts = word.slice(colon + 1).split(",");
  const last = (parts.at(-1) ?? "").toLowerCase();
  const prefix = `${before}${word.slice(0, colon + 1)}${parts
    .slice(0, -1)
    .map((part) => `${part},`)
    .join("")}`;
  return (key?.values ?? [])
    .filter(
      ({ value, label }) => value.toLowerCase().includes(last) || (label ?? "").toLowerCase().includes(last),
    )
    .slice(0, 8)
    .map(({ value, label, detail = "" }) => ({
      insert: `${prefix}${/\s/.test(value) ? `"${value}"` : value} `,
      label: label ?? value,
      detail,
    }));
};

/** The filter as one line of text, which `readFilterInput` reads back; absent when nothing is set. */
export const writeFilter = ({ tokens, text }: Filter): string | undefined => {
  const parts = tokens.map(({ key, value }) => `${key}:${/\s/.test(value) ? `"${value}"` : value}`);
  const line = [...parts, text].filter((part) => part !== "").join(" ");
  return line === "" ? undefined : line;
};
