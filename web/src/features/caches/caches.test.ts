import { type CacheRow, cacheTopic } from "@wheelhouse/shared/caches/caches.ts";
import { describe, expect, test } from "vitest";
import { readFilterInput } from "#ui/filter/filter-tokens.ts";
import { cacheFilterKeys, filterCaches, levelShares, overallRatio } from "./filter.ts";

const row = (name: string, change: Partial<CacheRow> = {}): CacheRow => ({
  id: `shop~${name}`,
  name,
  service: "shop",
  state: "ok",
  label: "OK",
  cause: null,
  since: null,
  hitRatio: 0.9,
  threshold: 0.8,
  hitsPerMinute: 90,
  missesPerMinute: 10,
  setsPerMinute: 10,
  levels: [
    { level: "memory", hitsPerMinute: 60, sizeBytes: 1, entries: 1 },
    { level: "redis", hitsPerMinute: 30, sizeBytes: 1, entries: 1 },
  ],
  evictedPerMinute: 0,
  coalescedPerMinute: null,
  loadMsMean: 1,
  savedMsPerMinute: 90,
  sizeBytes: 2,
  tags: [],
  groups: [],
  invalidateBy: ["key"],
  instances: [],
  observedAt: "2026-11-19T09:14:00Z",
  intervalMs: 1_000,
  ...change,
});
const names = (rows: readonly CacheRow[]) => rows.map(({ name }) => name);

describe("the list of caches", () => {
  test("starts with the lowest ratio and ends with caches without calls", () => {
    const rows = [row("idle", { hitRatio: null }), row("good"), row("poor", { hitRatio: 0.1 })];
    expect(names(rows.sort((a, b) => cacheTopic.order(a, b, 0)))).toEqual(["poor", "good", "idle"]);
  });

  test("is filtered by state, service, tag and words of the name", () => {
    const rows = [
      row("prices", { state: "degraded", label: "Low hit ratio", tags: ["product"] }),
      row("images", { service: "media", state: "degraded", label: "Degraded" }),
      row("tax rates", { tags: ["country", "product"] }),
    ];
    const found = (q: string) => names(filterCaches(rows, readFilterInput(q, cacheFilterKeys(rows))));
    expect(found("state:low-hit-ratio")).toEqual(["prices"]);
    expect(found("state:degraded,ok")).toEqual(["images", "tax rates"]);
    expect(found("tag:product")).toEqual(["prices", "tax rates"]);
    expect(found("service:media")).toEqual(["images"]);
    expect(found("tax")).toEqual(["tax rates"]);
    expect(found("")).toEqual(names(rows));
  });

  test("has a ratio over all calls, so that a busy cache weighs more, and none without calls", () => {
    const rows = [
      row("busy", { hitsPerMinute: 900, missesPerMinute: 0 }),
      row("small", { hitsPerMinute: 0, missesPerMinute: 100 }),
    ];
    expect(overallRatio(rows).ratio).toBeCloseTo(0.9);
    expect(overallRatio([row("unheard", { hitsPerMinute: null, missesPerMinute: null })]).ratio).toBeNull();
  });

  test("shows which level answered which share of all calls", () => {
    expect(levelShares(row("prices"))).toEqual([
      { level: "memory", share: 0.6 },
      { level: "redis", share: 0.3 },
    ]);
    expect(levelShares(row("unheard", { hitsPerMinute: null }))).toBeNull();
  });
});
