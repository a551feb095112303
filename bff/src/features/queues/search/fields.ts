import { createHash } from "node:crypto";
import { Allow, parse } from "partial-json";

/** What the index does with a field of a job's data: `out` leaves it out, `hash` finds it by its whole value only. */
export type FieldRule = {
  /** Id of the queue; null for all. */
  queue: string | null;
  /** Segments joined by dots; `*` stands for one segment. It holds wherever they stand in a row, and for all below. */
  path: string;
  what: "out" | "hash";
};

/** Hold everywhere, because they are secrets or personal data by their names. */
export const standingRules: readonly FieldRule[] = [
  ...[
    "password",
    "passwd",
    "pwd",
    "secret",
    "clientSecret",
    "client_secret",
    "token",
    "accessToken",
    "access_token",
    "refreshToken",
    "refresh_token",
    "apiKey",
    "api_key",
    "privateKey",
    "private_key",
    "authorization",
    "cookie",
    "cvv",
    "cvc",
    "ssn",
    "cardNumber",
    "card_number",
    "card.number",
    "pan",
  ].map((path) => ({ queue: null, path, what: "out" as const })),
  ...["email", "phone", "iban"].map((path) => ({ queue: null, path, what: "hash" as const })),
];

/** Fields of a job beyond these are not in the index. */
export const mostFields = 64;
export const mostElements = 20;
const deepest = 8;
export const longestValue = 200;
const longestPath = 200;
/** A field is found by its whole path, and by the last one to four of its segments. */
const mostSegments = 4;

type Leaf = { path: string; segments: readonly string[]; value: string };

/**
 * The number of an organization's term, as the index keeps it: of a field with a value, of any field with it (`path`
 * empty), or of a word of an error (`path` `!`).
 * @param key keeps terms from being guessed without it.
 */
export function termOf(key: string, organizationId: string, path: string, value: string): string {
  const text = JSON.stringify([key, organizationId, path.toLowerCase(), value.trim().toLowerCase()]);
  return createHash("sha256").update(text).digest().readBigInt64BE(0).toString();
}

/** The path of a field without the places in lists, and without the `data.` that a filter may begin with. */
export const plainPathOf = (path: string): string => path.replace(/^data\./, "").replace(/\[\d*\]/g, "");

const segmentsOf = (path: string) => plainPathOf(path).toLowerCase().split(".");

/** What the rules say of a field; null when it is kept as it is. */
function verdictOf(segments: readonly string[], rules: readonly FieldRule[]): FieldRule["what"] | null {
  const lower = segments.map((segment) => segment.toLowerCase());
  let verdict: FieldRule["what"] | null = null;
  for (const { path, what } of rules) {
    const wanted = segmentsOf(path);
    const holds = lower.some(
      (_, start) =>
        start + wanted.length <= lower.length &&
        wanted.every((segment, index) => segment === "*" || segment === lower[start + index]),
    );
    if (holds && what === "out") return "out";
    if (holds) verdict = "hash";
  }
  return verdict;
}

/** Leaves of a value in their order, at most `mostFields`; whether there are more than are told. */
function leavesOf(data: unknown): { leaves: Leaf[]; isCut: boolean } {
  const leaves: Leaf[] = [];
  let isCut = false;
  const visit = (value: unknown, path: string, segments: readonly string[]) => {
    if (leaves.length >= mostFields || segments.length > deepest || path.length > longestPath) {
      isCut = true;
      return;
    }
    if (Array.isArray(value)) {
      if (value.length > mostElements) isCut = true;
      for (const [index, each] of value.slice(0, mostElements).entries())
        visit(each, `${path}[${index}]`, segments);
    } else if (typeof value === "object" && value !== null) {
      for (const [name, each] of Object.entries(value))
        visit(each, path === "" ? name : `${path}.${name}`, [...segments, name]);
    } else if (typeof value === "string" || typeof value === "number" || typeof value === "boolean") {
      const text = String(value);
      if (text.length > longestValue) isCut = true;
      else if (text.trim() !== "") leaves.push({ path, segments, value: text });
    }
  };
  visit(data, "", []);
  return { leaves, isCut };
}

/** The data as far as it was read; undefined when it is no JSON. */
function parsed(text: string, isWhole: boolean): unknown {
  try {
    return isWhole ? JSON.parse(text) : parse(text, Allow.ALL);
  } catch {
    return undefined;
  }
}

/** A zero byte cannot be stored in Postgres, and half of a surrogate pair is no text. */
export const storable = (text: string): string =>
  text.replaceAll("\u0000", "\uFFFD").replace(/\p{Surrogate}/gu, "\uFFFD");

export type IndexedFields = {
  terms: string[];
  /** Path and value of what may be shown. */
  shown: [string, string][];
  /** Not all of it is in the index. */
  isCut: boolean;
};

/** What the index keeps of a job's data. `isWhole`: the text was read to its end. */
export function fieldsOf(
  text: string,
  {
    isWhole,
    key,
    organizationId,
    rules,
  }: { isWhole: boolean; key: string; organizationId: string; rules: readonly FieldRule[] },
): IndexedFields {
  const data = parsed(text, isWhole);
  const { leaves, isCut } = leavesOf(data);
  const terms = new Set<string>();
  const shown: [string, string][] = [];
  for (const { path, segments, value } of leaves) {
    const verdict = verdictOf(segments, rules);
    if (verdict === "out") continue;
    const of = (some: readonly string[]) => terms.add(termOf(key, organizationId, some.join("."), value));
    for (let count = 1; count <= Math.min(mostSegments, segments.length); count += 1)
      of(segments.slice(-count));
    if (segments.length > mostSegments) of(segments);
    terms.add(termOf(key, organizationId, "", value));
    if (verdict === null) shown.push([storable(path), storable(value)]);
  }
  return { terms: [...terms], shown, isCut: isCut || !isWhole || data === undefined };
}
