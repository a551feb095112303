import { readQueue } from "@wheelhouse/shared/queues.ts";
import { listDeliveries, readDelivery } from "@wheelhouse/shared/webhooks/webhooks.ts";
import { describe, expect, test } from "vitest";
import { endpointUrl } from "./api.ts";

describe("URL of a call", () => {
  test("parameters are percent-encoded, whatever the name of a queue", () => {
    expect(endpointUrl(readQueue, { params: { id: "main~shop%3Aprod~a b/ü{x}" } })).toBe(
      "/api/v1/queues/main~shop%253Aprod~a%20b%2F%C3%BC%7Bx%7D",
    );
    expect(endpointUrl(readDelivery, { params: { id: "018f" } })).toBe("/api/v1/webhooks/deliveries/018f");
  });

  test("absent query values are omitted", () => {
    const query = { status: "failed,dead_letter", q: undefined, eventType: "", limit: 50 };
    expect(endpointUrl(listDeliveries, { query })).toBe(
      "/api/v1/webhooks/deliveries?status=failed%2Cdead_letter&limit=50",
    );
  });
});
