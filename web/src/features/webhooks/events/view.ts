import {
  type EndpointVerdict,
  type EventFate,
  type LateFilter,
  unmatchedFates,
  type WebhookEvent,
} from "@wheelhouse/shared/webhooks/events.ts";
import type { Delivery, DeliveryStatus } from "@wheelhouse/shared/webhooks/webhooks.ts";
import { formatCount, formatPlural } from "#lib/format.ts";
import type { Tone } from "#ui/page/status.tsx";
import type { WebhooksSearch } from "../search.ts";

/** The part of the URL that filters the events. */
export type EventSearch = Pick<WebhooksSearch, "sourceId" | "eventType" | "fate" | "from" | "to" | "q">;

export const fateWords: Record<EventFate, string> = {
  matched: "An endpoint took it",
  disabled: "No endpoint matched: disabled",
  filter: "No endpoint matched: filters",
  none: "No endpoint matched: none existed",
  later: "Delivered later",
  unrecorded: "No endpoint matched: reason not recorded",
};

const isUnmatched = (fate: EventFate): boolean => unmatchedFates.some((one) => one === fate);

const names = (values: readonly string[]): string => [...new Set(values)].join(", ");

/** What a row says about the endpoints: a line and a smaller one; a disabled endpoint is a problem, a filter is not. */
export const matchOf = (
  event: WebhookEvent,
): { title: string; detail: string; isUnmatched: boolean; isProblem: boolean } => {
  const { fate, deliveries, deliveryCount, missedBy } = event;
  if (!isUnmatched(fate)) {
    const more = deliveryCount - deliveries.length;
    return {
      title: `${formatPlural(deliveryCount, "endpoint")}${fate === "later" ? ", delivered later" : ""}`,
      detail: `${names(deliveries.map(({ endpointName }) => endpointName))}${more > 0 ? ` and ${more} more` : ""}`,
      isUnmatched: false,
      isProblem: false,
    };
  }
  const missed = names(missedBy.map(({ endpointName }) => endpointName));
  const detail = {
    disabled: missed === "" ? "its endpoint was disabled and is deleted" : `${missed} was disabled`,
    filter: "no filter takes this type",
    none: "there was no endpoint",
    unrecorded: "the reason was not recorded then",
    matched: "",
    later: "",
  }[fate];
  return { title: "No endpoint matched", detail, isUnmatched: true, isProblem: fate === "disabled" };
};

const outcomeOrder: readonly { status: DeliveryStatus; tone: Tone; word: string }[] = [
  { status: "dead_letter", tone: "down", word: "dead letter" },
  { status: "failed", tone: "degraded", word: "failed, will retry" },
  { status: "processing", tone: "run", word: "processing" },
  { status: "pending", tone: "neutral", word: "pending" },
  { status: "completed", tone: "ok", word: "completed" },
  { status: "discarded", tone: "neutral", word: "discarded" },
];

/** The worst outcome among the shown deliveries, with their number. */
export const outcomeOf = ({ deliveries }: WebhookEvent): { tone: Tone; label: string } | undefined => {
  for (const { status, tone, word } of outcomeOrder) {
    const count = deliveries.filter((delivery) => delivery.status === status).length;
    if (count > 0) return { tone, label: `${formatCount(count)} ${word}` };
  }
  return undefined;
};

/** The event with the newest state of one of its deliveries; the same object if it has none of that id. */
export const withDelivery = (
  event: WebhookEvent,
  { id, status }: Pick<Delivery, "id" | "status">,
): WebhookEvent =>
  event.deliveries.some((delivery) => delivery.id === id && delivery.status !== status)
    ? {
        ...event,
        deliveries: event.deliveries.map((delivery) =>
          delivery.id === id ? { ...delivery, status } : delivery,
        ),
      }
    : event;

export const verdictWords: Record<EndpointVerdict, string> = {
  delivered: "has a delivery",
  disabled: "was disabled",
  created_after: "created later",
  unknown: "not known: it filters by a payload that is gone",
  filter: "its filter leaves it out",
  takes: "takes it now",
};

/** Whether a pushed row belongs to the list: the server's conditions applied to the row. */
export const matchesEvent = (search: EventSearch, row: WebhookEvent): boolean => {
  const one = (values: readonly string[] | undefined, value: string) =>
    values === undefined || values.includes(value);
  const receivedMs = Date.parse(row.receivedAt);
  if (search.q !== undefined) return row.id === search.q || row.sourceEventId === search.q;
  if (search.from !== undefined && receivedMs < Date.parse(search.from)) return false;
  if (search.to !== undefined && receivedMs >= Date.parse(search.to)) return false;
  return (
    one(search.sourceId, row.sourceId) && one(search.eventType, row.eventType) && one(search.fate, row.fate)
  );
};

/** Newest received first; ids begin with their time. */
export const newestEventFirst = (a: WebhookEvent, b: WebhookEvent): number => (a.id < b.id ? 1 : -1);

/** The filter of the list, in the form a plan expects. An exact id is a set of one. */
export const lateFilterOf = ({ sourceId, eventType, fate, from, to }: EventSearch): LateFilter => ({
  ...(sourceId === undefined ? {} : { sourceId }),
  ...(eventType === undefined ? {} : { eventType }),
  ...(fate === undefined ? {} : { fate }),
  ...(from === undefined ? {} : { from }),
  ...(to === undefined ? {} : { to }),
});

const bound = (count: number, isBound: boolean) => `${formatCount(count)}${isBound ? "+" : ""}`;

/** Events that went nowhere, of the counted ones. */
export const unmatchedCount = (counts: Partial<Record<EventFate, number>>): number =>
  unmatchedFates.reduce((sum, fate) => sum + (counts[fate] ?? 0), 0);

/** "2,208 events matched no endpoint"; a lower bound has a plus. */
export const unmatchedWords = (count: number, isBound: boolean): string =>
  `${bound(count, isBound)} ${count === 1 ? "event" : "events"} matched no endpoint`;
