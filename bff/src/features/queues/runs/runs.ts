import type { Core, Feature } from "#lib/feature.ts";
import type { Runs } from "#runs/runs.ts";
import type { JobConnections, JobServer, Places } from "../jobs/jobs.ts";
import { createItemStore } from "./items.ts";
import { createJobRunKind, type JobRunConfig, jobRunDefaults } from "./kind.ts";
import { jobRunsRoutes } from "./routes.ts";
import { createJobRunService } from "./service.ts";
import { createJobRunsStore } from "./store.ts";

type JobRunsNeeds = {
  runs: Runs;
  /** The watched Redis servers of all organizations. */
  servers(): readonly JobServer[];
  places: Pick<Places, "find">;
  connections: Pick<JobConnections, "use">;
  config?: JobRunConfig;
};

/** Acts on all jobs of a queue that a plan froze. */
export function createJobRuns(
  { database, events, clock, log }: Pick<Core, "database" | "events" | "clock" | "log">,
  { runs, servers, places, connections, config = jobRunDefaults }: JobRunsNeeds,
) {
  const store = createJobRunsStore(database);
  const kind = createJobRunKind({
    items: createItemStore(database),
    serverOf: (id) => servers().find(({ source }) => source.id === id && source.readOnly !== true),
    connections,
    events,
    config,
    clock,
    log,
  });
  const service = createJobRunService({ runs, kind, store, config, places });
  const feature = {
    routes: (api) => jobRunsRoutes(api, { runs: service }),
    jobs: [{ name: "old runs on jobs", on: "retention", run: store.forget }],
    processes: [{ in: ["worker"], start: service.process }],
  } satisfies Feature;
  return { ...feature, readHeads: service.readHeads };
}
