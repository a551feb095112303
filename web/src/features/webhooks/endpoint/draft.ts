import type { BodyCondition, EndpointHeader } from "@wheelhouse/shared/webhooks/endpoint-settings.ts";
import { durationText, readDuration } from "#lib/durations.ts";
import type { EndpointValues, Field } from "./values.ts";

/** A header as it is typed. `isStored`: the server has a secret value, which an empty field keeps. */
export type HeaderDraft = { key: number; name: string; value: string; isStored: boolean };

/** The form as it is typed. */
export type Draft = {
  name: string;
  url: string;
  description: string;
  labels: string;
  eventTypes: string;
  bodyFilter: string;
  headers: readonly HeaderDraft[];
  timeout: string;
  schedule: string;
  rate: string;
  concurrency: string;
  failures: string;
  coolDown: string;
  disableAfter: string;
  orderBy: string;
};

const quoted = (text: string): string =>
  text === "" || /[",\n]|^\s|\s$/.test(text) ? JSON.stringify(text) : text;
const quotedWord = (text: string): string => (/[",\s]/.test(text) ? JSON.stringify(text) : text);
const conditionText = ({ path, values }: BodyCondition): string =>
  `${path}: ${values.map(quoted).join(", ")}`;
const optional = (value: number | null): string => (value === null ? "" : String(value));
const optionalDuration = (value: number | null | undefined): string =>
  value === null || value === undefined ? "" : durationText(value);

export const draftOf = (values: EndpointValues): Draft => ({
  name: values.name,
  url: values.url,
  description: values.description,
  labels: values.labels.join(", "),
  eventTypes: values.eventTypes.map(quotedWord).join(", "),
  bodyFilter: values.bodyFilter.map(conditionText).join("\n"),
  headers: values.headers.map(({ name, value }, key) => ({
    key,
    name,
    value: value ?? "",
    isStored: value === null,
  })),
  timeout: optionalDuration(values.timeoutMs),
  schedule:
    values.retryScheduleMs === null
      ? ""
      : values.retryScheduleMs.length === 0
        ? "none"
        : values.retryScheduleMs.map(durationText).join(", "),
  rate: optional(values.ratePerSecond),
  concurrency: optional(values.concurrency),
  failures: optional(values.breaker?.failures ?? null),
  coolDown: optionalDuration(values.breaker?.coolDownMs),
  disableAfter: values.disableAfterMs === null ? "never" : durationText(values.disableAfterMs),
  orderBy: values.orderBy ?? "",
});

const unquoted = (text: string): string | undefined => {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "string" ? value : undefined;
  } catch {
    return undefined;
  }
};

const inQuotes = String.raw`("(?:[^"\\]|\\.)*")`;
const listPart = new RegExp(String.raw`^(?:${inQuotes}\s*|([^",]+))(?:,\s*|$)`);
const wordPart = new RegExp(String.raw`^(?:${inQuotes}|([^\s",]+))(?:[\s,]+|$)`);

const readParts = (text: string, part: RegExp): string[] | undefined => {
  const found: string[] = [];
  let rest = text.trim();
  while (rest !== "") {
    const [whole, quote, plain = ""] = part.exec(rest) ?? [];
    const value = quote === undefined ? plain.trim() : unquoted(quote);
    if (whole === undefined || value === undefined) return undefined;
    found.push(value);
    rest = rest.slice(whole.length).trim();
  }
  return found;
};

/** Splits at commas; a text in double quotes is one value, whatever it holds. Undefined if it cannot be split. */
export const readList = (text: string): string[] | undefined => readParts(text, listPart);

/** Splits at commas and white space; a text in double quotes is one word. Undefined if it cannot be split. */
export const readWords = (text: string): string[] | undefined => readParts(text, wordPart);

type Read<T> = { value: T } | { error: string };

const readTexts = (text: string): Read<string[]> => {
  const value = readWords(text);
  return value === undefined ? { error: "Separate by commas; close every quote" } : { value };
};

const readFilter = (text: string): Read<BodyCondition[]> => {
  const conditions: BodyCondition[] = [];
  for (const line of text.split("\n").filter((each) => each.trim() !== "")) {
    const [, path = "", list = ""] = /^\s*([^\s:]+)\s*:(.*)$/.exec(line) ?? [];
    const values = readList(list);
    if (path === "" || values === undefined || values.length === 0)
      return { error: `“${line.trim()}” is not a path, a colon and its values` };
    conditions.push({ path, values });
  }
  return { value: conditions };
};

const readHeaders = (drafts: readonly HeaderDraft[]): Read<EndpointHeader[]> => {
  const kept = drafts.filter(({ name, value }) => name.trim() !== "" || value.trim() !== "");
  if (kept.some(({ name }) => name.trim() === "")) return { error: "A value needs the name of its header" };
  const headers = kept.map(({ name, value, isStored }) => ({
    name: name.trim().toLowerCase(),
    value: isStored && value === "" ? null : value.trim(),
  }));
  const names = headers.map(({ name }) => name);
  const twice = names.find((name, at) => names.indexOf(name) !== at);
  return twice === undefined ? { value: headers } : { error: `${twice} is there twice` };
};

const noDuration = "Enter a duration such as 15 s, 1 m 30 s or 5 d";

const readOptionalDuration = (text: string): Read<number | null> => {
  if (text.trim() === "") return { value: null };
  const ms = readDuration(text);
  return ms === undefined ? { error: noDuration } : { value: ms };
};

const readSchedule = (text: string): Read<number[] | null> => {
  if (text.trim() === "") return { value: null };
  if (text.trim().toLowerCase() === "none") return { value: [] };
  const delays: number[] = [];
  for (const each of text.split(",")) {
    const ms = readDuration(each);
    if (ms === undefined)
      return { error: `“${each.trim()}” is not a duration; separate delays by commas: 5 s, 5 m, 2 h` };
    delays.push(ms);
  }
  return { value: delays };
};

const readCount = (text: string): Read<number | null> => {
  if (text.trim() === "") return { value: null };
  return /^\d+$/.test(text.trim()) ? { value: Number(text) } : { error: "Enter a whole number" };
};

const readBreaker = ({ failures, coolDown }: Draft): Read<EndpointValues["breaker"]> => {
  const count = readCount(failures);
  const ms = readOptionalDuration(coolDown);
  if ("error" in count) return count;
  if ("error" in ms) return ms;
  if (count.value === null && ms.value === null) return { value: null };
  if (count.value === null || ms.value === null)
    return { error: "Enter both the failures and the cool-down, or neither" };
  return { value: { failures: count.value, coolDownMs: ms.value } };
};

const readDisableAfter = (text: string): Read<number | null> => {
  if (text.trim().toLowerCase() === "never") return { value: null };
  const ms = readDuration(text);
  return ms === undefined ? { error: `${noDuration}, or “never”` } : { value: ms };
};

type Parsed = { values: EndpointValues; errors: ReadonlyMap<Field, string> };

/** What the form holds. Fields that cannot be read have an error, and the value that they had in `before`. */
export const readDraft = (draft: Draft, before: EndpointValues): Parsed => {
  const errors = new Map<Field, string>();
  const take = <T>(field: Field, read: Read<T>, former: T): T => {
    if ("value" in read) return read.value;
    errors.set(field, read.error);
    return former;
  };
  if (draft.name.trim() === "") errors.set("name", "Enter a name");
  if (draft.url.trim() === "") errors.set("url", "Enter an address");
  const values: EndpointValues = {
    name: draft.name.trim(),
    url: draft.url.trim(),
    description: draft.description.trim(),
    labels: take("labels", readTexts(draft.labels), before.labels),
    eventTypes: take("eventTypes", readTexts(draft.eventTypes), before.eventTypes),
    bodyFilter: take("bodyFilter", readFilter(draft.bodyFilter), before.bodyFilter),
    headers: take("headers", readHeaders(draft.headers), before.headers),
    timeoutMs: take("timeoutMs", readOptionalDuration(draft.timeout), before.timeoutMs),
    retryScheduleMs: take("retryScheduleMs", readSchedule(draft.schedule), before.retryScheduleMs),
    ratePerSecond: take("ratePerSecond", readCount(draft.rate), before.ratePerSecond),
    concurrency: take("concurrency", readCount(draft.concurrency), before.concurrency),
    breaker: take("breaker", readBreaker(draft), before.breaker),
    disableAfterMs: take("disableAfterMs", readDisableAfter(draft.disableAfter), before.disableAfterMs),
    orderBy: draft.orderBy.trim() === "" ? null : draft.orderBy.trim(),
  };
  return { values, errors };
};
