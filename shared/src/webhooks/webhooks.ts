import { z } from "zod";
import {
  defineEndpoint,
  page,
  paging,
  queryFlag,
  queryList,
  slug,
  timestamp,
  withExamples,
} from "../endpoint.ts";
import { defineTopic } from "../live/topic.ts";
import { reasonText } from "../reason.ts";
import {
  endpointHeader,
  endpointHeaders,
  endpointSettings,
  endpointSettingsChange,
} from "./endpoint-settings.ts";

/** Audited fields of an endpoint. */
export const endpointKept = ["name", "url", "eventTypes", "enabled", "settings", "headerNames"] as const;

export const deliveryStatuses = [
  "pending",
  "processing",
  "completed",
  "failed",
  "dead_letter",
  "discarded",
] as const;
/** `failed` will be retried; `dead_letter` has used all attempts and is waiting for replay. */
export const deliveryStatus = z.enum(deliveryStatuses);
export type DeliveryStatus = z.infer<typeof deliveryStatus>;

export const errorClasses = [
  "dns",
  "connect",
  "tls",
  "timeout",
  "address_refused",
  "http_3xx",
  "http_4xx",
  "http_5xx",
  "gone",
  "protocol",
  "shutdown",
  "outcome_unknown",
  "expired_breaker_open",
] as const;
export const errorClass = z.enum(errorClasses);
export type ErrorClass = z.infer<typeof errorClass>;

export const breakerState = z.enum(["closed", "half_open", "open"]);
export type BreakerState = z.infer<typeof breakerState>;

export const webhookEndpoint = z.object({
  id: z.uuid(),
  slug,
  name: z.string(),
  url: z.string(),
  /** Empty: all event types. `*` stands for any text; a leading `!` excludes. */
  eventTypes: z.array(z.string()),
  settings: endpointSettings,
  /** Sent with each delivery; a secret value is null. */
  headers: z.array(endpointHeader),
  secretHint: z.string(),
  /** Until then deliveries carry the signature of the former secret, too. */
  previousSecretUntil: timestamp.nullable(),
  enabled: z.boolean(),
  /** Why it was disabled, e.g. the receiver answered 410. */
  disabledReason: z.string().nullable(),
  /** Since when no attempt has succeeded, and when that will disable it. */
  failingSince: timestamp.nullable(),
  disablesAt: timestamp.nullable(),
  breaker: z.object({
    state: breakerState,
    since: timestamp.nullable(),
    nextProbeAt: timestamp.nullable(),
    consecutiveFailures: z.number(),
  }),
  version: z.number().int(),
  createdAt: timestamp,
  changedAt: timestamp,
  changedBy: z.string().nullable(),
});
export type WebhookEndpoint = z.infer<typeof webhookEndpoint>;

/** One event on its way to one endpoint. */
export const delivery = z.object({
  id: z.uuid(),
  /** Our event id, sent as `webhook-id`: the same for all endpoints and replays. */
  eventId: z.string(),
  eventType: z.string(),
  sourceId: z.uuid(),
  sourceName: z.string(),
  endpointId: z.uuid(),
  endpointName: z.string(),
  endpointUrl: z.string(),
  status: deliveryStatus,
  /** Attempts made in the current generation; a replay starts a new one. */
  attempts: z.number().int(),
  maxAttempts: z.number().int(),
  generation: z.number().int(),
  receivedAt: timestamp,
  lastAttemptAt: timestamp.nullable(),
  nextAttemptAt: timestamp.nullable(),
  completedAt: timestamp.nullable(),
  lastStatusCode: z.number().int().nullable(),
  errorClass: errorClass.nullable(),
  errorMessage: z.string().nullable(),
});
export type Delivery = z.infer<typeof delivery>;

export const deliveryTopic = defineTopic({
  name: "webhooks",
  kind: "heads",
  capability: "webhooks:read",
  history: ["webhooks"],
  row: delivery,
});

