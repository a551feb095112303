import type { FastifyInstance } from "fastify";
import type { Clock } from "#lib/clock.ts";
import type { WatchHttp } from "#lib/watch-http.ts";
import type { ListAnswers, Past, SnapshotStore } from "#observe/spread/spread.ts";
import { createHealthChecks } from "./health-checks.ts";
import { createHeartbeats, type HeartbeatsDeps } from "./health-heartbeats.ts";
import { healthRoutes } from "./health-routes.ts";
import { type SampledServer, serverRows, serviceRows } from "./health-rows.ts";
import { createServersAspect } from "./health-servers-aspect.ts";
import { createServersBoard } from "./health-servers-board.ts";
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
    serviceRows,
    aspect: services.aspect,
    /** Endpoints of the contract; `app` is the scope below `/api/v1`. */
    routes(app: FastifyInstance, reading: { snapshots: SnapshotStore; answer: ListAnswers; past: Past }) {
      healthRoutes(app, reading);
      services.routes(app, reading);
    },
    /** Where heartbeats come in; `app` is the root. */
    intake: heartbeats.mount,
    stop: checks.stop,
  };
}

/** Watched Redis and Postgres servers. `servers` is a live list. */
export const createServers = (deps: {
  servers: readonly SampledServer[];
  intervalMs: number;
  clock: Clock;
}) => ({ rows: serverRows, aspect: createServersAspect(createServersBoard(deps)) });
