import { z } from "zod";
import { defineEndpoint, page, paging, queryFlag, queryList, timestamp, withExamples } from "../endpoint.ts";
import { defineTopic } from "../live/topic.ts";
import { reasonText } from "../reason.ts";
import { deliveryStatus } from "./webhooks.ts";

export const eventFates = ["matched", "disabled", "filter", "none", "later", "unrecorded"] as const;
/**
 * What became of an event when it was received. `matched`: an endpoint took it. `disabled`: only disabled endpoints
 * would have. `filter`: the filters of all endpoints leave it out. `none`: there was no endpoint. `later`: no endpoint
 * took it, and a person delivered it. `unrecorded`: no endpoint took it, and why was not yet recorded then.
 */
export const eventFate = z.enum(eventFates);
export type EventFate = z.infer<typeof eventFate>;
/** Fates of events that went nowhere. */
export const unmatchedFates = ["disabled", "filter", "none", "unrecorded"] as const satisfies EventFate[];

/** Our id of an event, sent as `webhook-id`. */
const eventId = z.string().regex(/^msg_[0-9a-f]{32}$/, "must be the id of an event, msg_…");

/** Events in one plan at most; `isCut` is set when more match. */
export const lateItemsMax = 20_000;

export const webhookEvent = z.object({
  id: z.string(),
  sourceId: z.uuid(),
  sourceName: z.string(),
  /** The sender's own id. */
  sourceEventId: z.string(),
  eventType: z.string(),
  receivedAt: timestamp,
  fate: eventFate,
  /** Oldest first, at most 10 of `deliveryCount`. */
  deliveries: z.array(
    z.object({ id: z.uuid(), endpointId: z.uuid(), endpointName: z.string(), status: deliveryStatus }),
  ),
  deliveryCount: z.number().int(),
  /** Endpoints that were disabled when it came, and whose filter takes it. */
  missedBy: z.array(z.object({ endpointId: z.uuid(), endpointName: z.string() })),
});
export type WebhookEvent = z.infer<typeof webhookEvent>;

export const eventTopic = defineTopic({
  name: "events",
  kind: "heads",
  capability: "webhooks:read",
  row: webhookEvent,
});

/** Why an endpoint has a delivery of an event, or none. `filter` and `takes` judge by the filter that it has now. */
export const endpointVerdict = z.enum([
  "delivered",
  "disabled",
  "created_after",
  "filter",
  "takes",
  "unknown",
]);
export type EndpointVerdict = z.infer<typeof endpointVerdict>;

export const webhookEventDetail = webhookEvent.extend({
  headers: z.record(z.string(), z.string()),
  contentType: z.string(),
  endpoints: z.array(
    z.object({
      id: z.uuid(),
      name: z.string(),
      eventTypes: z.array(z.string()),
      enabled: z.boolean(),
      verdict: endpointVerdict,
    }),
  ),
  payload: z.object({
    /** `hidden`: not for the caller, who lacks `webhooks:payload`. `expunged`: removed by a person. `gone`: unreadable. */
    state: z.enum(["shown", "hidden", "expunged", "gone"]),
    /** Redacted, at most 64 KiB; empty unless it is shown. */
    body: z.string(),
    /** Of the whole payload, as received; null if it is not known. */
    sizeBytes: z.number().nullable(),
    truncated: z.boolean(),
    /** What was redacted, such as `card number`. */
    redacted: z.array(z.string()),
    expungedAt: timestamp.nullable(),
  }),
});
export type WebhookEventDetail = z.infer<typeof webhookEventDetail>;

const tooMany = "takes at most 10 values";
const few = <T extends string>(values: readonly T[]) => values.length <= 10;

const filters = {
  sourceId: queryList(z.uuid()).refine(few, tooMany).optional(),
  eventType: queryList(z.string().max(200)).refine(few, tooMany).optional(),
  fate: queryList(eventFate).optional(),
  from: timestamp.optional(),
  to: timestamp.optional(),
  /** Exactly one of: our id, or the sender's. */
  q: z.string().trim().min(1).max(200).optional(),
  includeChildren: queryFlag,
};

export const listEvents = defineEndpoint({
  method: "GET",
  path: "/webhooks/events",
  summary: "Received events, newest first, with the endpoints that took them",
  access: "webhooks:read",
  query: z.strictObject({ ...filters, ...paging }),
  response: page(webhookEvent),
});

export const summarizeEvents = defineEndpoint({
  method: "GET",
  path: "/webhooks/events/summary",
  summary:
    "Events by fate and over time; each bar counts up to 10,000 of a fate, by default over the last hour",
  access: "webhooks:read",
  query: z.strictObject({ ...filters, bars: z.coerce.number().int().min(10).max(120).default(60) }),
  response: z.object({
    from: timestamp,
    to: timestamp,
    barMs: z.number(),
    bars: z.array(z.object({ matched: z.number().int(), unmatched: z.number().int() })),
    counts: z.record(eventFate, z.number().int()),
    /** A bar reached its bound, so the counts are lower bounds. */
    isBound: z.boolean(),
  }),
});

/** Any other text names no event: 404. */
const id = z.strictObject({ id: z.string().min(1).max(60) });

export const readEvent = defineEndpoint({
  method: "GET",
  path: "/webhooks/events/:id",
  summary: "One event: its deliveries, why other endpoints have none, and its redacted payload",
  access: "webhooks:read",
  params: id,
  response: webhookEventDetail,
});

