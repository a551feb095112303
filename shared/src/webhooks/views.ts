import { z } from "zod";
import { defineEndpoint, timestamp, withExamples } from "../endpoint.ts";
import { deliveryStatus, errorClass } from "./webhooks.ts";

/** A filter of the log without a time range. */
export const storedDeliveryFilter = z.strictObject({
  status: z.array(deliveryStatus).max(10).optional(),
  endpointId: z.array(z.uuid()).max(50).optional(),
  eventType: z.array(z.string().max(200)).max(50).optional(),
  errorClass: z.array(errorClass).max(20).optional(),
  q: z.string().trim().min(1).max(200).optional(),
});
export type StoredDeliveryFilter = z.infer<typeof storedDeliveryFilter>;

export const deliveryView = z.object({
  id: z.uuid(),
  name: z.string(),
  filter: storedDeliveryFilter,
  createdAt: timestamp,
});
export type DeliveryView = z.infer<typeof deliveryView>;

/** Fields of a filter that the trail keeps. */
export const deliveryFilterKept = ["status", "endpointId", "eventType", "errorClass", "q"] as const;

export const listDeliveryViews = defineEndpoint({
  method: "GET",
  path: "/webhooks/views",
  summary: "The caller's saved filters of the delivery log, by name",
  access: "webhooks:read",
  response: z.object({ items: z.array(deliveryView) }),
});

export const createDeliveryView = defineEndpoint({
  method: "POST",
  path: "/webhooks/views",
  summary: "Save a filter of the delivery log under a name, at most 50 per person",
  access: "webhooks:read",
  action: "webhooks.view.create",
  keeps: [...deliveryFilterKept, "name"],
  body: withExamples(
    z.strictObject({ name: z.string().trim().min(1).max(80), filter: storedDeliveryFilter }),
    { name: "Dead at the bank", filter: { status: ["dead_letter"], q: "bank" } },
  ),
  response: deliveryView,
  status: 201,
});

export const deleteDeliveryView = defineEndpoint({
  method: "DELETE",
  path: "/webhooks/views/:id",
  summary: "Delete a saved filter of the caller",
  access: "webhooks:read",
  action: "webhooks.view.delete",
  keeps: [...deliveryFilterKept, "name"],
  params: z.strictObject({ id: z.uuid() }),
  response: z.null(),
  status: 204,
});
