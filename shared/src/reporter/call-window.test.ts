import { expect, test } from "vitest";
import { createCacheCounters } from "./cache-counters.ts";
import { createCallWindow } from "./call-window.ts";

test("calls older than a minute are dropped, and the ratio uses its own shorter window", () => {
  let nowMs = 1_000_000;
  const calls = createCallWindow(() => nowMs);
  for (let call = 0; call < 10; call += 1) calls.add("failure", 20);
  nowMs += 30_000;
  for (let call = 0; call < 30; call += 1) calls.add("success", 10);
  calls.add("refused");
  const ratio = { ratioMs: 10_000, fewest: 5 };
  expect(calls.figures(ratio)).toMatchObject({
    callsPerMinute: 40,
    failedPerMinute: 10,
    refusedPerMinute: 1,
    failureRatio: 0,
  });
  expect(calls.figures({ ratioMs: 60_000, fewest: 5 }).failureRatio).toBe(0.25);
  nowMs += 31_000;
  expect(calls.figures(ratio)).toMatchObject({ callsPerMinute: 30, failedPerMinute: 0, failureRatio: null });
  nowMs += 60_000;
  expect(calls.figures(ratio)).toMatchObject({ callsPerMinute: 0, latencyMsP50: null, latencyMsP99: null });
});

test("percentiles are within 4 % of the measured durations", () => {
  const calls = createCallWindow(() => 1_000_000);
  for (let each = 1; each <= 1_000; each += 1) calls.add("success", each);
  const { latencyMsP50, latencyMsP95, latencyMsP99 } = calls.figures({ ratioMs: 10_000, fewest: 1 });
  for (const [seen, true_] of [
    [latencyMsP50, 500],
    [latencyMsP95, 950],
    [latencyMsP99, 990],
  ] as const)
    expect(Math.abs((seen ?? 0) / true_ - 1)).toBeLessThan(0.04);
});

test("a clock that jumps back loses counts without breaking anything", () => {
  let nowMs = 9_000_000;
  const calls = createCallWindow(() => nowMs);
  calls.add("failure", 5);
  nowMs -= 3_600_000;
  calls.add("success", 5);
  expect(calls.figures({ ratioMs: 60_000, fewest: 1 })).toMatchObject({ callsPerMinute: 1, failureRatio: 0 });
});

test("a cache's counts cover the last minute, by level and key group, and groups are bounded", () => {
  let nowMs = 1_000_000;
  const counters = createCacheCounters({ now: () => nowMs });
  counters.hit("memory", "product:1");
  counters.hit("redis", "product:2");
  counters.miss("price:1");
  counters.loaded(40);
  counters.set();
  nowMs += 20_000;
  counters.hit("memory", "product:3");
  counters.evicted(2);
  const read = counters.read();
  expect(read).toMatchObject({
    windowMs: 20_000,
    misses: 1,
    sets: 1,
    evictions: 2,
    loads: 1,
    loadMsTotal: 40,
  });
  expect([read.hitsAt("memory"), read.hitsAt("redis")]).toEqual([2, 1]);
  expect(read.groups).toEqual([
    { group: "product:*", hits: 3, misses: 0 },
    { group: "price:*", hits: 0, misses: 1 },
  ]);
  for (let group = 0; group < 1_000; group += 1) counters.miss(`group${group}:1`);
  expect(counters.read().groups).toHaveLength(30);
  expect(counters.read().groups[0]).toMatchObject({ group: "(others)" });
  nowMs += 120_000;
  expect(counters.read()).toMatchObject({ windowMs: 60_000, misses: 0, groups: [] });
});
