import { expect, test } from "vitest";
import { barsOf } from "./bars.ts";

const at = (time: string) => Date.parse(`2026-11-19T${time}Z`);

test.each([
  [60, "1 minute", 60_000],
  [24 * 60, "15 minutes", 15 * 60_000],
  [7 * 24 * 60, "2 hours", 2 * 3_600_000],
  [90 * 24 * 60, "a day", 24 * 3_600_000],
  [400 * 24 * 60, "5 days", 5 * 24 * 3_600_000],
])("96 bars of %i minutes last %s each", (minutes, _words, barMs) => {
  const toMs = at("09:14:10");
  expect(barsOf(toMs - minutes * 60_000, toMs, 96).barMs).toBe(barMs);
});

test("bars begin on the clock, cover the whole range and stay in place while it moves on", () => {
  const first = barsOf(at("08:14:10"), at("09:14:10"), 96);
  expect(first).toEqual({ barMs: 60_000, firstMs: at("08:14:00"), count: 61 });
  expect(barsOf(at("08:14:50"), at("09:14:50"), 96)).toEqual(first);
  expect(barsOf(at("09:00:00"), at("09:00:00"), 96).count).toBe(1);
});
