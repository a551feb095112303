import { z } from "zod";
import { defineEndpoint, timestamp, withExamples } from "../endpoint.ts";
import { reasonText } from "../reason.ts";

const params = z.strictObject({ id: z.uuid() });

/** A key whose first delivery fails or is a dead letter: the others of the key wait for it. */
export const heldKey = z.object({
  key: z.string(),
  deliveryId: z.uuid(),
  eventType: z.string(),
  status: z.enum(["failed", "dead_letter"]),
  /** Its last attempt. */
  since: timestamp.nullable(),
  errorMessage: z.string().nullable(),
  /** Counted up to 1,000. */
  waiting: z.number().int(),
});
export type HeldKey = z.infer<typeof heldKey>;

export const listHeldKeys = defineEndpoint({
  method: "GET",
  path: "/webhooks/endpoints/:id/keys",
  summary: "Keys of an ordered endpoint that are held by a delivery that fails, longest first, at most 100",
  access: "webhooks:read",
  params,
  response: z.object({ items: z.array(heldKey).max(100) }),
});

export const skipDelivery = defineEndpoint({
  method: "POST",
  path: "/webhooks/deliveries/:id/skip",
  summary:
    "Let the key of a delivery go on without it: a dead letter stays one, what still has attempts is discarded",
  access: "webhooks:replay",
  action: "webhooks.delivery.skip",
  keeps: ["status", "waiting"],
  params,
  body: withExamples(z.strictObject({ reason: reasonText }), { reason: "the order was cancelled" }),
  response: z.object({ status: z.enum(["dead_letter", "discarded"]), waiting: z.number().int() }),
});
