import { type Core, endingAtOnce, type Feature } from "#lib/feature.ts";
import type { WatchHttp } from "#lib/watch-http.ts";
import type { BoardAnswers } from "#observe/board-answers.ts";
import type { PastDetails } from "#observe/past-details.ts";
import type { SnapshotStore } from "#observe/snapshot-store.ts";
import { createHealthChecks } from "./health-checks.ts";
import { createHeartbeats, type HeartbeatsDeps } from "./health-heartbeats.ts";
import { healthRoutes } from "./health-routes.ts";
import { createServices, type ServicesDeps } from "./health-services.ts";

type HealthNeeds = Pick<ServicesDeps, "catalogue" | "uptimes" | "onDetails" | "ownReports"> & {
  http: WatchHttp;
  hashOf: HeartbeatsDeps["hashOf"];
  snapshots: SnapshotStore;
  answer: BoardAnswers;
  past: Pick<PastDetails, "service">;
};

/** Services that are asked, services that report by themselves, and what is shown of both. */
export function createHealth(core: Core, { http, hashOf, snapshots, answer, past, ...needs }: HealthNeeds) {
  const { database, redis, subscribe, changes, clock, log } = core;
  const { catalogue } = needs;
  const heartbeats = createHeartbeats({ catalogue, redis, hashOf, clock });
  const checks = createHealthChecks({ catalogue, heartbeats, http, clock });
  const services = createServices({ ...needs, checks, database, redis, subscribe, changes, clock, log });
  const feature = {
    routes(api) {
      healthRoutes(api, { answer });
      services.routes(api, snapshots, past);
    },
    // Where heartbeats come in.
    mount: heartbeats.mount,
    processes: [{ in: ["collector", "web"], start: async () => endingAtOnce(checks.stop) }],
  } satisfies Feature;
  return {
    ...feature,
    /** For the collector. */
    board: services.board,
    ownProcesses: services.ownProcesses,
  };
}
