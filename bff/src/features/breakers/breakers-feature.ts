import type { FastifyInstance } from "fastify";
import type { Redis } from "ioredis";
import type { Logger } from "pino";
import type { Clock } from "#lib/clock.ts";
import type { WatchHttp } from "#lib/watch-http.ts";
import type { Catalogue } from "#observe/sources/sources.ts";
import { createBreakersAspect } from "./breakers-aspect.ts";
import { createBreakersBoard } from "./breakers-board.ts";
import { type CommandsDeps, createBreakerCommands } from "./breakers-commands.ts";
import { createBreakerHolders, type NewestCommands } from "./breakers-holders.ts";
import { createOwnBreakers, type OwnEndpointsKey } from "./breakers-own.ts";
import { createReportedBreakers, type ReportedBreakersDeps } from "./breakers-reports.ts";
import { breakersRoutes, type RoutesDeps } from "./breakers-routes.ts";
import { createScrapeStates } from "./breakers-scrape-states.ts";
import { createScrapedBreakers } from "./breakers-scrapes.ts";

/** Puts the breakers together: those of Wheelhouse's own endpoints, those that are scraped, those that are reported. */
export function createBreakers(deps: {
  catalogue: Catalogue;
  redis: Redis;
  http: Pick<WatchHttp, "get">;
  /** Of the breakers of Wheelhouse's own endpoints. */
  coolDownMs: number;
  /** Rows of those endpoints, observed before. */
  endpoints: OwnEndpointsKey;
  /** The newest command to each of these breakers that some instance obeyed, or may yet. */
  newestCommands(targets: readonly { organizationId: string; targetId: string }[]): NewestCommands;
  clock: Clock;
  log: Logger;
}) {
  const { catalogue, redis, http, coolDownMs, endpoints, newestCommands, clock, log } = deps;
  const states = createScrapeStates({ redis, log });
  const scraped = createScrapedBreakers({
    catalogue,
    http,
    clock,
    random: Math.random,
    onScraped: states.keep,
  });
  return {
    /** `reported`: what services report of themselves. */
    aspect: (reported: ReportedBreakersDeps) =>
      createBreakersAspect({
        endpoints,
        board: createBreakersBoard(
          [createOwnBreakers({ coolDownMs, endpoints }), scraped, createReportedBreakers(reported)],
          createBreakerHolders({ newestCommands, clock }),
        ),
      }),
    /** How the last scrape of each source went. */
    scrapesOf: states.read,
    /** Endpoints of the contract; `app` is the scope below `/api/v1`. */
    routes(app: FastifyInstance, { channel, run, ...reading }: CommandsDeps & Omit<RoutesDeps, "command">) {
      const command = createBreakerCommands({ snapshots: reading.snapshots, channel, run });
      breakersRoutes(app, { ...reading, command });
    },
    close: scraped.close,
  };
}
