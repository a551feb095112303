import type { ObjectiveDefinition } from "@wheelhouse/shared/alerts/objectives.ts";
import type { Clock } from "#lib/time/clock.ts";
import { budgetLeft, burnOf, burnWindows, knownDays, type Steps, shareIn } from "./budget.ts";

export type ReadSeries = (
  organizationId: string,
  request: { kind: string; id: string; metrics: readonly string[]; from: string; to: string },
) => Promise<{ stepMs: number; series: { metric: string; values: (number | null)[] }[] }>;

const dayMs = 86_400_000;
/** Endpoints are measured by the calls that their breakers count. */
export const breakerOf = (endpointId: string) => `webhook-delivery~${endpointId}`;

/** Measures objectives against the history. */
export function createMeasuring({ readSeries, clock }: { readSeries: ReadSeries; clock: Clock }) {
  const stepsOf = async (
    organizationId: string,
    { of, thing }: ObjectiveDefinition,
    spanMs: number,
  ): Promise<Steps> => {
    const nowMs = clock.now();
    const range = { from: new Date(nowMs - spanMs).toISOString(), to: new Date(nowMs).toISOString() };
    const asked = of === "service" ? ["up"] : ["failedPerMinute", "callsPerMinute"];
    const request = {
      kind: of === "service" ? "service" : "breaker",
      id: of === "service" ? thing : breakerOf(thing),
      metrics: asked,
      ...range,
    };
    const { stepMs, series } = await readSeries(organizationId, request);
    const column = (metric: string) => series.find((each) => each.metric === metric)?.values ?? [];
    if (of === "service") {
      const up = column("up");
      return { stepMs, good: up, all: up.map((value) => (value === null ? null : 1)) };
    }
    const [failed, calls] = [column("failedPerMinute"), column("callsPerMinute")];
    return {
      stepMs,
      all: calls,
      good: calls.map((of, at) => {
        const bad = failed[at] ?? null;
        return of === null || bad === null ? null : Math.max(0, of - bad);
      }),
    };
  };

  return async (organizationId: string, definition: ObjectiveDefinition) => {
    const [window, recent] = await Promise.all([
      stepsOf(organizationId, definition, definition.windowDays * dayMs),
      stepsOf(organizationId, definition, burnWindows.h6),
    ]);
    const achieved = shareIn(window, definition.windowDays * dayMs);
    const burn = (name: keyof typeof burnWindows) => burnOf(shareIn(recent, burnWindows[name]), definition);
    return {
      achieved,
      knownDays: knownDays(window),
      budgetLeft: budgetLeft(achieved, definition),
      burn: { m5: burn("m5"), m30: burn("m30"), h1: burn("h1"), h6: burn("h6") },
    };
  };
}
