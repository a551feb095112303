import { type Core, everyRole, type Feature } from "#lib/feature.ts";
import type { Pushed } from "#observe/pushes/pushes.ts";
import { createCachesAspect } from "./aspect.ts";
import { createCachesBoard, type ReportedCaches } from "./board.ts";
import { type CommandsDeps, createCacheCommands } from "./commands.ts";
import { withPushedCaches } from "./pushed.ts";
import {
  createRedisAspect,
  createRedisDetails,
  type DetailedServer,
  type RedisServers,
} from "./redis/redis.ts";
import { cacheRemovalsRoutes, createRemovals, type RemovalServer } from "./removals/removals.ts";
import { cachesRoutes, type RoutesDeps } from "./routes.ts";

export { isCacheMetric } from "./pushed.ts";

type CachesNeeds = {
  /** The watched Redis servers of all organizations. */
  servers(): readonly RemovalServer[];
  /** The same servers, for sampling their details. */
  detailedServers(): readonly DetailedServer[];
  /** Rows of these servers; they are observed before. */
  serverRows: RedisServers;
  /** Caches that services report. */
  reported: ReportedCaches;
  /** What instances push over OpenTelemetry. */
  pushed(): readonly Pushed[];
} & Omit<CommandsDeps & RoutesDeps, "commands">;

/**
 * Invalidation by the services that report their caches, and removal of keys from the Redis servers of
 * declared caches.
 */
export function createCaches(core: Core, needs: CachesNeeds) {
  const { servers, detailedServers, serverRows, reported, pushed, channel, run, ...reading } = needs;
  const { database, changes, clock, log } = core;
  const { snapshots } = reading;
  const removals = createRemovals({ database, changes, snapshots, servers, clock, log });
  const commands = createCacheCommands({ snapshots, channel, run });
  const feature = {
    routes(api) {
      cachesRoutes(api, { ...reading, commands });
      cacheRemovalsRoutes(api, { removals });
    },
    jobs: [{ name: "ended cache removals", on: "retention", run: removals.forget }],
    processes: [
      {
        in: everyRole,
        // Continues removals whose process died.
        async start() {
          removals.startSweeping();
          return { drain: removals.stop, stop: async () => {} };
        },
      },
    ],
  } satisfies Feature;
  return {
    ...feature,
    aspects: [
      createCachesAspect(createCachesBoard(withPushedCaches(reported, { pushed }))),
      createRedisAspect({
        servers: serverRows,
        board: createRedisDetails({ servers: detailedServers, clock, log }),
      }),
    ] as const,
  };
}
