import { type Core, endingAtOnce, type Feature } from "#lib/feature.ts";
import type { WatchHttp } from "#lib/http/watch-http.ts";
import type { ListAnswers, Past, SnapshotStore } from "#observe/spread/spread.ts";
import { checkKey, createHealthChecks, createHeartbeats, type HeartbeatsDeps } from "./checks/checks.ts";
import { healthRoutes } from "./routes.ts";
import { type SampledServer, serverRows } from "./rows.ts";
import { createServersAspect, createServersBoard } from "./servers/servers.ts";
import { createServices, type ServicesDeps } from "./services/services.ts";

export { readHealthOnce } from "./checks/checks.ts";

type HealthNeeds = Pick<ServicesDeps, "catalogue" | "uptimes" | "ownReports"> & {
  http: WatchHttp;
  hashOf: HeartbeatsDeps["hashOf"];
  snapshots: SnapshotStore;
  answer: ListAnswers;
  past: Past;
};

/** Services that are checked, services that report by themselves, and the pages about both. */
export function createHealth(core: Core, { http, hashOf, snapshots, answer, past, ...needs }: HealthNeeds) {
  const { database, redis, subscribe, changes, clock, log } = core;
  const { catalogue } = needs;
  const heartbeats = createHeartbeats({ catalogue, redis, hashOf, clock });
  const checks = createHealthChecks({ catalogue, heartbeats, http, clock });
  const services = createServices({ ...needs, checks, database, redis, subscribe, changes, clock, log });
  const feature = {
    routes(api) {
      healthRoutes(api, { answer });
      services.routes(api, { snapshots, past });
    },
    // Endpoint for heartbeats.
    mount: heartbeats.mount,
    processes: [{ in: ["collector", "web"], start: async () => endingAtOnce(checks.stop) }],
  } satisfies Feature;
  return {
    ...feature,
    aspect: services.aspect,
    /** The latest heartbeat of services with one instance each, in the order of their ids; null without one. */
    beatsOf: (serviceIds: readonly string[]) => heartbeats.read(serviceIds.map((id) => checkKey(id, id))),
  };
}

/** Watched Redis and Postgres servers. `servers` is a live list. */
export const createServers = (
  { clock }: Pick<Core, "clock">,
  needs: { servers: readonly SampledServer[]; intervalMs: number },
) => ({ rows: serverRows, aspect: createServersAspect(createServersBoard({ clock, ...needs })) });
