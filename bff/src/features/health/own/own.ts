import type { EventLoopFigures } from "@wheelhouse/shared/reporter/report.ts";
import { type Core, endingAtOnce, everyRole, type Feature } from "#lib/feature.ts";
import type { Aspect } from "#observe/aspect.ts";
import type { SnapshotStore } from "#observe/spread/spread.ts";
import { createMetrics } from "./metrics.ts";
import { createReadiness } from "./readiness.ts";
import { ownHealthRoutes } from "./routes.ts";

export { figuresOfProcesses, longestDelay } from "./figures.ts";
export { type OwnProcesses, readOwnProcesses } from "./processes.ts";

/** The health of Wheelhouse itself, for probes, scrapers and people on this machine. */
export function createOwnHealth(
  { database, redis, clock, config, log }: Core,
  needs: {
    snapshots: SnapshotStore;
    /** Aspects whose rows are exported to Prometheus. */
    aspects: readonly Aspect[];
    /** The queues that do Wheelhouse's own work. */
    ownQueues(): readonly unknown[];
    /** What Wheelhouse runs again and again, with the last and the next run of each. */
    ownSchedules(): readonly unknown[];
    /** Id of this process among those that can be the collector. */
    owner: string;
    /** Of this process; null before the first measurement. */
    eventLoop(): EventLoopFigures | null;
  },
) {
  const readiness = createReadiness({ database, redis, clock, log });
  const { aspects, snapshots, eventLoop } = needs;
  return {
    mount: (app) =>
      ownHealthRoutes(app, {
        ...needs,
        readiness,
        clock,
        roles: config.roles,
        token: config.observe.healthToken,
        metrics: createMetrics({ aspects, snapshots, clock, eventLoop }),
      }),
    processes: [
      {
        in: everyRole,
        async start() {
          await readiness.start();
          return endingAtOnce(readiness.stop);
        },
      },
    ],
  } satisfies Feature;
}
