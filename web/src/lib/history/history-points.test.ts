import type { Annotation, HistorySeries } from "@wheelhouse/shared/history.ts";
import { describe, expect, test } from "vitest";
import { drawnOf, extremesOf, figuresOf, loneOf, pointsOf } from "./history-points.ts";

const fromMs = Date.parse("2026-11-19T09:00:00Z");
const answer: HistorySeries = {
  kind: "service",
  id: "payments",
  from: "2026-11-19T08:59:00.000Z",
  stepMs: 60_000,
  series: [
    {
      metric: "latencyMs",
      values: [5, 10, null, 20, null, null, 30, 40],
      mins: [5, 8, null, 15, null, null, 30, 31],
      maxs: [5, 12, null, 25, null, null, 30, 55],
      percentiles: null,
    },
    { metric: "up", values: [1, 1, null], mins: null, maxs: null, percentiles: null },
  ],
};
const bounds = { fromMs, toMs: fromMs + 7 * 60_000 };

describe("a chart", () => {
  test("draws a step in the middle of its period, and nothing outside its range", () => {
    const points = pointsOf(answer, ["latencyMs", "up"], bounds);
    expect(points[0]).toEqual({ atMs: fromMs + 30_000, values: [10, 1] });
    expect(points.map(({ values }) => values[0])).toEqual([10, null, 20, null, null, 30, 40]);
    expect(points.map(({ values }) => values[1])).toEqual([1, null, null, null, null, null, null]);
    expect(extremesOf(answer, "latencyMs", bounds)[0]).toEqual({ atMs: fromMs + 30_000, range: [8, 12] });
    expect(extremesOf(answer, "latencyMs", bounds)[1]?.range).toBeNull();
    expect(extremesOf(answer, "up", bounds)).toEqual([]);
  });

  test("shows an isolated value between two gaps", () => {
    const points = pointsOf(answer, ["latencyMs"], bounds);
    expect(loneOf(points, 0)).toEqual([fromMs + 30_000, fromMs + 150_000]);
    expect(figuresOf(points, 0)).toEqual({ lowest: 10, highest: 40, last: 40 });
    expect(figuresOf(pointsOf(answer, ["gone"], bounds), 0)).toBeNull();
  });

  const change = (minute: number, source: Annotation["source"], subject: string | null): Annotation => ({
    id: `${source} ${minute}`,
    at: new Date(fromMs + minute * 60_000).toISOString(),
    source,
    text: "",
    by: "",
    state: null,
    subject,
    fold: null,
  });

  test("draws all changes within it, and which are its own", () => {
    const all = [change(9, "journal", null), change(2, "journal", "mail"), change(1, "journal", "payments")];
    expect(drawnOf(all, ["payments"], { ...bounds, most: 5 }).map(({ at, isOwn }) => [at.id, isOwn])).toEqual(
      [
        ["journal 2", false],
        ["journal 1", true],
      ],
    );
  });

  test("spreads too many changes evenly over its range, acts and deployments first", () => {
    const busy = Array.from({ length: 300 }, (_, n) => change(6 + n / 300, "journal", "mail"));
    const all = [...busy, change(6.5, "deployment", "mail"), change(0.5, "journal", "mail")];
    const drawn = drawnOf(all, ["payments"], { ...bounds, most: 7 }).map(({ at }) => at.id);
    expect(drawn.toSorted()).toEqual(["deployment 6.5", "journal 0.5"]);
  });
});
