import type { EndpointInput } from "@wheelhouse/shared/endpoint.ts";
import type {
  BodyCondition,
  EndpointHeader,
  EndpointSettings,
} from "@wheelhouse/shared/webhooks/endpoint-settings.ts";
import type { updateEndpoint, WebhookEndpoint } from "@wheelhouse/shared/webhooks/webhooks.ts";
import { durationText } from "#lib/durations.ts";
import { formatCount, formatPlural } from "#lib/format.ts";

/** Everything about an endpoint that the form changes. */
export type EndpointValues = EndpointSettings &
  Pick<WebhookEndpoint, "name" | "url" | "eventTypes"> & { headers: EndpointHeader[] };
export type Field = keyof EndpointValues;

export const fieldWords: Readonly<Record<Field, string>> = {
  name: "Name",
  url: "Address",
  description: "Description",
  labels: "Labels",
  eventTypes: "Events",
  bodyFilter: "Body filter",
  headers: "Headers",
  timeoutMs: "Time-out",
  retryScheduleMs: "Retry schedule",
  ratePerSecond: "Rate",
  concurrency: "Concurrency",
  breaker: "Breaker",
  disableAfterMs: "Disable after",
  orderBy: "Order",
};

/** In the order of the form. */
export const fields: readonly Field[] = [
  "name",
  "url",
  "description",
  "labels",
  "eventTypes",
  "bodyFilter",
  "headers",
  "timeoutMs",
  "retryScheduleMs",
  "ratePerSecond",
  "concurrency",
  "breaker",
  "disableAfterMs",
  "orderBy",
];

export const valuesOf = ({ name, url, eventTypes, headers, settings }: WebhookEndpoint): EndpointValues => ({
  name,
  url,
  eventTypes,
  headers,
  description: settings.description,
  labels: settings.labels,
  bodyFilter: settings.bodyFilter,
  timeoutMs: settings.timeoutMs,
  retryScheduleMs: settings.retryScheduleMs,
  ratePerSecond: settings.ratePerSecond,
  concurrency: settings.concurrency,
  breaker: settings.breaker,
  disableAfterMs: settings.disableAfterMs,
  orderBy: settings.orderBy,
});

const isSame = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);

export const differs = (a: EndpointValues, b: EndpointValues, field: Field): boolean => {
  if (field === "breaker")
    return a.breaker?.failures !== b.breaker?.failures || a.breaker?.coolDownMs !== b.breaker?.coolDownMs;
  if (field !== "bodyFilter") return !isSame(a[field], b[field]);
  const flat = (filter: readonly BodyCondition[]) => filter.map(({ path, values }) => [path, values]);
  return !isSame(flat(a.bodyFilter), flat(b.bodyFilter));
};

type Change = Omit<EndpointInput<typeof updateEndpoint>["body"], "version" | "enabled">;

/** Only what was changed, so that the server keeps the rest. */
export const changeOf = (from: EndpointValues, to: EndpointValues): Change => {
  const settings = {
    ...(differs(from, to, "description") ? { description: to.description } : {}),
    ...(differs(from, to, "labels") ? { labels: to.labels } : {}),
    ...(differs(from, to, "bodyFilter") ? { bodyFilter: to.bodyFilter } : {}),
    ...(differs(from, to, "timeoutMs") ? { timeoutMs: to.timeoutMs } : {}),
    ...(differs(from, to, "retryScheduleMs") ? { retryScheduleMs: to.retryScheduleMs } : {}),
    ...(differs(from, to, "ratePerSecond") ? { ratePerSecond: to.ratePerSecond } : {}),
    ...(differs(from, to, "concurrency") ? { concurrency: to.concurrency } : {}),
    ...(differs(from, to, "breaker") ? { breaker: to.breaker } : {}),
    ...(differs(from, to, "disableAfterMs") ? { disableAfterMs: to.disableAfterMs } : {}),
    ...(differs(from, to, "orderBy") ? { orderBy: to.orderBy } : {}),
  };
  return {
    ...(differs(from, to, "name") ? { name: to.name } : {}),
    ...(differs(from, to, "url") ? { url: to.url } : {}),
    ...(differs(from, to, "eventTypes") ? { eventTypes: to.eventTypes } : {}),
    ...(differs(from, to, "headers") ? { headers: to.headers } : {}),
    ...(Object.keys(settings).length > 0 ? { settings } : {}),
  };
};

export const asInstalled = "installation default";
const listed = (texts: readonly string[], none: string): string =>
  texts.length === 0 ? none : texts.join(", ");

const scheduleWords = (delaysMs: readonly number[] | null): string => {
  if (delaysMs === null) return asInstalled;
  if (delaysMs.length === 0) return "no retries";
  return `${formatPlural(delaysMs.length + 1, "attempt")}: after ${delaysMs.map(durationText).join(", ")}`;
};

const conditionWords = ({ path, values }: BodyCondition): string => `${path} in ${values.join(", ")}`;

const secretName = /authorization|cookie|secret|token|password|key|credential|session/;
/** Whether the server keeps the value of such a header secret. */
export const isSecretHeader = (name: string): boolean => secretName.test(name.trim().toLowerCase());

const headerWords = ({ name, value }: EndpointHeader): string =>
  value === null ? `${name}: ····` : isSecretHeader(name) ? `${name}: ···· (new)` : `${name}: ${value}`;

/** A setting in words; values of secret headers are dots. */
export const wordsOf = (values: EndpointValues, field: Field): string => {
  const { timeoutMs, ratePerSecond, concurrency, breaker, disableAfterMs } = values;
  const words: Record<Field, () => string> = {
    name: () => values.name,
    url: () => values.url,
    description: () => (values.description === "" ? "none" : values.description),
    labels: () => listed(values.labels, "none"),
    eventTypes: () => listed(values.eventTypes, "all events"),
    bodyFilter: () => listed(values.bodyFilter.map(conditionWords), "none"),
    headers: () => listed(values.headers.map(headerWords), "none"),
    timeoutMs: () => (timeoutMs === null ? asInstalled : durationText(timeoutMs)),
    retryScheduleMs: () => scheduleWords(values.retryScheduleMs),
    ratePerSecond: () => (ratePerSecond === null ? asInstalled : `${formatCount(ratePerSecond)} /s`),
    concurrency: () => (concurrency === null ? asInstalled : `${formatCount(concurrency)} per worker`),
    breaker: () =>
      breaker === null
        ? asInstalled
        : `opens after ${formatPlural(breaker.failures, "failure")}, probe after ${durationText(breaker.coolDownMs)}`,
    disableAfterMs: () =>
      disableAfterMs === null ? "never" : `${durationText(disableAfterMs)} without a success`,
    orderBy: () => (values.orderBy === null ? "none" : `by key ${values.orderBy}`),
  };
  return words[field]();
};
