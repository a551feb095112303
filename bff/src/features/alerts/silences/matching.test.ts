import { expect, test } from "vitest";
import { isInForce, isMatched } from "./matching.ts";

const hour = 3_600_000;
test.each([
  ["now", { startsMs: 0, endsMs: hour, endedMs: null }, 10, true],
  ["in the past", { startsMs: -2 * hour, endsMs: -hour, endedMs: null }, 10, false],
  ["to come", { startsMs: hour, endsMs: 2 * hour, endedMs: null }, 10, false],
  ["at its end", { startsMs: 0, endsMs: hour, endedMs: null }, hour, false],
  ["ended early", { startsMs: 0, endsMs: hour, endedMs: 5 }, 10, false],
  ["ended early, seen before that", { startsMs: 0, endsMs: hour, endedMs: 50 }, 10, true],
])("a silence %s", (_, times, atMs, expected) => expect(isInForce(times, atMs)).toBe(expected));

const labels = { rule: "queue-latency", queue: "exports", severity: "warning" };
test.each([
  [[{ label: "queue", pattern: "exports", isNot: false }], true],
  [[{ label: "queue", pattern: "exp*", isNot: false }], true],
  [[{ label: "queue", pattern: "export", isNot: false }], false],
  [
    [
      { label: "queue", pattern: "*", isNot: false },
      { label: "severity", pattern: "critical", isNot: false },
    ],
    false,
  ],
  [[{ label: "severity", pattern: "critical", isNot: true }], true],
  [[{ label: "team", pattern: "?*", isNot: false }], false],
])("%j matches the alert: %s", (matchers, expected) => expect(isMatched(matchers, labels)).toBe(expected));
