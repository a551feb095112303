import { expect, it } from "vitest";
import { barsOf, rangeOfDays, type Series, successOf } from "./view.ts";

const sums = { failed: 0, replays: 0, durationMsP50: null, durationMsP95: null };

it("a span is whole days in UTC that end with today", () => {
  expect(rangeOfDays(Date.parse("2026-11-20T15:30:00Z"), 7)).toEqual({
    from: "2026-11-14T00:00:00.000Z",
    to: "2026-11-21T00:00:00.000Z",
  });
});

it("days without deliveries have a bar of their own, at zero", () => {
  const series: Series = {
    key: "",
    name: "",
    total: { ...sums, delivered: 5, deadLetters: 1 },
    points: [{ ...sums, at: "2026-11-19T00:00:00.000Z", delivered: 5, deadLetters: 1 }],
  };
  expect(barsOf(series, "2026-11-18T00:00:00.000Z", 3)).toEqual([
    [0, 0],
    [5, 1],
    [0, 0],
  ]);
  expect(barsOf(undefined, "2026-11-18T00:00:00.000Z", 1)).toEqual([[0, 0]]);
});

it("success is the share of attempts, and unknown without any", () => {
  expect(successOf({ delivered: 3, failed: 1 })).toBe(0.75);
  expect(successOf({ delivered: 0, failed: 0 })).toBe(null);
});
