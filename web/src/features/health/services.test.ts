import type { ServiceRow } from "@wheelhouse/shared/health/health.ts";
import { describe, expect, test } from "vitest";
import { readFilterInput } from "#ui/filter/filter-tokens.ts";
import { layOutGraph, neighbourOf, nodeSize } from "./graph-layout.ts";
import {
  byGroup,
  filterServices,
  isApart,
  knownSpan,
  serviceFilterKeys,
  viewServices,
} from "./services-view.ts";

const nowMs = Date.parse("2026-11-19T09:14:10Z");
const row = (id: string, part: Partial<ServiceRow> = {}): ServiceRow => ({
  id,
  name: id,
  kind: "service",
  group: null,
  owner: null,
  runbookUrl: null,
  target: `${id}:80`,
  dependsOn: [],
  state: "ok",
  label: "OK",
  cause: null,
  since: "2026-11-19T09:00:00Z",
  observedAt: "2026-11-19T09:14:09Z",
  intervalMs: 10_000,
  explainedBy: null,
  affects: 0,
  maintenance: null,
  instances: [],
  version: null,
  latencyMs: null,
  latencyMsP95: null,
  certificateExpiresAt: null,
  beats: "",
  uptime: { day: null, week: null, month: null },
  uptimeKnown: { day: 0, week: 0, month: 0 },
  ...part,
});
const none = new Map();
const rows = [
  row("quiet"),
  row("web", { state: "down", explainedBy: "db", dependsOn: ["db"] }),
  row("late", { observedAt: "2026-11-19T09:10:00Z" }),
  row("db", { state: "down", affects: 1, group: "stores" }),
  row("slow", { state: "degraded" }),
  row("moved", { state: "down", maintenance: { until: "2026-11-19T10:00:00Z", reason: "move" } }),
];

describe("list of services", () => {
  test("shows the known part of a period in its largest unit, at least one minute", () => {
    const known = (day: number, week = 0, month = 0) => ({ uptimeKnown: { day, week, month } });
    expect(knownSpan(known(0.25), "day")).toBe("6 h");
    expect(knownSpan(known(0, 0.5), "week")).toBe("3 d");
    expect(knownSpan(known(0, 0, 0.001), "month")).toBe("43 m");
    expect(knownSpan(known(0.0001), "day")).toBe("1 m");
  });

  test("7 and 30 days of a young installation are told once they say more than 24 hours do", () => {
    const known = (day: number, week: number, month: number) => ({ uptimeKnown: { day, week, month } });
    const young = known(0.5, 0.5 / 7, 0.5 / 30);
    expect([isApart(young, "day"), isApart(young, "week"), isApart(young, "month")]).toEqual([
      true,
      false,
      false,
    ]);
    const older = known(1, 3 / 7, 3 / 30);
    expect([isApart(older, "week"), isApart(older, "month")]).toEqual([true, false]);
  });

  test("is sorted worst first: explained rows after stale ones, maintenance before healthy ones", () => {
    expect(viewServices(rows, nowMs, none).map((view) => view.row.id)).toEqual([
      "db",
      "slow",
      "late",
      "web",
      "moved",
      "quiet",
    ]);
  });

  test("an unchanged line keeps its identity; age alone can change one", () => {
    const first = viewServices(rows, nowMs, none);
    const before = new Map(first.map((view) => [view.row.id, view]));
    expect(viewServices(rows, nowMs + 1_000, before)).toEqual(first);
    expect(viewServices(rows, nowMs + 1_000, before).every((view) => before.get(view.row.id) === view)).toBe(
      true,
    );
    const later = viewServices(rows, nowMs + 30_000, before).find((view) => view.row.id === "quiet");
    expect(later?.isStale).toBe(true);
  });

  test.each([
    ["state:down", ["db"]],
    ["state:affected,stale", ["late", "web"]],
    ["depends:db", ["web"]],
    ["host:slow", ["slow"]],
    ["group:stores", ["db"]],
    ["we", ["web"]],
  ])("filter %s", (typed, expected) => {
    const views = viewServices(rows, nowMs, none);
    const shown = filterServices(views, readFilterInput(typed, serviceFilterKeys(views)));
    expect(shown.map((view) => view.row.id)).toEqual(expected);
  });

  test("the tree keeps the order within a group", () => {
    const grouped = byGroup(viewServices(rows, nowMs, none)).map((view) => view.row.id);
    expect(grouped).toEqual(["db", "slow", "late", "web", "moved", "quiet"]);
  });
});

describe("dependency graph", () => {
  const graph = (calls: Record<string, string[]>) =>
    layOutGraph(Object.entries(calls).map(([id, dependsOn]) => ({ id, name: id, dependsOn })));

  test("callers are left of their dependencies, and final dependencies in the last column", () => {
    const { placed } = graph({ edge: ["web", "api"], web: ["api"], api: ["db"], db: [], cron: ["db"] });
    const layer = (id: string) => placed.get(id)?.layer;
    expect([layer("edge"), layer("web"), layer("api"), layer("db"), layer("cron")]).toEqual([0, 1, 2, 3, 2]);
  });

  test("the graph fills its page: callers at one edge, dependencies at the other, rows apart but not scattered", () => {
    const calls = { edge: ["web"], web: ["db"], db: [], cron: ["db"] };
    const nodes = Object.entries(calls).map(([id, dependsOn]) => ({ id, name: id, dependsOn }));
    const wide = layOutGraph(nodes, { width: 1_200, height: 600 });
    expect(wide.placed.get("edge")?.x).toBe(0);
    expect((wide.placed.get("db")?.x ?? 0) + nodeSize.width).toBe(1_200);
    expect(wide.height).toBeLessThanOrEqual(600);
    const narrow = layOutGraph(nodes, { width: 300, height: 100 });
    expect(narrow.width).toBeGreaterThan(300);
    const xs = [...narrow.placed.values()].map(({ x }) => x);
    expect(new Set(xs).size).toBe(3);
  });

  test("no nodes overlap, whatever the calls", () => {
    const { placed } = graph({ a: ["b", "c", "d"], b: ["d"], c: ["d"], d: [], e: [], f: ["a"] });
    const places = [...placed.values()].map(({ x, y }) => `${x} ${Math.round(y)}`);
    expect(new Set(places).size).toBe(placed.size);
  });

  test("cycles and calls to unwatched services are tolerated", () => {
    const { placed, edges } = graph({ a: ["b"], b: ["c"], c: ["a", "gone"] });
    expect(placed.size).toBe(3);
    expect(edges).toHaveLength(3);
  });

  test("arrow keys follow the lines and stay in the column", () => {
    const layout = graph({ a: ["c", "d"], b: [], c: [], d: [] });
    expect(neighbourOf(layout, "a", "ArrowRight")).toMatch(/[cd]/);
    expect(neighbourOf(layout, "c", "ArrowLeft")).toBe("a");
    expect(neighbourOf(layout, "a", "ArrowLeft")).toBeNull();
    const column = [...layout.placed.values()].filter(({ layer }) => layer === 1).sort((x, y) => x.y - y.y);
    expect(neighbourOf(layout, column[0]?.id ?? "", "ArrowDown")).toBe(column[1]?.id);
  });
});
