import {
  type Delivery,
  type DeliveryAttempt,
  type DeliveryStatus,
  deliveryStatuses,
  type ErrorClass,
} from "@wheelhouse/shared/webhooks/webhooks.ts";
import { formatCount } from "#lib/format.ts";
import type { WebhooksSearch } from "../search.ts";

export type DeliveryFilter = Pick<
  WebhooksSearch,
  "status" | "endpointId" | "eventType" | "errorClass" | "from" | "to" | "q"
>;

const joined = (values: readonly string[] | undefined) =>
  values === undefined || values.length === 0 ? undefined : values.join(",");

const present = <T extends Record<string, string | undefined>>(entries: T) =>
  Object.fromEntries(
    Object.entries(entries).filter((entry): entry is [string, string] => entry[1] !== undefined),
  );

/** API query for a filter: lists joined by commas, unset filters omitted. */
export const deliveryQuery = (filter: DeliveryFilter): Record<string, string> =>
  present({
    status: joined(filter.status),
    endpointId: joined(filter.endpointId),
    eventType: joined(filter.eventType),
    errorClass: joined(filter.errorClass),
    from: filter.from,
    to: filter.to,
    q: filter.q,
  });

/** Dead letters are the same log with one status, so the tab follows the filter. */
export const activeTab = (
  search: WebhooksSearch,
): "deliveries" | "dead" | NonNullable<WebhooksSearch["tab"]> => {
  if (search.tab !== undefined) return search.tab;
  return search.status?.length === 1 && search.status[0] === "dead_letter" ? "dead" : "deliveries";
};

/** Number of filters set by a person, without the status that selects the dead-letters tab. */
export const filterCount = (search: WebhooksSearch): number => {
  const set = [search.endpointId, search.eventType, search.errorClass, search.from ?? search.to, search.q];
  const status = search.status !== undefined && activeTab(search) !== "dead" ? 1 : 0;
  return set.filter((value) => value !== undefined).length + status;
};

/** Whether a pushed row belongs to the list: the server's conditions applied to the row. */
export const matchesFilter = (filter: DeliveryFilter, row: Delivery): boolean => {
  const one = (values: readonly string[] | undefined, value: string | null) =>
    values === undefined || (value !== null && values.includes(value));
  const receivedMs = Date.parse(row.receivedAt);
  if (filter.from !== undefined && receivedMs < Date.parse(filter.from)) return false;
  if (filter.to !== undefined && receivedMs >= Date.parse(filter.to)) return false;
  if (!one(filter.status, row.status) || !one(filter.endpointId, row.endpointId)) return false;
  if (!one(filter.eventType, row.eventType) || !one(filter.errorClass, row.errorClass)) return false;
  if (filter.q === undefined) return true;
  const text = filter.q.toLowerCase();
  const holds = (part: string | null) => part?.toLowerCase().includes(text) === true;
  return row.eventId === filter.q || row.id === text || holds(row.eventType) || holds(row.errorMessage);
};

/** Newest received first, ties broken by id, as in the server's key. */
export const newestFirst = (a: Delivery, b: Delivery): number =>
  Date.parse(b.receivedAt) - Date.parse(a.receivedAt) || (a.id < b.id ? 1 : -1);

const hourMs = 3_600_000;
const histogramMs = hourMs;

/**
 * Range of the histogram: the last hour, as long as the selection lies within it; an older or longer selection
 * is shown with a quarter of its length on each side.
 */
export const histogramRange = (filter: DeliveryFilter, nowMs: number): { from: string; to: string } => {
  const stepMs = 60_000;
  const endMs = (Math.floor(nowMs / stepMs) + 1) * stepMs;
  const startMs = endMs - histogramMs;
  const fromMs = filter.from === undefined ? undefined : Date.parse(filter.from);
  const toMs = filter.to === undefined ? endMs : Date.parse(filter.to);
  const whole = (a: number, b: number) => ({
    from: new Date(a).toISOString(),
    to: new Date(b).toISOString(),
  });
  if (fromMs === undefined) {
    return toMs > startMs ? whole(startMs, endMs) : whole(toMs - histogramMs, toMs);
  }
  if (fromMs >= startMs) return whole(startMs, endMs);
  const padMs = Math.max((toMs - fromMs) / 4, stepMs);
  return whole(fromMs - padMs, Math.min(toMs + padMs, endMs));
};

export const statusWords: Record<DeliveryStatus, string> = {
  pending: "Pending",
  processing: "Processing",
  completed: "Completed",
  failed: "Failed",
  dead_letter: "Dead letter",
  discarded: "Discarded",
};

