import { type Core, endingAtOnce, type Feature } from "#lib/feature.ts";
import type { WatchHttp } from "#lib/http/watch-http.ts";
import type { WatchedCalls } from "#lib/http/watched-calls.ts";
import type { Pushed } from "#observe/pushes/pushes.ts";
import type { Catalogue } from "#observe/sources/sources.ts";
import { createBreakersAspect } from "./aspect.ts";
import { createBreakersBoard } from "./board.ts";
import { createCheckBreakers } from "./calls.ts";
import { type CommandsDeps, createBreakerCommands } from "./commands.ts";
import { createBreakerHolders, type NewestCommands } from "./holders.ts";
import { createOwnBreakers, type OwnEndpointsKey } from "./own.ts";
import { createPushedBreakers } from "./pushed.ts";
import { createScrapedBreakers, createScrapeStates } from "./readers/readers.ts";
import { createReportedBreakers, type ReportedBreakersDeps } from "./reports.ts";
import { breakersRoutes, type RoutesDeps } from "./routes.ts";

export type { CommandsDeps } from "./commands.ts";
export { countBreakers, isBreakerMetric } from "./readers/readers.ts";

type BreakersNeeds = {
  catalogue: Catalogue;
  http: Pick<WatchHttp, "get">;
  /** Rows of Wheelhouse's own endpoints; these are observed before the breakers. */
  endpoints: OwnEndpointsKey;
  /** Breakers that services report. */
  reported: ReportedBreakersDeps;
  /** What instances push over OpenTelemetry. */
  pushed(): readonly Pushed[];
  /** The calls that check and scrape what is watched. */
  calls: Pick<WatchedCalls, "all" | "forget">;
  /** The latest command to each of these breakers that was applied by an instance, or still may be. */
  newestCommands(targets: readonly { organizationId: string; targetId: string }[]): NewestCommands;
} & Omit<CommandsDeps & RoutesDeps, "command">;

/** Breakers of Wheelhouse's own endpoints, scraped and reported breakers, and commands to them. */
export function createBreakers(core: Core, needs: BreakersNeeds) {
  const { redis, clock, log } = core;
  const {
    catalogue,
    http,
    endpoints,
    reported,
    pushed,
    calls,
    newestCommands,
    channel,
    run,
    resetOwn,
    ...reading
  } = needs;
  const states = createScrapeStates({ redis, log });
  const scraped = createScrapedBreakers({
    catalogue,
    http,
    clock,
    random: Math.random,
    onScraped: states.keep,
  });
  const own = createOwnBreakers({ endpoints });
  const command = createBreakerCommands({ snapshots: reading.snapshots, channel, run, resetOwn, clock });
  const feature = {
    routes: (api) => breakersRoutes(api, { ...reading, command }),
    processes: [{ in: ["collector", "web"], start: async () => endingAtOnce(scraped.close) }],
  } satisfies Feature;
  return {
    ...feature,
    aspect: createBreakersAspect({
      endpoints,
      board: createBreakersBoard(
        [
          own,
          scraped,
          createReportedBreakers(reported),
          createPushedBreakers({ pushed }),
          createCheckBreakers({ calls: calls.all, forget: calls.forget }),
        ],
        createBreakerHolders({ newestCommands, clock }),
      ),
    }),
    /** Result of the last scrape of each source. */
    scrapesOf: states.read,
  };
}
