import { z } from "zod";
import { defineEndpoint, withExamples } from "../endpoint.ts";
import { reasonText } from "../reason.ts";

/** Deliveries that one call may send again. */
export const resendMax = 100;

/**
 * Sends completed deliveries again, although their receiver has confirmed them: with the same `webhook-id`, a new
 * signature and a new series of attempts. What is no longer completed, in flight, without a payload, or belongs to a
 * disabled endpoint is skipped; 409 if nothing is left.
 */
export const resendDeliveries = defineEndpoint({
  method: "POST",
  path: "/webhooks/deliveries/resend",
  summary: "Force completed deliveries to be sent again; receivers that do not deduplicate act twice",
  access: "webhooks:resend",
  action: "webhooks.deliveries.resend",
  keeps: ["status", "count", "skipped"],
  body: withExamples(
    z.strictObject({
      /** Each with the generation that a person has seen, so that two people cannot both send it. */
      deliveries: z
        .array(z.strictObject({ id: z.uuid(), generation: z.number().int().min(1) }))
        .min(1)
        .max(resendMax),
      reason: reasonText,
    }),
    {
      deliveries: [{ id: "01985c3e-8f00-7000-8000-000000000001", generation: 1 }],
      reason: "the receiver lost its database",
    },
  ),
  response: z.object({ resent: z.number().int(), skipped: z.number().int() }),
  status: 202,
});
