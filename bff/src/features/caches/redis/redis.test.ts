import { describe, expect, it } from "vitest";
import { histogramsBetween, parseHistograms, percentileMs } from "./latency.ts";
import { createKeyTally } from "./prefixes.ts";
import { shownCommand } from "./slow-log.ts";

describe("a sample of keys", () => {
  it("is extrapolated to the whole keyspace", () => {
    const tally = createKeyTally();
    for (let at = 0; at < 100; at += 1) tally.add(`session:${at}`, 200);
    for (let at = 0; at < 300; at += 1) tally.add(`order-${at}`, 100);
    expect(tally.estimate(4_000).prefixes).toEqual([
      { prefix: "(no prefix)", keys: 3_000, meanBytes: 100, bytes: 300_000 },
      { prefix: "session:", keys: 1_000, meanBytes: 200, bytes: 200_000 },
    ]);
  });

  it("is shown by part where a prefix has few parts, as a whole where it has many", () => {
    const tally = createKeyTally();
    for (let at = 0; at < 60; at += 1) {
      tally.add(`cache:${at % 2 ? "prices" : "images"}:${at}`, 10);
      tally.add(`bull:queue-${at % 20}:${at}`, 1);
    }
    expect(tally.estimate(120).prefixes.map(({ prefix, keys }) => [prefix, keys])).toEqual([
      ["cache:images:", 30],
      ["cache:prices:", 30],
      ["bull:", 60],
    ]);
  });

  it("is bounded for any number of prefixes, and loses nothing from the sum", () => {
    const tally = createKeyTally();
    for (let at = 0; at < 3_000; at += 1) tally.add(`${at}:x`, 10);
    const { prefixes, others } = tally.estimate(3_000);
    expect(prefixes).toHaveLength(12);
    expect(prefixes.reduce((sum, { bytes }) => sum + bytes, others?.bytes ?? 0)).toBe(30_000);
  });

  it("shows the share of keys by time to live", () => {
    const tally = createKeyTally();
    for (const ttlMs of [-1, -1, 0, 59_999, 60_000, 8 * 86_400_000, -2, 3 * 3_600_000])
      tally.addTimeToLive(ttlMs);
    const { sampledKeys, shares } = tally.estimate(10).timeToLive;
    expect(sampledKeys, "a key that is gone tells nothing").toBe(7);
    expect(shares.map((share) => Math.round(share * 7))).toEqual([2, 2, 1, 0, 1, 0, 0, 1]);
  });
});

describe("a command of the slow log", () => {
  const one = { first: 1, last: 1, step: 1 };
  it.each([
    [["SET", "user:1", "secret-value", "EX", "60"], one, "SET user:1 …"],
    [["get", "user:1"], one, "GET user:1"],
    [["MSET", "a", "1", "b", "2"], { first: 1, last: -1, step: 2 }, "MSET a … b …"],
    [["ZRANGE", "z", "0", "-1"], one, "ZRANGE z 0 -1"],
    [
      ["SCAN", "88412", "MATCH", "secret*", "COUNT", "5000"],
      { first: 0, last: 0, step: 0 },
      "SCAN 88412 … COUNT 5000",
    ],
    [["EVALSHA", "abcdef", "2", "k1", "k2", "secret"], { first: 0, last: 0, step: 0 }, "EVALSHA … k1 k2 …"],
    [["EVAL", "return secret", "x", "k1"], undefined, "EVAL …"],
    [["AUTH", "secret"], undefined, "AUTH …"],
    [["DEL", "a", "b", "c", "d", "e"], { first: 1, last: -1, step: 1 }, "DEL a b c d …"],
    [["GET", "k".repeat(200)], one, `GET ${"k".repeat(60)}…`],
    [[], undefined, ""],
  ])("%j shows keys and never values", (words, places, shown) => {
    expect(shownCommand(words, places)).toBe(shown);
  });
});

describe("latency of a server", () => {
  const answer = (pairs: number[], calls: number) => ["get", ["calls", calls, "histogram_usec", pairs]];

  it("covers the calls between two readings", () => {
    const before = parseHistograms(answer([8, 100, 16, 110], 110));
    const after = parseHistograms([
      ...answer([8, 100, 16, 119, 1_056, 120], 120),
      "set",
      ["calls", 2, "histogram_usec", [4, 2]],
    ]);
    const between = histogramsBetween(before, after);
    expect(between?.get("get")).toEqual({
      calls: 10,
      buckets: new Map([
        [16, 9],
        [1_056, 1],
      ]),
    });
    expect(between?.get("set")?.calls).toBe(2);
  });

  it("is unknown across a restart, which resets the counters", () => {
    const before = parseHistograms(answer([8, 100], 100));
    expect(histogramsBetween(before, parseHistograms(answer([8, 3], 3)))).toBeNull();
    expect(histogramsBetween(before, parseHistograms([]))).toBeNull();
  });

  it("is interpolated within the bucket of the percentile", () => {
    const buckets = new Map([
      [16, 98],
      [1_024, 2],
    ]);
    expect(percentileMs({ buckets }, 0.5)).toBeCloseTo(0.012, 3);
    expect(percentileMs({ buckets }, 0.99)).toBeCloseTo(0.768, 3);
    expect(percentileMs({ buckets: new Map() }, 0.5)).toBeNull();
  });
});
