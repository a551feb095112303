import type { DeadLetterGroup } from "@wheelhouse/shared/webhooks/dead-letters.ts";
import { expect, it } from "vitest";
import { causesOf, filterOfCauses, verdictOf } from "./grouping.ts";

const group = (over: Partial<DeadLetterGroup>): DeadLetterGroup => ({
  endpointId: "0193a6b0-0000-7000-8000-000000000001",
  endpointName: "Orders",
  endpointUrl: "https://orders.example/in",
  errorClass: "http_5xx",
  eventType: "order.paid",
  count: 1,
  firstAt: "2026-11-19T03:00:00.000Z",
  lastAt: "2026-11-19T04:00:00.000Z",
  statusCode: 503,
  errorMessage: "503: maintenance",
  receiver: { state: "healthy", breaker: "closed", since: null, delivered: 7, failed: 0 },
  ...over,
});
const groups = [
  group({ count: 60 }),
  group({ count: 30, eventType: "order.created", firstAt: "2026-11-19T02:00:00.000Z" }),
  group({
    count: 10,
    endpointId: "0193a6b0-0000-7000-8000-000000000002",
    endpointName: "Stock",
    errorClass: "timeout",
    statusCode: null,
    errorMessage: "No response within 15000 ms.",
    receiver: { state: "failing", breaker: "open", since: null, delivered: 0, failed: 3 },
  }),
];

it("dead letters of one cause are summed over endpoints and types, with their share and their first and last", () => {
  expect(causesOf(groups, 100, "cause")).toMatchObject([
    {
      key: "http_5xx",
      count: 90,
      share: 0.9,
      detail: "503 Service Unavailable maintenance",
      eventTypes: ["order.paid", "order.created"],
      firstAt: "2026-11-19T02:00:00.000Z",
      lastAt: "2026-11-19T04:00:00.000Z",
      receiver: { text: "Healthy", detail: "last 7 succeeded", isHealthy: true },
    },
    { key: "timeout", count: 10, receiver: { text: "Still failing", isFailing: true } },
  ]);
});

it("receivers in several states are named by number, and count as healthy only together", () => {
  const [all] = causesOf(
    groups.map((one) => ({ ...one, errorClass: "http_5xx" as const })),
    100,
    "cause",
  );
  expect(all?.receiver).toMatchObject({
    text: "Mixed",
    detail: "1 healthy, 1 still failing",
    isHealthy: false,
  });
});

it("the filter of chosen causes holds exactly them, within the page's filter", () => {
  const causes = causesOf(groups, 100, "cause");
  const search = {
    status: ["dead_letter" as const],
    eventType: ["order.paid"],
    from: "2026-11-19T00:00:00Z",
  };
  expect(filterOfCauses(search, causes.slice(0, 1))).toEqual({
    status: ["dead_letter"],
    eventType: ["order.paid"],
    errorClass: ["http_5xx"],
    from: "2026-11-19T00:00:00Z",
  });
  // No filter names the lack of an error, so nothing else may be taken for it.
  expect(causesOf([group({ errorClass: null })], 1, "cause")[0]?.filter).toBeNull();
});

it("the verdict says how many causes explain how many dead letters", () => {
  const causes = causesOf(groups, 100, "cause");
  expect(verdictOf(causes, 100)).toBe("2 causes explain all 100 dead letters");
  expect(verdictOf(causes, 130)).toBe("2 causes explain 100 of 130 dead letters");
  expect(verdictOf(causesOf([group({})], 1, "cause"), 1)).toBe("1 dead letter");
  expect(verdictOf([], 0)).toBe("No dead letters");
});