export const revealEvent = defineEndpoint({
  method: "POST",
  path: "/webhooks/events/:id/reveal",
  summary:
    "The payload as it was received, in base64, at most 1 MiB; the audit trail keeps who read it and why",
  access: "webhooks:payload",
  action: "webhooks.event.reveal",
  keeps: ["eventType", "sizeBytes"],
  params: id,
  body: withExamples(z.strictObject({ reason: reasonText }), { reason: "the customer asks what was sent" }),
  response: z.object({
    /** Base64, because it need not be text. */
    body: z.string(),
    contentType: z.string(),
    sizeBytes: z.number(),
    truncated: z.boolean(),
  }),
});

export const expungeEvent = defineEndpoint({
  method: "POST",
  path: "/webhooks/events/:id/expunge",
  summary: "Remove the payload and headers of one event for good; unfinished deliveries of it are discarded",
  access: "webhooks:configure",
  action: "webhooks.event.expunge",
  keeps: ["eventType", "sizeBytes", "discardedDeliveries"],
  params: id,
  body: withExamples(z.strictObject({ reason: reasonText }), { reason: "the customer asked for erasure" }),
  response: z.object({ expungedAt: timestamp, discardedDeliveries: z.number().int() }),
});

/** Some events by id, or all that match. `missed`: those that the endpoint missed while it was disabled. */
export const lateFilter = z.strictObject({
  ids: z.array(eventId).min(1).max(1000).optional(),
  missed: z.literal(true).optional(),
  sourceId: z.array(z.uuid()).max(10).optional(),
  eventType: z.array(z.string().max(200)).max(10).optional(),
  fate: z.array(eventFate).max(10).optional(),
  from: timestamp.optional(),
  to: timestamp.optional(),
});
export type LateFilter = z.infer<typeof lateFilter>;

export const latePlan = z.object({
  id: z.uuid(),
  state: z.enum(["planned", "started", "cancelled", "expired"]),
  endpoint: z.object({ id: z.uuid(), name: z.string(), url: z.string(), enabled: z.boolean() }),
  /** Events in the snapshot, each of which gets one delivery to this endpoint. */
  total: z.number().int(),
  /** Events that match and are left out: they have a delivery to this endpoint already, or no payload any more. */
  excluded: z.object({ delivered: z.number().int(), payloadGone: z.number().int() }),
  /** More events match than a plan can hold; the newest are in it. */
  isCut: z.boolean(),
  oldestAt: timestamp.nullable(),
  newestAt: timestamp.nullable(),
  ratePerSecond: z.number().int().nullable(),
  reason: z.string().nullable(),
  plannedBy: z.string(),
  expiresAt: timestamp,
  startedBy: z.string().nullable(),
  /** Nothing is sent before this time. */
  startsAt: timestamp.nullable(),
  /** Deliveries of a started plan by their status now. */
  deliveries: z.record(deliveryStatus, z.number().int()),
  /** Starting it requires a step-up. */
  asksStepUp: z.boolean(),
});
export type LatePlan = z.infer<typeof latePlan>;

const lateKept = [
  "endpoint",
  "total",
  "excluded",
  "ratePerSecond",
  "discarded",
  "ids",
  "missed",
  "sourceId",
  "eventType",
  "fate",
  "from",
  "to",
] as const;

export const planLateDeliveries = defineEndpoint({
  method: "POST",
  path: "/webhooks/events/plans",
  summary: "Take a snapshot of events to deliver to an endpoint, with counts; nothing is sent",
  access: "webhooks:replay",
  action: "webhooks.event.plan",
  keeps: lateKept,
  body: withExamples(z.strictObject({ endpointId: z.uuid(), filter: lateFilter }), {
    endpointId: "01985c3e-8f00-7000-8000-000000000003",
    filter: { missed: true },
  }),
  response: latePlan,
  status: 201,
});

const planId = z.strictObject({ id: z.uuid() });

export const readLatePlan = defineEndpoint({
  method: "GET",
  path: "/webhooks/events/plans/:id",
  summary: "A plan of late deliveries, with what became of them",
  access: "webhooks:read",
  params: planId,
  response: latePlan,
});

export const startLatePlan = defineEndpoint({
  method: "POST",
  path: "/webhooks/events/plans/:id/start",
  summary: "Create the deliveries of a plan: they begin after a pause in which the plan can be cancelled",
  access: "webhooks:replay",
  action: "webhooks.event.deliver",
  keeps: lateKept,
  stepUp: "when the plan holds more events than the threshold",
  params: planId,
  body: withExamples(
    z.strictObject({ reason: reasonText, ratePerSecond: z.number().int().min(1).max(10_000).nullable() }),
    { reason: "the endpoint was added later", ratePerSecond: 20 },
  ),
  response: latePlan,
  status: 202,
});

export const cancelLatePlan = defineEndpoint({
  method: "POST",
  path: "/webhooks/events/plans/:id/cancel",
  summary: "Cancel a plan: its deliveries that have not been attempted are discarded",
  access: "webhooks:replay",
  action: "webhooks.event.cancel",
  keeps: lateKept,
  params: planId,
  response: latePlan,
});

export const countMissedEvents = defineEndpoint({
  method: "GET",
  path: "/webhooks/endpoints/:id/missed",
  summary:
    "Events that came while this endpoint was disabled and that it has not got since, counted up to 20,000",
  access: "webhooks:read",
  params: planId,
  response: z.object({
    count: z.number().int(),
    isBound: z.boolean(),
    oldestAt: timestamp.nullable(),
    newestAt: timestamp.nullable(),
  }),
});
