import { describe, expect, it } from "vitest";
import { parseRange, rangeName } from "./time-range.ts";

const now = Date.parse("2026-11-19T09:14:10.000Z");
const read = (text: string) => parseRange(text, now, "utc");

describe("typed time range", () => {
  it.each([
    ["15m", { from: "2026-11-19T08:59:10.000Z" }],
    ["4 h", { from: "2026-11-19T05:14:10.000Z" }],
    ["today", { from: "2026-11-19T00:00:00.000Z" }],
    ["yesterday", { from: "2026-11-18T00:00:00.000Z", to: "2026-11-19T00:00:00.000Z" }],
    ["2026-11-01", { from: "2026-11-01T00:00:00.000Z", to: "2026-11-02T00:00:00.000Z" }],
    ["05:30-05:40", { from: "2026-11-19T05:30:00.000Z", to: "2026-11-19T05:40:00.000Z" }],
    ["2026-11-18 05:30 – 05:40:30", { from: "2026-11-18T05:30:00.000Z", to: "2026-11-18T05:40:30.000Z" }],
    ["2026-11-16 - 2026-11-18", { from: "2026-11-16T00:00:00.000Z", to: "2026-11-19T00:00:00.000Z" }],
    ["2026-11-16-2026-11-16", { from: "2026-11-16T00:00:00.000Z", to: "2026-11-17T00:00:00.000Z" }],
    [
      "2026-11-16 05:30 – 2026-11-18 17:00",
      { from: "2026-11-16T05:30:00.000Z", to: "2026-11-18T17:00:00.000Z" },
    ],
  ])("%s is parsed as expected", (text, range) => {
    expect(read(text)).toEqual(range);
  });

  it.each([
    "",
    "soon",
    "25:00-26:00",
    "05:40-05:30",
    "05:30",
    "99999h",
    "05:30-05:40-05:50",
    "2026-11-18 - 2026-11-16",
  ])("%j is refused", (text) => {
    expect(read(text)).toBeUndefined();
  });

  it("is printed without the date on the same day and with it otherwise", () => {
    expect(rangeName({ from: "2026-11-19T05:30:00Z", to: "2026-11-19T05:40:00Z" }, now, "utc")).toBe(
      "05:30 – 05:40",
    );
    expect(rangeName({ from: "2026-11-18T23:30:00Z", to: "2026-11-19T00:10:05Z" }, now, "utc")).toBe(
      "2026-11-18 23:30 – 2026-11-19 00:10:05",
    );
    expect(rangeName({ from: "2026-11-19T05:30:00Z" }, now, "utc")).toBe("since 05:30");
  });
});