/** Headers and body as captured: secrets redacted, capped at 16 KiB. */
export const httpMessage = z.object({
  headers: z.record(z.string(), z.string()),
  body: z.string(),
  bodySizeBytes: z.number(),
  truncated: z.boolean(),
});
export type HttpMessage = z.infer<typeof httpMessage>;

export const deliveryAttempt = z.object({
  generation: z.number().int(),
  attempt: z.number().int(),
  trigger: z.enum(["schedule", "replay", "recovery"]),
  startedAt: timestamp,
  finishedAt: timestamp.nullable(),
  latencyMs: z.number().nullable(),
  /** `unknown`: the claim was committed but no outcome; the receiver may or may not have it. */
  outcome: z.enum(["in_flight", "success", "failure", "unknown"]),
  statusCode: z.number().int().nullable(),
  errorClass: errorClass.nullable(),
  errorMessage: z.string().nullable(),
  request: httpMessage.extend({ url: z.string() }),
  response: httpMessage.nullable(),
});
export type DeliveryAttempt = z.infer<typeof deliveryAttempt>;

/** `hidden`: not for the caller, who lacks `webhooks:payload`. `gone`: removed, no longer stored or not readable. */
export const payloadState = z.enum(["shown", "hidden", "gone"]);

export const deliveryDetail = delivery.extend({
  /** Changes with each replay; include it in a replay so that two people cannot both start one. */
  version: z.number().int(),
  /** Newest first, at most 50. */
  attemptLog: z.array(deliveryAttempt),
  /** The body is redacted, and empty unless it is shown; the same holds for the requests of the attempts. */
  payload: z.object({
    state: payloadState,
    body: z.string(),
    sizeBytes: z.number(),
    truncated: z.boolean(),
    contentType: z.string(),
  }),
  endpoint: webhookEndpoint,
  /**
   * Its place among the deliveries with the same key, if its endpoint asks for order: the one that it waits for, and how
   * many wait for it, counted up to 1,000. Null without order, and once it has ended.
   */
  order: z.object({ key: z.string(), blockedBy: z.uuid().nullable(), waiting: z.number().int() }).nullable(),
  /** Other dead letters of the same endpoint and error. */
  sameCause: z.number(),
  /** Runs that sent this delivery again, newest first, at most 20; `generation` is the one that the run started. */
  replayedBy: z.array(
    z.object({
      replayId: z.uuid(),
      generation: z.number().int(),
      startedBy: z.string().nullable(),
      startedAt: timestamp.nullable(),
      outcome: z.enum(["sent", "succeeded", "failed"]),
    }),
  ),
});
export type DeliveryDetail = z.infer<typeof deliveryDetail>;

export const deliveryFilter = {
  status: queryList(deliveryStatus).optional(),
  endpointId: queryList(z.uuid()).optional(),
  eventType: queryList(z.string().max(200)).optional(),
  errorClass: queryList(errorClass).optional(),
  from: timestamp.optional(),
  to: timestamp.optional(),
  q: z.string().trim().min(1).max(200).optional(),
  includeChildren: queryFlag,
};

export const listDeliveries = defineEndpoint({
  method: "GET",
  path: "/webhooks/deliveries",
  summary: "Delivery log, newest first",
  access: "webhooks:read",
  query: z.strictObject({ ...deliveryFilter, ...paging }),
  response: page(delivery),
});

export const summarizeDeliveries = defineEndpoint({
  method: "GET",
  path: "/webhooks/deliveries/summary",
  summary: "Matches by status and a histogram by outcome over the range, in whole bars",
  access: "webhooks:read",
  query: z.strictObject({ ...deliveryFilter, bars: z.coerce.number().int().min(10).max(120).default(96) }),
  response: z.object({
    from: timestamp,
    to: timestamp,
    barMs: z.number(),
    bars: z.array(
      z.object({ completed: z.number(), failed: z.number(), deadLetter: z.number(), open: z.number() }),
    ),
    counts: z.record(deliveryStatus, z.number()),
    /** Matches of a text are counted up to 10,001; then the counts are a lower bound. */
    isBound: z.boolean(),
  }),
});

