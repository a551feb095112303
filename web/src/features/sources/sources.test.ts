import { targetDefinition, type WatchedSource } from "@wheelhouse/shared/sources.ts";
import { describe, expect, test } from "vitest";
import { readFilterInput } from "#ui/filter/filter-tokens.ts";
import { definitionOf, formOf } from "./form.ts";
import { filterSources, kindCounts, sourceFilterKeys, viewSources } from "./view.ts";

const nowMs = Date.parse("2026-01-05T12:00:00.000Z");
const ago = (ms: number) => new Date(nowMs - ms).toISOString();
const source = (id: string, part: Partial<WatchedSource> = {}): WatchedSource => ({
  id,
  kind: "service",
  name: id,
  origin: "file",
  target: `${id}:80`,
  definition: null,
  heartbeats: [],
  credentials: null,
  version: null,
  state: "ok",
  cause: null,
  observedAt: ago(1_000),
  intervalMs: 10_000,
  ...part,
});
const views = (...sources: WatchedSource[]) => viewSources(sources, nowMs, new Map());
const ids = (of: ReturnType<typeof views>) => of.map(({ source: { id } }) => id);

describe("the list", () => {
  const all = views(
    source("fine"),
    source("late", { observedAt: ago(60_000) }),
    source("never", { state: "unknown", observedAt: null }),
    source("dead", { state: "down", kind: "prometheus" }),
    source("slow", { state: "degraded", origin: "api", version: 1 }),
  );

  test("is sorted worst first, and outdated sources are stale, never OK", () => {
    expect(ids(all)).toEqual(["dead", "slow", "late", "never", "fine"]);
    expect(all.filter(({ isStale }) => isStale).map(({ source: { id } }) => id)).toEqual(["late"]);
  });

  test.each([
    ["state:stale", ["late"]],
    ["from:console", ["slow"]],
    ["kind:prometheus,service state:down,degraded", ["dead", "slow"]],
    ["FIN", ["fine"]],
  ])("is filtered by %s", (input, expected) => {
    expect(ids([...filterSources(all, readFilterInput(input, sourceFilterKeys(all)))])).toEqual(expected);
  });

  test("an unchanged line keeps its identity", () => {
    const [first] = all;
    const before = new Map(all.map((view) => [view.source.id, view]));
    expect(viewSources(first ? [first.source] : [], nowMs + 500, before)[0]).toBe(first);
  });

  test("is counted by kind", () => {
    expect(kindCounts(all)).toBe("4 services, 1 metrics");
    expect(kindCounts([])).toBe("");
  });
});

describe("the form", () => {
  const typed = (part: Partial<ReturnType<typeof formOf>>) =>
    definitionOf({ ...formOf(null), name: "Orders", ...part });

  test("reads one instance per line, by its name or by the host of its URL", () => {
    expect(typed({ instances: "orders 1 http://a:80/up\n\n https://b/health" })).toMatchObject({
      instances: [
        { id: "orders 1", url: "http://a:80/up" },
        { id: "b", url: "https://b/health" },
      ],
    });
  });

  test("of a heartbeat service keeps only names and no conditions", () => {
    const push = typed({ format: "push", instances: "nightly", conditions: "[STATUS] == 200" });
    expect(push).toMatchObject({ instances: [{ id: "nightly", url: null }], conditions: [] });
  });

  test("returns the values it was filled with", () => {
    const service = targetDefinition.parse({
      kind: "service",
      name: "Orders",
      format: "spring",
      owner: "Ada",
      runbookUrl: "https://run/book",
      instances: [{ id: "a", url: "http://a/actuator/health" }],
      conditions: ["[STATUS] == 200"],
      dependsOn: ["primary"],
      intervalMs: 2_500,
      timeoutMs: 500,
      actuatorBreakers: true,
      downAfter: 5,
    });
    const metrics = targetDefinition.parse({
      kind: "prometheus",
      name: "m",
      service: "orders",
      instance: "orders-1",
      url: "http://a/metrics",
    });
    expect(definitionOf(formOf(service))).toEqual(service);
    expect(definitionOf(formOf(metrics))).toEqual(metrics);
  });
});
