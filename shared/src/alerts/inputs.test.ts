import { expect, test } from "vitest";
import {
  readFigure,
  readLabels,
  readMatchers,
  readSpan,
  writeFigure,
  writeLabels,
  writeMatchers,
  writeSpan,
} from "./inputs.ts";

test.each([
  ["15m", 900_000],
  ["1 h 30 m", 5_400_000],
  ["90 s", 90_000],
  ["250ms", 250],
  ["15", null],
  ["a while", null],
  ["", null],
])("the span %s is %s ms", (text, ms) => expect(readSpan(text)).toBe(ms));

test.each([
  ["oldestWaitingMs", "5 m", undefined, 300_000],
  ["failureRatio", "50%", undefined, 0.5],
  ["failureRatio", "0.5", undefined, 0.5],
  ["usedMemoryBytes", "1.5 GB", undefined, 1.5e9],
  ["usedMemoryBytes", "90%", "maxMemoryBytes", 0.9],
  ["deadLetters", "45,000", undefined, 45_000],
  ["failedPerMinute", "10 /min", undefined, 10],
  ["deadLetters", "many", undefined, null],
])("%s as %s (of %s) is %s", (metric, text, by, value) => expect(readFigure(metric, text, by)).toBe(value));

test("what is written is read again", () => {
  for (const ms of [0, 250, 15_000, 900_000, 5_400_000]) expect(readSpan(writeSpan(ms))).toBe(ms);
  for (const [metric, value] of [
    ["oldestWaitingMs", 300_000],
    ["failureRatio", 0.25],
    ["deadLetters", 45_000],
    ["certificateDaysLeft", 14],
    ["burnFast", 14.4],
    ["failedPerMinute", 10],
  ] as const)
    expect(readFigure(metric, writeFigure(metric, value))).toBe(value);
  const labels = { team: "platform", tier: "2" };
  expect(readLabels(writeLabels(labels))).toEqual(labels);
  const matchers = [
    { label: "queue", pattern: "exports*", isNot: false },
    { label: "severity", pattern: "critical", isNot: true },
  ];
  expect(readMatchers(writeMatchers(matchers))).toEqual(matchers);
  expect(readMatchers("exports")).toBeNull();
  expect(readLabels("team")).toBeNull();
});