export const readDelivery = defineEndpoint({
  method: "GET",
  path: "/webhooks/deliveries/:id",
  summary: "One delivery with its attempts, newest first, and its payload as captured",
  access: "webhooks:read",
  params: z.strictObject({ id: z.uuid() }),
  response: deliveryDetail,
});

export const replayDelivery = defineEndpoint({
  method: "POST",
  path: "/webhooks/deliveries/:id/replay",
  summary: "Replay a dead letter: same webhook-id, new signature, a new series of attempts",
  access: "webhooks:replay",
  action: "webhooks.delivery.replay",
  keeps: ["status", "generation"],
  params: z.strictObject({ id: z.uuid() }),
  body: withExamples(z.strictObject({ reason: reasonText, version: z.number().int().optional() }), {
    reason: "the receiver is back",
    version: 7,
  }),
  response: delivery.extend({ version: z.number().int() }),
  status: 202,
});

const secret = z
  .string()
  .max(200)
  .optional()
  .describe("Signing secret: whsec_ and base64 of 24 to 64 bytes. Generated when omitted.");

export const listEndpoints = defineEndpoint({
  method: "GET",
  path: "/webhooks/endpoints",
  summary: "Endpoints that receive deliveries, with their breaker state",
  access: "webhooks:read",
  query: z.strictObject({ ...paging }),
  response: page(webhookEndpoint),
});

const endpointFields = {
  name: z.string().trim().min(1).max(100),
  url: z.url({ protocol: /^https?$/ }).max(2000),
  eventTypes: z.array(z.string().trim().min(1).max(200)).max(100),
};

export const createEndpoint = defineEndpoint({
  method: "POST",
  path: "/webhooks/endpoints",
  summary: "Create an endpoint; its signing secret is shown once, in the response",
  access: "webhooks:configure",
  action: "webhooks.endpoint.create",
  keeps: endpointKept,
  body: withExamples(
    z.strictObject({
      slug,
      ...endpointFields,
      eventTypes: endpointFields.eventTypes.default([]),
      settings: endpointSettingsChange.default({}),
      headers: endpointHeaders.default([]),
      secret,
    }),
    {
      slug: "fulfilment",
      name: "Fulfilment",
      url: "https://fulfilment.example/hooks",
      eventTypes: ["order.*", "!order.test"],
      settings: { timeoutMs: 10_000, ratePerSecond: 20, orderBy: "data.orderId" },
      headers: [{ name: "x-tenant", value: "eu" }],
    },
  ),
  response: webhookEndpoint.extend({ secret: z.string() }),
  status: 201,
});

export const updateEndpoint = defineEndpoint({
  method: "PATCH",
  path: "/webhooks/endpoints/:id",
  summary: "Change an endpoint; 409 for a stale version, with the fields in which it differs",
  access: "webhooks:configure",
  action: "webhooks.endpoint.update",
  keeps: endpointKept,
  params: z.strictObject({ id: z.uuid() }),
  body: withExamples(
    z.strictObject({
      version: z.number().int(),
      name: endpointFields.name.optional(),
      url: endpointFields.url.optional(),
      eventTypes: endpointFields.eventTypes.optional(),
      settings: endpointSettingsChange.optional(),
      headers: endpointHeaders.optional(),
      enabled: z.boolean().optional(),
    }),
    { version: 14, settings: { ratePerSecond: 5 } },
  ),
  response: webhookEndpoint,
});

export const deleteEndpoint = defineEndpoint({
  method: "DELETE",
  path: "/webhooks/endpoints/:id",
  summary: "Delete an endpoint; its unfinished deliveries are discarded",
  access: "webhooks:configure",
  action: "webhooks.endpoint.delete",
  keeps: [...endpointKept, "discardedDeliveries"],
  params: z.strictObject({ id: z.uuid() }),
  response: z.null(),
  status: 204,
});
