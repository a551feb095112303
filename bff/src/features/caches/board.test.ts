import type { Report, ReportedCache } from "@wheelhouse/shared/reporter/report.ts";
import { describe, expect, it } from "vitest";
import { makeSeen } from "#testing/tick.ts";
import { createCachesBoard } from "./board.ts";

const startMs = Date.parse("2026-01-05T12:00:00.000Z");

const cache = (part: Partial<ReportedCache> = {}): ReportedCache => ({
  name: "prices",
  problem: null,
  threshold: 0.9,
  windowMs: 60_000,
  misses: 10,
  sets: 10,
  evictions: 0,
  levels: [
    { level: "memory", hits: 70, entries: 5, sizeBytes: 500 },
    { level: "redis", hits: 20, entries: 40, sizeBytes: 4_000 },
  ],
  loads: 10,
  loadMsTotal: 400,
  groups: [],
  tags: ["product"],
  invalidateBy: ["key", "pattern", "tag"],
  ...part,
});
const report = (instance: string, caches: ReportedCache[], reportedAt = startMs): Report => ({
  version: 1,
  service: "shop",
  instance,
  reportedAt: new Date(reportedAt).toISOString(),
  intervalMs: 1_000,
  breakers: [],
  caches,
});

function setUp() {
  let found: Report[] = [];
  let nowMs = startMs;
  const reports = () => new Map([["main", found]]);
  const make = () =>
    createCachesBoard({ reports, organizationOf: (id) => (id === "main" ? "acme" : undefined) });
  let board = make();
  let rows: ReturnType<typeof board.observe>["rows"] = [];
  const changes: string[] = [];
  return {
    /**
     * So many ticks, each with fresh reports of these instances. Who is not named is silent: its report grows old.
     * `left`: took their report back.
     */
    ticks(count: number, instances: Record<string, ReportedCache>, left: string[] = []) {
      for (let tick = 0; tick < count; tick += 1) {
        nowMs += 1_000;
        const silent = found.filter(({ instance }) => !instances[instance] && !left.includes(instance));
        found = [...silent, ...Object.entries(instances).map(([name, each]) => report(name, [each], nowMs))];
        const observed = board.observe(makeSeen(nowMs));
        rows = observed.rows;
        changes.push(...observed.changes.map(({ change }) => change.text));
      }
      return rows[0];
    },
    later(ms: number) {
      nowMs += ms;
    },
    newLeader() {
      board = make();
      board.adopt(JSON.parse(JSON.stringify(rows)));
    },
    rows: () => rows,
    changes,
  };
}

