import { describe, expect, test } from "vitest";
import { makeCounts, makeQueue } from "#testing/tick.ts";
import { drainOf, judgeQueue, type QueueFigures } from "./rules.ts";

const minuteMs = 60_000;
const queue = (part: Partial<QueueFigures>): QueueFigures => ({ ...makeQueue("q"), ...part });
const waiting = (count: number) => ({ counts: makeCounts({ waiting: count }) });

describe("judgement of a queue", () => {
  test.each([
    ["nothing to do", {}, "ok", "OK"],
    ["idle without a worker", { workers: 0 }, "ok", "OK"],
    ["jobs wait and no worker listens", { workers: 0, ...waiting(3) }, "down", "No worker"],
    [
      "only prioritized jobs wait and no worker listens",
      { workers: 0, counts: makeCounts({ prioritized: 1 }) },
      ...(["down", "No worker"] as const),
    ],
    ["delayed jobs need no worker yet", { workers: 0, counts: makeCounts({ delayed: 5 }) }, "ok", "OK"],
    ["it could not be asked for workers", { workers: null, ...waiting(3) }, "ok", "OK"],
    ["a job waits just as long as allowed", { oldestWaitingMs: 5 * minuteMs, ...waiting(1) }, "ok", "OK"],
    [
      "a job waits longer",
      { oldestWaitingMs: 5 * minuteMs + 1, ...waiting(1) },
      ...(["degraded", "Old jobs"] as const),
    ],
    ["a quarter fails", { completedPerMinute: 15, failedPerMinute: 5 }, "degraded", "Failing"],
    ["less fails", { completedPerMinute: 16, failedPerMinute: 5 }, "ok", "OK"],
    ["all fail, but too few to tell", { completedPerMinute: 0, failedPerMinute: 4 }, "ok", "OK"],
    ["the rate is not known", { completedPerMinute: null, failedPerMinute: null }, "ok", "OK"],
    [
      "paused, whatever waits",
      { paused: true, workers: 0, oldestWaitingMs: 60 * minuteMs, ...waiting(9) },
      ...(["ok", "Paused"] as const),
    ],
  ] as const)("%s", (_name, part, state, label) => {
    expect(judgeQueue(queue(part))).toMatchObject({ state, label });
  });

  test("the cause has figure and threshold", () => {
    expect(judgeQueue(queue({ workers: 0, ...waiting(1_284) })).cause).toBe(
      "1,284 jobs waiting, no worker connected",
    );
    expect(judgeQueue(queue({ oldestWaitingMs: 18 * minuteMs + 40_000, ...waiting(1) })).cause).toBe(
      "Oldest job waiting for 18 m 40 s, threshold 5 m",
    );
    expect(judgeQueue(queue({ completedPerMinute: 6, failedPerMinute: 6 })).cause).toBe(
      "50.0% of jobs failing, threshold 25%",
    );
  });
});

describe("drain time", () => {
  test.each([
    ["nothing waits", {}, "empty"],
    ["paused", { paused: true, ...waiting(2) }, "paused"],
    ["no worker", { workers: 0, ...waiting(2) }, "never"],
    [
      "by the pace of the last minute",
      { ...waiting(30), completedPerMinute: 50, failedPerMinute: 10 },
      30_000,
    ],
    ["pace not known", { ...waiting(2), completedPerMinute: null, failedPerMinute: null }, null],
    ["nothing finishes and nothing runs", { ...waiting(2), completedPerMinute: 0 }, "never"],
    ["a long job runs", { counts: makeCounts({ waiting: 2, active: 1 }), completedPerMinute: 0 }, null],
  ] as const)("%s", (_name, part, drainsInMs) => {
    expect(drainOf(queue(part))).toBe(drainsInMs);
  });
});
