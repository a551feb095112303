import { getNextMillis } from "bullmq";
import { describe, expect, test } from "vitest";
import {
  mistakeIn,
  nextOffsetChange,
  offsetIn,
  timeBefore,
  timesAfter,
  timesBetween,
  wallClockIn,
  wordsOfPattern,
} from "./cron.ts";

const at = (text: string) => Date.parse(text);
const iso = (ms: number) => new Date(ms).toISOString();

describe("a change of daylight saving", () => {
  const nightly = { pattern: "30 2 * * *", timeZone: "Europe/Berlin" };
  const changes = [
    ["to summer", "2027-03-26T12:00:00Z"],
    ["to winter", "2027-10-29T12:00:00Z"],
  ] as const;

  for (const [name, from] of changes)
    test(`${name}: the next five runs are those that BullMQ makes, one a day`, () => {
      const shown = timesAfter(nightly, at(from), 5);
      const made: number[] = [];
      for (let now = at(from); made.length < 5; now = made.at(-1) ?? now) {
        const next = getNextMillis(now, { pattern: nightly.pattern, tz: nightly.timeZone });
        made.push(next ?? 0);
      }
      expect(shown.map(iso)).toEqual(made.map(iso));
      const days = new Set(shown.map((ms) => wallClockIn(nightly.timeZone, ms).slice(0, 10)));
      expect(days.size).toBe(5);
    });

  test("an hourly pattern runs once an hour of real time, through the hour that is skipped and the one that comes twice", () => {
    const hourly = { pattern: "0 * * * *", timeZone: "Europe/Berlin" };
    for (const from of ["2027-03-27T22:30:00Z", "2027-10-30T22:30:00Z"]) {
      const times = timesAfter(hourly, at(from), 6);
      const gaps = times.slice(1).map((ms, i) => ms - (times[i] ?? 0));
      expect(gaps).toEqual([3_600_000, 3_600_000, 3_600_000, 3_600_000, 3_600_000]);
    }
  });

  test("the clock of the zone and its offset change with it, and when is told to the minute", () => {
    expect(wallClockIn("Europe/Berlin", at("2027-03-28T00:30:00Z"))).toBe("2027-03-28 01:30 UTC+1");
    expect(wallClockIn("Europe/Berlin", at("2027-03-28T01:30:00Z"))).toBe("2027-03-28 03:30 UTC+2");
    expect(iso(nextOffsetChange("Europe/Berlin", at("2027-01-01T00:00:00Z")) ?? 0)).toBe(
      "2027-03-28T01:00:00.000Z",
    );
    expect(nextOffsetChange("Asia/Tokyo", at("2027-01-01T00:00:00Z"))).toBeNull();
    expect(offsetIn("Asia/Kolkata", 0)).toBe("UTC+5:30");
    expect(offsetIn("UTC", 0)).toBe("UTC");
    expect(offsetIn("Mars/Olympus", 0)).toBeNull();
  });
});

test("times between two moments leave out both, and the last ones are kept of very many", () => {
  const daily = { pattern: "0 1 * * *", timeZone: "UTC" };
  const between = timesBetween(daily, at("2026-03-01T01:00:00Z"), at("2026-03-04T01:00:00Z"), 20);
  expect(between.times.map(iso)).toEqual(["2026-03-02T01:00:00.000Z", "2026-03-03T01:00:00.000Z"]);
  const second = { everyMs: 1_000, anchorMs: 0 };
  expect(timesBetween(second, 0, 86_400_000, 2)).toEqual({ total: 86_399, times: [86_398_000, 86_399_000] });
  expect(timesAfter(second, 1_500, 2)).toEqual([2_000, 3_000]);
  expect(timeBefore(daily, at("2026-03-02T00:59:59Z"))).toBe(at("2026-03-01T01:00:00Z"));
  expect(timeBefore(daily, at("2026-03-02T01:00:00Z"))).toBe(at("2026-03-02T01:00:00Z"));
});

test("a pattern that cannot be read has no times, is shown as it is, and its mistake is told", () => {
  const broken = { pattern: "61 * * * *", timeZone: "UTC" };
  expect(timesAfter(broken, 0, 5)).toEqual([]);
  expect(timeBefore(broken, 0)).toBeNull();
  expect(mistakeIn(broken.pattern, "UTC")).toContain("61");
  expect(mistakeIn("0 1 * * *", "Europe/Berlin")).toBeNull();
  expect(wordsOfPattern("not a pattern")).toBe("not a pattern");
  expect(wordsOfPattern("*/15 6-22 * * 1-5")).toBe(
    "Every 15 minutes, between 06:00 and 22:59, Monday through Friday",
  );
});
