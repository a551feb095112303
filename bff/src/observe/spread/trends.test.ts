import { expect, test } from "vitest";
import { createTrends } from "./trends.ts";

const secondMs = 1_000;
const last = (values: readonly (number | null)[], count: number) => values.slice(-count);

test("one value for each 10 s, the last one received; null where there was none", () => {
  const trends = createTrends();
  for (const [atS, value] of [
    [0, 1],
    [9, 2],
    [10, 3],
    [40, 4],
  ] as const)
    trends.add("k", atS * secondMs, value);
  const { intervalMs, values } = trends.read("k", 45 * secondMs);
  expect(intervalMs).toBe(10_000);
  expect(values).toHaveLength(60);
  expect(last(values, 6)).toEqual([null, 2, 3, null, null, 4]);
});

test("time without values moves the series on", () => {
  const trends = createTrends();
  trends.add("k", 0, 1);
  expect(last(trends.read("k", 20 * secondMs).values, 3)).toEqual([1, null, null]);
  expect(trends.read("k", 3_600 * secondMs).values.every((value) => value === null)).toBe(true);
});

test("stored series continue where they ended, and newer local values stay", () => {
  const before = createTrends();
  before.add("old", 0, 1);
  before.add("both", 0, 1);
  const after = createTrends();
  after.add("both", 0, 2);
  after.restore(JSON.parse(JSON.stringify(before.keep())));
  after.restore({ broken: true });
  expect(last(after.read("old", 0).values, 1)).toEqual([1]);
  expect(last(after.read("both", 0).values, 1)).toEqual([2]);
});

test("a figure without data for 10 minutes is removed", () => {
  const trends = createTrends();
  trends.add("k", 0, 1);
  trends.prune(599 * secondMs);
  expect(Object.keys(trends.keep())).toEqual(["k"]);
  trends.prune(600 * secondMs);
  expect(Object.keys(trends.keep())).toEqual([]);
});
