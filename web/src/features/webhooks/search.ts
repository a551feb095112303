import { type EventFate, eventFates } from "@wheelhouse/shared/webhooks/events.ts";
import { type RefusalReason, refusalReasons } from "@wheelhouse/shared/webhooks/refusals.ts";
import {
  type DeliveryStatus,
  deliveryStatuses,
  type ErrorClass,
  errorClasses,
} from "@wheelhouse/shared/webhooks/webhooks.ts";
import { type RawSearch, readList, readText, readTimestamp, readWord } from "#lib/search-params.ts";

/** Everything that the page's URL holds; filters use the API's parameter names. */
export type WebhooksSearch = {
  tab?: "events" | "refused" | "replays" | "endpoints" | "sources" | "statistics" | undefined;
  status?: DeliveryStatus[] | undefined;
  endpointId?: string[] | undefined;
  eventType?: string[] | undefined;
  errorClass?: ErrorClass[] | undefined;
  from?: string | undefined;
  to?: string | undefined;
  q?: string | undefined;
  /** How dead letters are grouped; by cause unless set. */
  group?: "endpoint" | "event" | "none" | undefined;
  /** Delivery whose drawer is open. */
  delivery?: string | undefined;
  /** Of the events: ids of sources, what became of them, and the one whose drawer is open. */
  sourceId?: string[] | undefined;
  fate?: EventFate[] | undefined;
  event?: string | undefined;
  /** Of the refused requests: short names of sources, `-` for requests that name none, and reasons. */
  source?: string[] | undefined;
  reason?: RefusalReason[] | undefined;
  /** Row of the refused requests whose newest request is shown. */
  refusal?: string | undefined;
  /** Source whose address and settings are shown. */
  sender?: string | undefined;
  /** Endpoint that is shown in full. */
  endpoint?: string | undefined;
  /** Replay run shown instead of the list. */
  replay?: string | undefined;
};

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
const uuids = (raw: RawSearch, name: string) => {
  const ids = readList(raw, name)?.filter((id) => uuid.test(id));
  return ids === undefined || ids.length === 0 ? undefined : ids;
};

/** Drops unreadable parameters, so that an outdated or damaged link still opens the page. */
export const readWebhooksSearch = (raw: RawSearch): WebhooksSearch => ({
  tab: readWord(raw, "tab", ["events", "refused", "replays", "endpoints", "sources", "statistics"]),
  status: readList(raw, "status", deliveryStatuses),
  endpointId: uuids(raw, "endpointId"),
  eventType: readList(raw, "eventType"),
  errorClass: readList(raw, "errorClass", errorClasses),
  from: readTimestamp(raw, "from"),
  to: readTimestamp(raw, "to"),
  q: readText(raw, "q"),
  group: readWord(raw, "group", ["endpoint", "event", "none"]),
  delivery: uuids(raw, "delivery")?.[0],
  sourceId: uuids(raw, "sourceId"),
  fate: readList(raw, "fate", eventFates),
  event: readText(raw, "event"),
  source: readList(raw, "source"),
  reason: readList(raw, "reason", refusalReasons),
  refusal: readText(raw, "refusal"),
  sender: uuids(raw, "sender")?.[0],
  endpoint: uuids(raw, "endpoint")?.[0],
  replay: uuids(raw, "replay")?.[0],
});
