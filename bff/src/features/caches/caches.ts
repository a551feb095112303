import { type Core, everyRole, type Feature } from "#lib/feature.ts";
import { type CommandsDeps, createCacheCommands } from "./caches-commands.ts";
import { createRemovals, type RemovalServer } from "./caches-removals.ts";
import { cacheRemovalsRoutes } from "./caches-removals-routes.ts";
import { cachesRoutes, type RoutesDeps } from "./caches-routes.ts";

type CachesNeeds = {
  /** The watched Redis servers of all organizations. */
  servers(): readonly RemovalServer[];
} & Omit<CommandsDeps & RoutesDeps, "commands">;

/** Invalidation by the services that report their caches, and removal from the Redis of those that are declared. */
export function createCaches(core: Core, { servers, channel, run, ...reading }: CachesNeeds) {
  const { database, changes, clock, log } = core;
  const { snapshots } = reading;
  const removals = createRemovals({ database, changes, snapshots, servers, clock, log });
  const commands = createCacheCommands({ snapshots, channel, run });
  return {
    routes(api) {
      cachesRoutes(api, { ...reading, commands });
      cacheRemovalsRoutes(api, { removals });
    },
    jobs: [{ name: "ended cache removals", run: removals.forget }],
    processes: [
      {
        in: everyRole,
        // Carries on removals whose process died.
        async start() {
          removals.startSweeping();
          return { drain: removals.stop, stop: async () => {} };
        },
      },
    ],
  } satisfies Feature;
}
