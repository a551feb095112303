import type { ReplayDetail, ReplayEndpoint } from "@wheelhouse/shared/webhooks/replays.ts";
import { describe, expect, test } from "vitest";
import { asksCount, laneView, leastSeconds, replayFilterOf, replayVerdict } from "./view.ts";

const lane = (part: Partial<ReplayEndpoint> = {}): ReplayEndpoint => ({
  endpointId: "019a8b00-0000-4000-8000-0000000000e1",
  name: "Fulfilment",
  url: "https://f.example",
  eventTypes: [],
  breaker: "closed",
  phase: "sending",
  cause: null,
  ratePerSecond: 5,
  limitPerSecond: null,
  isLeftOut: false,
  total: 10,
  sent: 4,
  succeeded: 3,
  failed: 1,
  skipped: 0,
  ...part,
});
const run = (part: Partial<ReplayDetail> = {}): ReplayDetail => ({
  id: "019a8b00-0000-7000-8000-000000000001",
  state: "running",
  cause: null,
  reason: "back",
  ratePerSecond: 50,
  total: 10,
  sent: 4,
  succeeded: 3,
  failed: 1,
  skipped: 0,
  plannedBy: "Priya",
  plannedAt: "2026-11-19T09:16:20Z",
  expiresAt: "2026-11-19T09:31:20Z",
  startedBy: "Priya",
  startsAt: "2026-11-19T09:18:05Z",
  endedAt: null,
  filter: {},
  plan: {
    matched: 10,
    matchedIsBound: false,
    isCut: false,
    excluded: [],
    oldestAt: null,
    newestAt: null,
    maybeTwice: 0,
    canary: 5,
    asksStepUp: false,
    holdMs: 5000,
  },
  endpoints: [lane()],
  rates: [],
  journal: [],
  failures: [],
  ...part,
});

describe("the headline of a replay", () => {
  test("counts the endpoints by phase while running", () => {
    const endpoints = [lane({ phase: "held" }), lane(), lane(), lane({ phase: "done" })];
    expect(replayVerdict(run({ endpoints }))).toBe("Running: 2 endpoints sending, 1 on hold, 1 done");
  });

  test("names the cause of a pause, and failed and skipped deliveries at the end", () => {
    expect(replayVerdict(run({ state: "paused", cause: "Shop, breaker opened" }))).toBe(
      "Paused: Shop, breaker opened",
    );
    const ended = { sent: 9, succeeded: 8, failed: 1, skipped: 1 };
    expect(replayVerdict(run({ state: "completed", ...ended }))).toBe(
      "Completed: 8 of 10 delivered, 1 failed, 1 skipped",
    );
    expect(replayVerdict(run({ state: "cancelled" }))).toBe("Cancelled after 4 of 10 deliveries");
  });

  test("an endpoint of a paused run does not look like it is sending", () => {
    expect(laneView({ state: "running" }, lane()).label).toBe("Sending");
    expect(laneView({ state: "paused" }, lane()).label).toBe("Paused");
    expect(laneView({ state: "cancelled" }, lane({ phase: "canary" })).label).toBe("Cancelled");
    expect(laneView({ state: "paused" }, lane({ phase: "held", breaker: "open" })).tone).toBe("down");
  });
});

test("the count has to be typed for many deliveries, and for few if a receiver is failing", () => {
  expect(asksCount(run({ total: 25 }))).toBe(false);
  expect(asksCount(run({ total: 26 }))).toBe(true);
  expect(asksCount(run({ total: 1, endpoints: [lane({ breaker: "open" })] }))).toBe(true);
});

test("the duration of a replay is that of the endpoint with most deliveries, and unknown without a limit", () => {
  expect(leastSeconds([{ total: 100 }, { total: 400 }], 50)).toBe(8);
  expect(leastSeconds([{ total: 100 }], null)).toBeNull();
});

test("a plan takes the filter of the list, and nothing else from the URL", () => {
  expect(replayFilterOf({ status: ["dead_letter"], q: "tls", delivery: "x", tab: "replays" })).toEqual({
    status: ["dead_letter"],
    q: "tls",
  });
});
