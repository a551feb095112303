import type { FastifyInstance } from "fastify";
import type { WatchHttp } from "#lib/watch-http.ts";
import type { BoardAnswers } from "#observe/board-answers.ts";
import type { PastDetails } from "#observe/past-details.ts";
import type { SnapshotStore } from "#observe/snapshot-store.ts";
import { createHealthChecks } from "./health-checks.ts";
import { createHeartbeats, type HeartbeatsDeps } from "./health-heartbeats.ts";
import { healthRoutes } from "./health-routes.ts";
import { createServices, type ServicesDeps } from "./health-services.ts";

/** Puts health together: services that are asked, services that report by themselves, and what is shown of both. */
export function createHealth({
  http,
  hashOf,
  ...deps
}: Omit<ServicesDeps, "checks"> & { http: WatchHttp; hashOf: HeartbeatsDeps["hashOf"] }) {
  const { catalogue, redis, clock } = deps;
  const heartbeats = createHeartbeats({ catalogue, redis, hashOf, clock });
  const checks = createHealthChecks({ catalogue, heartbeats, http, clock });
  const services = createServices({ ...deps, checks });
  return {
    /** For the collector. */
    board: services.board,
    ownProcesses: services.ownProcesses,
    /** Endpoints of the contract; `app` is the scope below `/api/v1`. */
    routes(
      app: FastifyInstance,
      reading: { snapshots: SnapshotStore; answer: BoardAnswers; past: Pick<PastDetails, "service"> },
    ) {
      healthRoutes(app, reading);
      services.routes(app, reading.snapshots, reading.past);
    },
    /** Where heartbeats come in; `app` is the root. */
    intake: heartbeats.mount,
    stop: checks.stop,
  };
}
