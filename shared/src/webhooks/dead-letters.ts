import { z } from "zod";
import { defineEndpoint, queryList, timestamp, withExamples } from "../endpoint.ts";
import { reasonText } from "../reason.ts";
import { replayFilter } from "./replays.ts";
import { breakerState, delivery, errorClass } from "./webhooks.ts";

/** Most groups in one answer, the largest first. */
export const deadLetterGroupsMax = 200;

/**
 * What the receiver does now: `failing` and `probing` are its breaker's states, `healthy` one that is closed; `deleted`
 * and `disabled` ones get nothing. The counts are its attempts of the last hour.
 */
export const receiverNow = z.object({
  state: z.enum(["healthy", "probing", "failing", "disabled", "deleted"]),
  breaker: breakerState,
  /** When the breaker's state began; null while it has been closed since the start. */
  since: timestamp.nullable(),
  delivered: z.number().int(),
  failed: z.number().int(),
});
export type ReceiverNow = z.infer<typeof receiverNow>;

export const deadLetterGroup = z.object({
  endpointId: z.uuid(),
  endpointName: z.string(),
  endpointUrl: z.string(),
  /** Null if the delivery ended without an attempt that failed. */
  errorClass: errorClass.nullable(),
  eventType: z.string(),
  count: z.number().int(),
  /** When the first and the last of them were received; null if they have just changed. */
  firstAt: timestamp.nullable(),
  lastAt: timestamp.nullable(),
  /** The answer to the last of them. */
  statusCode: z.number().int().nullable(),
  errorMessage: z.string().nullable(),
  receiver: receiverNow,
});
export type DeadLetterGroup = z.infer<typeof deadLetterGroup>;

export const listDeadLetterGroups = defineEndpoint({
  method: "GET",
  path: "/webhooks/dead-letters/groups",
  summary:
    "Dead letters by endpoint, error and event type, largest group first, with what each receiver does now",
  access: "webhooks:read",
  query: z.strictObject({
    endpointId: queryList(z.uuid()).optional(),
    eventType: queryList(z.string().max(200)).optional(),
    errorClass: queryList(errorClass).optional(),
    from: timestamp.optional(),
    to: timestamp.optional(),
  }),
  response: z.object({
    /** All matching dead letters, those of groups beyond the first 200 included. */
    total: z.number().int(),
    groups: z.array(deadLetterGroup).max(deadLetterGroupsMax),
    /** Groups that match. */
    groupCount: z.number().int(),
  }),
});

export const discardDeliveries = defineEndpoint({
  method: "POST",
  path: "/webhooks/deliveries/discard",
  summary:
    "Discard the matching dead letters, at most 100,000: they no longer wait for replay, but can be replayed until they expire",
  access: "webhooks:replay",
  action: "webhooks.deliveries.discard",
  keeps: ["count", "ids", "status", "endpointId", "eventType", "errorClass", "from", "to", "q"],
  body: withExamples(
    z.strictObject({
      filter: replayFilter,
      reason: reasonText,
      /** How many a person has confirmed; 409 if more match by now. */
      expected: z.number().int().min(1),
    }),
    {
      filter: { errorClass: ["gone"] },
      reason: "the partner has left",
      expected: 12,
    },
  ),
  response: z.object({ discarded: z.number().int() }),
});

const one = { params: z.strictObject({ id: z.uuid() }) };

export const cancelDelivery = defineEndpoint({
  method: "POST",
  path: "/webhooks/deliveries/:id/cancel",
  summary: "Cancel the remaining attempts of a delivery; a running attempt ends, and counts if it succeeds",
  access: "webhooks:replay",
  action: "webhooks.delivery.cancel",
  keeps: ["status"],
  ...one,
  body: z.strictObject({ reason: reasonText }),
  response: delivery,
});

export const retryDelivery = defineEndpoint({
  method: "POST",
  path: "/webhooks/deliveries/:id/retry",
  summary: "Make the next scheduled attempt of a delivery now; the schedule goes on from there",
  access: "webhooks:replay",
  action: "webhooks.delivery.retry",
  keeps: ["nextAttemptAt"],
  ...one,
  response: delivery,
  status: 202,
});

const outcome = z.object({
  delivered: z.number().int(),
  /** Failed attempts. */
  failed: z.number().int(),
  deadLetters: z.number().int(),
  replays: z.number().int(),
  /** Time from the start of the successful attempt to its answer; null without one. */
  durationMsP50: z.number().nullable(),
  durationMsP95: z.number().nullable(),
});

export const readWebhookStatistics = defineEndpoint({
  method: "GET",
  path: "/webhooks/statistics",
  summary:
    "What became of deliveries, by the time at which it happened: per hour for 14 days, per day for 13 months",
  access: "webhooks:read",
  query: z.strictObject({
    from: timestamp,
    to: timestamp,
    step: z.enum(["hour", "day"]).default("day"),
    /** One series for each; `none` for a single one. */
    by: z.enum(["none", "endpoint", "type", "error"]).default("none"),
    endpointId: queryList(z.uuid()).optional(),
    eventType: queryList(z.string().max(200)).optional(),
  }),
  response: z.object({
    /** Largest first, at most 50. */
    series: z.array(
      z.object({
        /** Endpoint id, event type or error class; empty for `none`, and for successes by error. */
        key: z.string(),
        name: z.string(),
        total: outcome,
        /** Oldest first; times without anything are left out. */
        points: z.array(outcome.extend({ at: timestamp })),
      }),
    ),
  }),
});
