import type { Overview } from "@wheelhouse/shared/overview.ts";
import type { Aspect, Part } from "#observe/aspect.ts";
import { defineFigures } from "#observe/figures.ts";
import { buildOverview } from "./build.ts";
import { graphOf } from "./graph.ts";

export const overviewKey = "overview";
/** The dependency graph, as an aspect without a topic: made at most once a tick and organization. */
export const graphKey = "graph";

const figures = defineFigures<Overview>("organization", [
  ["problems", ({ problems }) => problems.length],
  ["down", ({ checks }) => checks.down],
  ["degraded", ({ checks }) => checks.degraded],
  ["unknown", ({ checks }) => checks.unknown + checks.stale],
  ["ok", ({ checks }) => checks.ok],
]);

/** Overview as an aspect without rows of its own: it sums up those of the others. */
export function createOverviewAspect(aspects: readonly Aspect[]) {
  const made = new WeakMap<Part, Overview>();
  const overviewOf = (part: Part): Overview => {
    const known = made.get(part) ?? buildOverview(aspects, part);
    made.set(part, known);
    return known;
  };
  const aspect: Aspect = {
    key: overviewKey,
    list: (_rows, part) => overviewOf(part),
    figuresOfPart(part) {
      const overview = overviewOf(part);
      const isKnown = overview.observedAt !== null;
      return [figures.one(overview, { organizationId: part.organization.id, entity: "checks", isKnown })];
    },
    frames: [{ part: "overview", text: (_rows, { encoded }) => encoded.plain() }],
  };
  const graph: Aspect = { key: graphKey, list: (_rows, part) => graphOf(aspects, part) };
  return { aspect, graph, overviewOf };
}
