import { describe, expect, test } from "vitest";
import { isStale, judgeFreshness, staleAfterMs, unknownAfterMs } from "./freshness.ts";

const nowMs = Date.parse("2026-11-19T09:14:10Z");
const observed = (ageMs: number, intervalMs = 1000) => ({
  observedAt: new Date(nowMs - ageMs).toISOString(),
  intervalMs,
});

describe("freshness of data", () => {
  test.each([
    [1000, 1000, "fresh"],
    [3000, 1000, "fresh"],
    [3001, 1000, "stale"],
    [5000, 1000, "stale"],
    [5001, 1000, "unknown"],
    [20_000, 10_000, "fresh"],
    [20_001, 10_000, "stale"],
    [50_000, 10_000, "stale"],
    [50_001, 10_000, "unknown"],
    [3000, 200, "fresh"],
    [3001, 200, "unknown"],
  ] as const)("data %i ms old, sampled every %i ms, are %s", (ageMs, intervalMs, state) => {
    const observation = observed(ageMs, intervalMs);
    expect(judgeFreshness(observation, nowMs).state).toBe(state);
    expect(isStale(observation.observedAt, intervalMs, nowMs)).toBe(state !== "fresh");
  });

  test("data that were never observed are unknown, not stale", () => {
    expect(judgeFreshness({ observedAt: null, intervalMs: 1000 }, nowMs)).toEqual({
      state: "unknown",
      ageMs: null,
    });
    expect(isStale(null, 1000, nowMs)).toBe(false);
  });

  test("a clock that is behind never makes an age negative", () => {
    expect(judgeFreshness(observed(-5000), nowMs).ageMs).toBe(0);
  });

  test("sources with a short interval get three seconds before a missing sample counts", () => {
    expect([staleAfterMs(200), unknownAfterMs(200)]).toEqual([3000, 3000]);
  });
});
