import { expect, test } from "vitest";
import { barsOf } from "./bars.ts";

const at = (time: string) => Date.parse(`2026-11-19T${time}Z`);
const minuteMs = 60_000;

test.each([
  [10, "10 seconds", 10_000],
  [60, "5 minutes, for which counters are kept", 5 * minuteMs],
  [24 * 60, "30 minutes", 30 * minuteMs],
  [7 * 24 * 60, "2 hours", 120 * minuteMs],
  [90 * 24 * 60, "a day", 24 * 60 * minuteMs],
  [400 * 24 * 60, "a week", 7 * 24 * 60 * minuteMs],
])("at most 96 bars of the last %i minutes last %s each", (minutes, _words, barMs) => {
  const toMs = at("09:14:10");
  const bars = barsOf({ fromMs: toMs - minutes * minuteMs, toMs, nowMs: toMs, most: 96 });
  expect(bars.barMs).toBe(barMs);
  expect(bars.count).toBeLessThanOrEqual(96);
});

test("bars begin on the clock, cover the whole range and stay in place while it moves on", () => {
  const first = barsOf({ fromMs: at("08:11:10"), toMs: at("09:11:10"), nowMs: at("09:11:10"), most: 96 });
  expect(first).toEqual({ fromMs: at("08:10:00"), toMs: at("09:15:00"), barMs: 5 * minuteMs, count: 13 });
  expect(barsOf({ fromMs: at("08:14:50"), toMs: at("09:14:50"), nowMs: at("09:14:50"), most: 96 })).toEqual(
    first,
  );
});
