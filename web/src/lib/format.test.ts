import { describe, expect, test } from "vitest";
import {
  formatBytes,
  formatCount,
  formatCountShort,
  formatDateTime,
  formatLatency,
  formatPercent,
  formatTimeParts,
} from "./format.ts";

describe("numbers", () => {
  test("a count is written in full, shortened only for the navigation", () => {
    expect(formatCount(41_508)).toBe("41,508");
    expect([999, 1000, 41_508, 999_949, 1_250_000].map(formatCountShort)).toEqual([
      "999",
      "1k",
      "41.5k",
      "1M",
      "1.3M",
    ]);
  });

  test.each([
    [0, "0%"],
    [0.0012, "0.12%"],
    [0.182, "18.2%"],
    [0.9996, "100%"],
    [0.9992, "99.92%"],
    [1, "100%"],
  ])("the ratio %f reads %s", (ratio, text) => expect(formatPercent(ratio)).toBe(text));

  test.each([
    [312, "312 B"],
    [3.1 * 2 ** 30, "3.1 GiB"],
    [412 * 2 ** 20, "412 MiB"],
  ])("%i bytes read %s", (sizeBytes, text) => expect(formatBytes(sizeBytes)).toBe(text));
});

describe("time", () => {
  test("a latency keeps its milliseconds up to ten seconds", () => {
    expect([340, 1204, 12_000].map(formatLatency)).toEqual(["340 ms", "1,204 ms", "12 s"]);
  });

  test("UTC is written with date and zone, whatever the zone of the machine", () => {
    expect(formatDateTime("2026-11-19T08:47:12.772Z", "utc")).toBe("2026-11-19 08:47:12 UTC");
    expect(formatTimeParts("2026-11-19T09:47:12.772+01:00", "utc")).toEqual(["08:47:12", ".772"]);
  });
});
