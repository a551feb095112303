import type { Delivery, DeliveryAttempt } from "@wheelhouse/shared/webhooks/webhooks.ts";

/** A dead letter as the API returns it, for tests. */
export const deadLetter: Delivery = {
  id: "019a8b00-0000-7000-8000-000000000001",
  eventId: "msg_2yHq8FvT4nK0sWmE",
  eventType: "shipment.requested",
  sourceId: "019a8b00-0000-4000-8000-0000000000b1",
  sourceName: "Shop",
  endpointId: "019a8b00-0000-4000-8000-0000000000e1",
  endpointName: "Fulfilment",
  endpointUrl: "https://fulfilment.example/hooks",
  status: "dead_letter",
  attempts: 7,
  maxAttempts: 7,
  generation: 1,
  receivedAt: "2026-11-19T05:39:58.772Z",
  lastAttemptAt: "2026-11-19T07:22:41.702Z",
  nextAttemptAt: null,
  completedAt: null,
  lastStatusCode: 503,
  errorClass: "http_5xx",
  errorMessage: "503 from the receiver",
};

const message = { headers: {}, body: "", bodySizeBytes: 0, truncated: false };

export const attemptAt = (
  attempt: number,
  startedAt: string,
  rest: Partial<DeliveryAttempt> = {},
): DeliveryAttempt => ({
  generation: 1,
  attempt,
  trigger: "schedule",
  startedAt,
  finishedAt: startedAt,
  latencyMs: 1200,
  outcome: "failure",
  statusCode: 503,
  errorClass: "http_5xx",
  errorMessage: null,
  request: { ...message, url: "https://fulfilment.example/hooks" },
  response: message,
  ...rest,
});