export const errorWords: Record<ErrorClass, string> = {
  dns: "DNS lookup failed",
  connect: "Connection failed",
  tls: "TLS failed",
  timeout: "No response",
  address_refused: "Address not allowed",
  http_3xx: "Redirect",
  http_4xx: "Refused (4xx)",
  http_5xx: "Server error (5xx)",
  gone: "Gone (410)",
  protocol: "Protocol error",
  shutdown: "Interrupted by shutdown",
  outcome_unknown: "Outcome unknown",
  expired_breaker_open: "Expired, breaker open",
};

const phrases: Record<number, string> = {
  200: "OK",
  201: "Created",
  202: "Accepted",
  204: "No Content",
  301: "Moved Permanently",
  302: "Found",
  307: "Temporary Redirect",
  308: "Permanent Redirect",
  400: "Bad Request",
  401: "Unauthorized",
  403: "Forbidden",
  404: "Not Found",
  405: "Method Not Allowed",
  408: "Request Timeout",
  409: "Conflict",
  410: "Gone",
  413: "Content Too Large",
  415: "Unsupported Media Type",
  422: "Unprocessable Content",
  429: "Too Many Requests",
  500: "Internal Server Error",
  501: "Not Implemented",
  502: "Bad Gateway",
  503: "Service Unavailable",
  504: "Gateway Timeout",
};

export const statusLine = (code: number): string => {
  const phrase = phrases[code];
  return phrase === undefined ? String(code) : `${code} ${phrase}`;
};

/** The receiver's last response in a few words; undefined before the first attempt has ended. */
export const lastAnswer = (row: Pick<Delivery, "lastStatusCode" | "errorClass">): string | undefined => {
  if (row.lastStatusCode !== null) return String(row.lastStatusCode);
  return row.errorClass === null ? undefined : errorWords[row.errorClass];
};

/** Why the delivery failed; undefined while nothing went wrong. */
export const causeOf = (
  row: Pick<Delivery, "lastStatusCode" | "errorClass" | "errorMessage">,
): string | undefined => {
  if (row.errorClass === null) return row.errorMessage ?? undefined;
  if (row.lastStatusCode !== null) return statusLine(row.lastStatusCode);
  return errorWords[row.errorClass];
};

/** Formats a count; `isBound` if the server stopped counting at 10,001. */
const boundedCount = (value: number, isBound: boolean): string => (isBound ? "10,000+" : formatCount(value));

/** Query for all dead letters. */
export const deadLetters: WebhooksSearch = { status: ["dead_letter"] };

const dayMs = 24 * hourMs;
const keptDays = 90;

/**
 * Range over which matches are counted: the filter's own; otherwise the full retention for dead letters, or the
 * hour that the histogram shows, so that one call serves both.
 */
export const countedFilter = (search: WebhooksSearch, nowMs: number): DeliveryFilter => {
  const hasRange = search.from !== undefined || search.to !== undefined;
  if (hasRange) return search;
  if (activeTab(search) !== "dead") return { ...search, ...histogramRange(search, nowMs) };
  return { ...search, from: new Date((Math.floor(nowMs / dayMs) - keptDays) * dayMs).toISOString() };
};

/** Number of matches, from counts by status. */
export const matchCount = (
  search: Pick<WebhooksSearch, "status">,
  { counts, isBound }: { counts: Partial<Record<DeliveryStatus, number>>; isBound: boolean },
): string => {
  const wanted = search.status ?? deliveryStatuses;
  const values = wanted.map((status) => counts[status] ?? 0);
  const sum = values.reduce((total, value) => total + value, 0);
  return boundedCount(sum, isBound && sum > 0);
};

/** Explains why an attempt has no response. */
export const unansweredWords = (
  attempt: Pick<DeliveryAttempt, "outcome" | "errorClass" | "errorMessage">,
): string => {
  if (attempt.outcome === "in_flight") return "The request is on its way.";
  if (attempt.outcome === "unknown")
    return "No response was recorded. The receiver may or may not have received it.";
  const cause = attempt.errorClass === null ? "The receiver did not respond" : errorWords[attempt.errorClass];
  return attempt.errorMessage === null ? `${cause}.` : `${cause}: ${attempt.errorMessage}`;
};

/**
 * Whether a delivery can be replayed manually: dead letters, and deliveries discarded when their endpoint was
 * disabled.
 */
export const isReplayable = (status: DeliveryStatus): boolean =>
  status === "dead_letter" || status === "discarded";

/** Explains why a delivery has no scheduled next attempt. */
export const unplannedWords = (
  delivery: Pick<Delivery, "status" | "attempts" | "maxAttempts" | "errorClass">,
): string => {
  const { status, attempts, maxAttempts, errorClass } = delivery;
  if (status === "processing") return "One is in progress.";
  if (status === "pending") return "The first is due.";
  if (status === "dead_letter" && errorClass === "gone") return "Given up: the receiver reported it is gone.";
  if (status === "dead_letter" && attempts < maxAttempts) {
    return "Given up early: the breaker stayed open.";
  }
  return "No further attempt scheduled.";
};
