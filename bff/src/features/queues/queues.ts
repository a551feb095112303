import type { SourceView } from "@wheelhouse/shared/health/health.ts";
import type { Core, Feature } from "#lib/feature.ts";
import type { AspectKey } from "#observe/aspect.ts";
import { observationsOf } from "#observe/tick/tick.ts";
import { createQueuesAspect, createQueuesBoard } from "./aspect.ts";
import { queuesRoutes } from "./routes.ts";
import { queueRows, type SampledQueues } from "./rows.ts";
import { createTimings } from "./timings/timings.ts";

type QueuesNeeds = Parameters<typeof queuesRoutes>[1] & {
  /** A live list that follows the catalogue. */
  sources: readonly SampledQueues[];
  /** Rows of the Redis servers that hold the queues, observed earlier in the tick. */
  servers: AspectKey<SourceView & { organization: string }>;
  intervalMs: number;
};

/** The observed BullMQ queues. */
export function createQueues({ clock }: Pick<Core, "clock">, needs: QueuesNeeds) {
  const { sources, servers, intervalMs, ...reading } = needs;
  const timings = createTimings();
  const feature = { routes: (api) => queuesRoutes(api, reading) } satisfies Feature;
  return {
    ...feature,
    aspect: createQueuesAspect({
      servers,
      board: createQueuesBoard({ sources, servers, intervalMs, clock, timings }),
    }),
    /** Wait and run times, for whoever reads the queues' events. */
    timings,
    /** Wheelhouse's own queues. */
    own() {
      const tick = reading.snapshots.tick();
      const rows = tick === null ? [] : queueRows.rows(observationsOf(tick));
      return rows
        .filter(({ prefix, source }) => source === "primary" && prefix === "wheelhouse")
        .map(({ id, workers, counts, paused }) => ({ id, workers, counts, paused }));
    },
  };
}
