import { z } from "zod";
import { defineEndpoint } from "../endpoint.ts";
import { deliveryFilterKept } from "./views.ts";
import { deliveryFilter } from "./webhooks.ts";

export const deliveryExportFormats = ["ndjson", "csv"] as const;
export type DeliveryExportFormat = (typeof deliveryExportFormats)[number];

/** Deliveries in one export at most, the newest first. */
export const deliveryExportMax = 100_000;

/**
 * Streams the matching deliveries, newest first. The last line holds the number of deliveries, the SHA-256 of what
 * stands before it, and whether more match; a file without it is incomplete. In CSV, cells that a spreadsheet would
 * take for a formula begin with an apostrophe.
 */
export const exportDeliveries = defineEndpoint({
  method: "GET",
  path: "/webhooks/deliveries/export",
  summary: "Export the same deliveries as the list, as CSV or NDJSON, at most 100,000, without payloads",
  access: "webhooks:export",
  action: "webhooks.delivery.export",
  keeps: [...deliveryFilterKept, "from", "to", "includeChildren", "format"],
  query: z.strictObject({ ...deliveryFilter, format: z.enum(deliveryExportFormats) }),
  response: z.any(),
});