describe("a named cache", () => {
  it("is counted over all its instances; shared entries count once", () => {
    const row = setUp().ticks(1, { a: cache(), b: cache({ misses: 0, loads: 0, loadMsTotal: 0 }) });
    expect(row).toMatchObject({
      id: "shop~prices",
      organization: "acme",
      state: "ok",
      hitsPerMinute: 180,
      missesPerMinute: 10,
      loadMsMean: 40,
      savedMsPerMinute: 7_200,
      sizeBytes: 5_000,
      levels: [
        { level: "memory", hitsPerMinute: 140, entries: 10, sizeBytes: 1_000 },
        { level: "redis", hitsPerMinute: 40, entries: 40, sizeBytes: 4_000 },
      ],
    });
    expect(row?.hitRatio).toBeCloseTo(180 / 190);
  });

  it("has rates per minute whatever the age of the process, and none for a very young one", () => {
    const half = cache({ windowMs: 30_000 });
    expect(setUp().ticks(1, { a: half })?.missesPerMinute).toBe(20);
    expect(setUp().ticks(1, { a: cache({ windowMs: 900 }) })).toMatchObject({
      hitsPerMinute: null,
      hitRatio: 0.9,
    });
  });

  it("can only be invalidated in ways that all its instances support", () => {
    const row = setUp().ticks(1, { a: cache(), b: cache({ invalidateBy: ["key"] }) });
    expect(row?.invalidateBy).toEqual(["key"]);
  });

  it("is degraded below its threshold after three readings, and ok only well above it", () => {
    const it = setUp();
    const at = (misses: number) => ({ a: cache({ misses }) });
    it.ticks(1, at(5));
    expect(it.ticks(2, at(30))?.state).toBe("ok");
    expect(it.ticks(1, at(30))).toMatchObject({
      state: "degraded",
      label: "Low hit ratio",
      cause: "Hit ratio 75.0% over the last minute, threshold 90.0%",
    });
    expect(it.ticks(9, at(10))?.state, "just at the threshold").toBe("degraded");
    expect(it.ticks(2, at(5))?.state).toBe("ok");
    expect(it.changes).toEqual(["Cache prices: hit ratio below threshold", "Cache prices recovered"]);
  });

  it("is not judged by a few calls, nor without a threshold", () => {
    const few = cache({ misses: 9, levels: [{ level: "memory", hits: 1, entries: 1, sizeBytes: 1 }] });
    expect(setUp().ticks(4, { a: few })?.state).toBe("ok");
    expect(setUp().ticks(4, { a: cache({ misses: 500, threshold: null }) })?.state).toBe("ok");
    const idle = cache({ misses: 0, levels: [{ level: "memory", hits: 0, entries: 0, sizeBytes: 0 }] });
    expect(setUp().ticks(4, { a: idle })).toMatchObject({ state: "ok", hitRatio: null });
  });

  it("shows a problem reported by an instance", () => {
    const problem = "Redis does not answer: it serves from memory";
    expect(setUp().ticks(1, { a: cache({ problem }), b: cache() })).toMatchObject({
      state: "degraded",
      cause: `${problem} (1 of 2 instances)`,
    });
  });

  it("is unknown when an instance stops reporting, and never removed", () => {
    const it = setUp();
    it.ticks(2, { a: cache(), b: cache() });
    expect(it.ticks(8, { a: cache() })).toMatchObject({ state: "unknown", label: "1 of 2 not reporting" });
    const silent = it.ticks(8, {});
    expect(silent).toMatchObject({ state: "unknown", hitsPerMinute: null, sizeBytes: 4_500 });
    expect(silent?.cause).toContain("No data since 12:00:10 UTC");
    it.later(3_600_000);
    expect(it.ticks(1, {}, ["a", "b"])?.state, "its reports were forgotten meanwhile").toBe("unknown");
  });

  it("does not miss an instance that a deployment replaced", () => {
    const it = setUp();
    it.ticks(2, { old: cache() });
    expect(it.ticks(1, { new: cache() }, ["old"])).toMatchObject({
      state: "ok",
      instances: [{ instance: "new" }],
    });
  });

  it("keeps its state and its instances across a change of leader", () => {
    const it = setUp();
    it.ticks(4, { a: cache({ misses: 100 }), b: cache({ misses: 100 }) });
    const { since } = it.rows()[0] ?? {};
    it.newLeader();
    it.ticks(1, {}, ["a", "b"]);
    expect(it.rows()[0], "not read yet").toMatchObject({ state: "degraded", since });
    const bad = cache({ misses: 100 });
    expect(it.ticks(4, { a: bad, b: bad })).toMatchObject({ state: "degraded", since });
    expect(it.rows()[0]?.instances.map(({ instance }) => instance)).toEqual(["a", "b"]);
  });

  it("keeps its row while there is no new report", () => {
    const fixed = [report("a", [cache()])];
    const board = createCachesBoard({
      reports: () => new Map([["main", fixed]]),
      organizationOf: () => "acme",
    });
    const first = board.observe(makeSeen(startMs)).rows[0];
    expect(board.observe(makeSeen(startMs + 1_000)).rows[0]).toBe(first);
  });

  it("comes first with the lowest hit ratio, last without calls", () => {
    const board = createCachesBoard({
      reports: () =>
        new Map([
          [
            "main",
            [
              report("a", [
                cache({ name: "idle", misses: 0, levels: [] }),
                cache({ name: "good", misses: 0 }),
                cache({ name: "poor", misses: 90 }),
              ]),
            ],
          ],
          ["foreign", [report("a", [cache({ name: "of a source that is gone" })])]],
        ]),
      organizationOf: (id) => (id === "main" ? "acme" : undefined),
    });
    expect(board.observe(makeSeen(startMs)).rows.map(({ name }) => name)).toEqual(["poor", "good", "idle"]);
  });
});
