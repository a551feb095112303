import { expect, test } from "vitest";
import { partsOf, rangeOf } from "./table-window.ts";

const even = (count: number) => Array.from({ length: count }, () => 40);
const shownOf = (parts: ReturnType<typeof partsOf>) =>
  parts.flatMap((part) => ("row" in part ? [part.row] : []));
const heightOf = (parts: ReturnType<typeof partsOf>, heights: readonly number[]) =>
  parts.reduce((sum, part) => sum + ("row" in part ? (heights[part.row] ?? 0) : part.gapPx), 0);

test("visible rows are rendered with some beyond, whatever their heights", () => {
  expect(rangeOf(even(400), { from: 0, to: 800 })).toEqual({ from: 0, to: 40 });
  expect(rangeOf(even(400), { from: 8_000, to: 8_800 })).toEqual({ from: 184, to: 240 });
  expect(rangeOf(even(400), { from: 15_200, to: 16_000 })).toEqual({ from: 360, to: 400 });
  const uneven = Array.from({ length: 300 }, (_, index) => (index % 3 === 0 ? 90 : 56));
  for (let fromPx = 0; fromPx < 20_000; fromPx += 731) {
    const { from, to } = rangeOf(uneven, { from: fromPx, to: fromPx + 700 });
    const sum = (count: number) => uneven.slice(0, count).reduce((total, heightPx) => total + heightPx, 0);
    expect(sum(from)).toBeLessThanOrEqual(fromPx);
    expect(to === 300 || sum(to) >= fromPx + 700).toBe(true);
    expect(to - from).toBeLessThan(60);
  }
});

test("a list out of view, or shorter than before, still has rows for measuring heights", () => {
  expect(rangeOf(even(400), { from: -5_000, to: -4_000 })).toEqual({ from: 0, to: 8 });
  expect(rangeOf([], { from: 0, to: 800 })).toEqual({ from: 0, to: 0 });
  expect(shownOf(partsOf(even(3), { from: 0, to: 40 }, []))).toEqual([0, 1, 2]);
  expect(shownOf(partsOf(even(120), { from: 200, to: 240 }, []))).toEqual([]);
});

test("focused and open rows stay rendered, each once, and the list keeps its height", () => {
  const heights = even(400);
  const range = { from: 80, to: 120 };
  const parts = partsOf(heights, range, [3, 100, 399, 3, -1, 400]);
  expect(shownOf(parts)).toEqual([3, ...Array.from({ length: 40 }, (_, index) => 80 + index), 399]);
  expect(heightOf(parts, heights)).toBe(400 * 40);
  expect(new Set(parts.flatMap((part) => ("row" in part ? [] : [part.after]))).size).toBe(3);
});
