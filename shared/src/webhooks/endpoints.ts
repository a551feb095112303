import { z } from "zod";
import { defineEndpoint, timestamp, withExamples } from "../endpoint.ts";
import { reasonText } from "../reason.ts";
import { endpointKept, errorClass, httpMessage, webhookEndpoint } from "./webhooks.ts";

const params = z.strictObject({ id: z.uuid() });

/** The latest deliveries of the last hour, at most 1,000; null without any. Ratios are 0–1. */
export const endpointHealth = z.object({
  deliveries: z.number().int(),
  successRatio: z.number().nullable(),
  latencyMsP50: z.number().nullable(),
  latencyMsP95: z.number().nullable(),
  /** Deliveries that wait for an attempt, counted up to 10,001. */
  waiting: z.number().int(),
  deadLetters: z.number().int(),
});
export type EndpointHealth = z.infer<typeof endpointHealth>;

export const endpointDetail = webhookEndpoint.extend({ health: endpointHealth });
export type EndpointDetail = z.infer<typeof endpointDetail>;

export const readEndpoint = defineEndpoint({
  method: "GET",
  path: "/webhooks/endpoints/:id",
  summary: "One endpoint with its settings and the health of its last hour",
  access: "webhooks:read",
  params,
  response: endpointDetail,
});

export const rotateEndpoint = defineEndpoint({
  method: "POST",
  path: "/webhooks/endpoints/:id/rotate",
  summary: "Give an endpoint a new signing secret; until the overlap ends, deliveries carry both signatures",
  access: "webhooks:configure",
  action: "webhooks.endpoint.rotate",
  keeps: [...endpointKept, "previousSecretUntil"],
  params,
  body: withExamples(
    z.strictObject({
      version: z.number().int(),
      secret: z
        .string()
        .max(200)
        .optional()
        .describe("whsec_ and base64 of 24 to 64 bytes. Generated when omitted."),
      /** At most 7 days; 0 ends the former secret at once. */
      overlapHours: z.number().int().min(0).max(168).default(24),
    }),
    { version: 14, overlapHours: 24 },
  ),
  response: webhookEndpoint.extend({ secret: z.string() }),
});

export const endEndpointOverlap = defineEndpoint({
  method: "POST",
  path: "/webhooks/endpoints/:id/rotate/end",
  summary: "End the overlap of a rotation: deliveries carry the new signature only",
  access: "webhooks:configure",
  action: "webhooks.endpoint.end-overlap",
  keeps: [...endpointKept, "previousSecretUntil"],
  params,
  body: z.strictObject({ version: z.number().int() }),
  response: webhookEndpoint,
});

export const testEndpoint = defineEndpoint({
  method: "POST",
  path: "/webhooks/endpoints/:id/test",
  summary: "Send a test event (type test.ping) at once: past breaker and rate, not retried, not in the log",
  access: "webhooks:configure",
  action: "webhooks.endpoint.test",
  keeps: ["statusCode", "errorClass"],
  params,
  body: z.strictObject({}),
  response: z.object({
    eventId: z.string(),
    sentAt: timestamp,
    latencyMs: z.number(),
    delivered: z.boolean(),
    statusCode: z.number().nullable(),
    errorClass: errorClass.nullable(),
    errorMessage: z.string().nullable(),
    request: httpMessage.extend({ url: z.string() }),
    response: httpMessage.nullable(),
  }),
});

const breakerAct = z.strictObject({ reason: reasonText });

export const resetEndpointBreaker = defineEndpoint({
  method: "POST",
  path: "/webhooks/endpoints/:id/breaker/reset",
  summary: "Close the breaker of an endpoint; it opens again after its number of failures",
  access: "breakers:act",
  action: "webhooks.endpoint.reset-breaker",
  keeps: ["state"],
  params,
  body: breakerAct,
  response: webhookEndpoint,
});

export const probeEndpointBreaker = defineEndpoint({
  method: "POST",
  path: "/webhooks/endpoints/:id/breaker/probe",
  summary: "Let the next delivery probe an open breaker, without waiting for its cool-down",
  access: "breakers:act",
  action: "webhooks.endpoint.probe-breaker",
  keeps: ["state"],
  params,
  body: breakerAct,
  response: webhookEndpoint,
});
