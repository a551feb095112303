import { expect, test } from "vitest";
import { formatSetSpan, formatSpan, formatSpanShort } from "./span.ts";

test.each([
  [-1, "< 1 s"],
  [400, "< 1 s"],
  [3_000, "3 s"],
  [300_000, "5 m"],
  [728_000, "12 m 08 s"],
  [1_120_000, "18 m 40 s"],
  [7_200_000, "2 h"],
  [7_500_000, "2 h 05 m"],
  [19_860_000, "5 h 31 m"],
  [172_800_000, "2 d"],
  [273_600_000, "3 d 04 h"],
])("%i ms is shown as %s", (spanMs, text) => expect(formatSpan(spanMs)).toBe(text));

test("a short duration drops the seconds after the first minute", () => {
  expect([45_000, 1_659_000, 19_860_000].map(formatSpanShort)).toEqual(["45 s", "27 m", "5 h 31 m"]);
});

test("a configured duration keeps its milliseconds", () => {
  expect([250, 1_500, 5_000, 60_000, 90_000].map(formatSetSpan)).toEqual([
    "250 ms",
    "1500 ms",
    "5 s",
    "1 m",
    "1 m 30 s",
  ]);
});
