import type { FastifyInstance } from "fastify";
import type { Logger } from "pino";
import type { Changes } from "#lib/change.ts";
import type { Clock } from "#lib/clock.ts";
import type { Database } from "#lib/postgres.ts";
import type { SnapshotStore } from "#observe/spread/spread.ts";
import { createCachesAspect } from "./caches-aspect.ts";
import { createCachesBoard, type ReportedCaches } from "./caches-board.ts";
import { type CommandsDeps, createCacheCommands } from "./caches-commands.ts";
import { createRedisAspect, type RedisServers } from "./caches-redis-aspect.ts";
import { createRedisDetails, type DetailedServer } from "./caches-redis-details.ts";
import { createRemovals, type RemovalServer } from "./caches-removals.ts";
import { cacheRemovalsRoutes } from "./caches-removals-routes.ts";
import { cachesRoutes, type RoutesDeps } from "./caches-routes.ts";

/** Puts the caches together: invalidation by the services that report them, removal from the Redis of those declared. */
export function createCaches(deps: {
  database: Database;
  changes: Changes;
  snapshots: SnapshotStore;
  /** The watched Redis servers of all organizations. */
  servers(): readonly RemovalServer[];
  clock: Clock;
  log: Logger;
}) {
  const removals = createRemovals(deps);
  return {
    /** Endpoints of the contract; `app` is the scope below `/api/v1`. */
    routes(app: FastifyInstance, { channel, run, ...reading }: CommandsDeps & Omit<RoutesDeps, "commands">) {
      const commands = createCacheCommands({ snapshots: reading.snapshots, channel, run });
      cachesRoutes(app, { ...reading, commands });
      cacheRemovalsRoutes(app, { removals });
    },
    upkeep: removals.upkeep,
    /** Begins to carry on removals whose process died. */
    start: removals.startSweeping,
    stop: removals.stop,
  };
}

/** What is observed of caches, and of the Redis servers in which they lie. */
export const createCacheAspects = (deps: {
  reported: ReportedCaches;
  /** Rows of the Redis servers, observed before. */
  servers: RedisServers;
  detailedServers(): readonly DetailedServer[];
  clock: Clock;
  log: Logger;
}) =>
  [
    createCachesAspect(createCachesBoard(deps.reported)),
    createRedisAspect({
      servers: deps.servers,
      board: createRedisDetails({ servers: deps.detailedServers, clock: deps.clock, log: deps.log }),
    }),
  ] as const;
