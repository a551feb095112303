import type { Redis } from "ioredis";
import type { Core, Feature, Running } from "#lib/feature.ts";
import type { SnapshotStore } from "#observe/spread/spread.ts";
import { forgetTimings, type Timings } from "../timings/timings.ts";
import { createFinding } from "./finding.ts";
import { createHoldings } from "./holdings.ts";
import { createReadingStore } from "./reading-store.ts";
import { searchRoutes } from "./routes.ts";
import { createIndexWorker, indexKeyOf } from "./worker.ts";

export { normalise } from "./causes.ts";

export type JobSearchNeeds = {
  snapshots: Pick<SnapshotStore, "tick">;
  /** The Redis servers watched now. */
  servers(): readonly { source: { id: string }; connection: Redis }[];
  /** Id of this process, as in its ticks. */
  owner: string;
  /** 32 bytes in base64. */
  secretKey: string;
  /** Learn from the events. */
  timings: Timings;
};

/** The index of jobs: kept by the process that observes, searched in all. */
export function createJobSearch(
  {
    database,
    sharedReads,
    changes,
    config,
    clock,
    log,
  }: Pick<Core, "database" | "sharedReads" | "changes" | "config" | "clock" | "log">,
  { snapshots, servers, owner, secretKey, timings }: JobSearchNeeds,
) {
  const key = indexKeyOf(secretKey);
  const { keptDays } = config.jobIndex;
  const store = createReadingStore(database);
  const finding = createFinding({ store, shared: sharedReads, key, clock });
  const holdings = createHoldings({ store, finding, shared: sharedReads, keptDays, clock });
  const worker = createIndexWorker({
    database,
    snapshots,
    servers,
    owner,
    keptDays,
    terms: { key },
    timings,
    clock,
    log,
  });
  return {
    routes: (api) => searchRoutes(api, { database, finding, holdings, store, changes, clock }),
    jobs: [
      { name: "days of the job index", on: "every process", run: worker.makeDays },
      { name: "expired jobs of the index", on: "retention", run: worker.expire },
      { name: "old times of jobs", on: "retention", run: () => forgetTimings(database) },
    ],
    processes: [
      {
        in: ["collector", "web"],
        async start(): Promise<Running> {
          worker.start();
          return { drain: worker.stop, stop: async () => {} };
        },
      },
    ],
  } satisfies Feature;
}
