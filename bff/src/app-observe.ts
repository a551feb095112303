import { randomUUID } from "node:crypto";
import { hostname } from "node:os";
import type { Report } from "@wheelhouse/shared/reporter/report.ts";
import type { Redis } from "ioredis";
import type { Logger } from "pino";
import { createWatchedServers, databaseOf, type WatchedRedis } from "#app-observe-servers.ts";
import type { Clock } from "#lib/clock.ts";
import type { Database } from "#lib/postgres.ts";
import { createRedis } from "#lib/redis.ts";
import type { Aspect } from "#observe/aspect.ts";
import {
  createControlChannel,
  createReports,
  organizationOfReport,
  ownRedis,
  ownService,
  withoutReplaced,
} from "#observe/reports/reports.ts";
import type { Catalogue } from "#observe/sources/sources.ts";
import { createLeaderLease, createReplication, createSnapshotStore } from "#observe/spread/spread.ts";
import { createCollector } from "#observe/tick/tick.ts";

/** Connects what is watched: servers, the queues in them, and the reports that services leave in them. */
export function createWatching(deps: {
  catalogue: Catalogue;
  database: Database;
  redisUrl: string;
  intervalMs: number;
  clock: Clock;
  log: Logger;
  /** The report of this process, which is read even without Redis; null before it reports. */
  ownReport(): Report | null;
}) {
  const { catalogue, intervalMs, clock, log, ownReport } = deps;
  const connected = createWatchedServers(deps);
  const reportSources = () =>
    connected.redis.map(({ source, connection }) => ({
      id: source.id,
      organization: source.organization,
      redis: connection,
    }));
  const found = createReports({ sources: reportSources, clock, log, everyMs: intervalMs });
  const reports = () =>
    new Map([...found.reports()].map(([id, some]) => [id, withoutReplaced(some, clock.now())]));
  return {
    servers: connected.servers,
    queues: connected.queues,
    pokeReports: found.poke,
    /** Reports by id of the Redis; `organizationOf` a Redis is null when it is not watched. */
    reported: {
      reports,
      organizationOf(sourceId: string, service = ""): string | null {
        const source = catalogue.current().redis.find(({ id }) => id === sourceId);
        return source ? organizationOfReport(source, service) : null;
      },
    },
    /** The same with this process, which is heard like what lies in its own Redis. */
    reportedWithOwn: {
      reports() {
        const own = ownReport();
        return own === null ? reports() : new Map([...reports(), ["", [own]]]);
      },
      organizationOf(sourceId: string, service: string): string | undefined {
        const of = connected.redis.find(({ source }) => source.id === (sourceId || ownRedis));
        return of && organizationOfReport(of.source, service);
      },
    },
    /** The latest reports of Wheelhouse's own processes, that of this one even without Redis. */
    ownReports(): Report[] {
      const heard = (reports().get(ownRedis) ?? []).filter(({ service }) => service === ownService);
      const own = ownReport();
      return own === null ? heard : [...heard, own];
    },
    /** The watched Redis servers, as they are at this moment. */
    redisServers: (): readonly WatchedRedis[] => connected.redis,
    /** The same as they are looked into. */
    detailedServers: () =>
      connected.redis.map(({ source: { id, organization }, url, connection }) => ({
        id,
        organization,
        redis: connection,
        database: databaseOf(url),
      })),
    /** The way to the instances of services that report. */
    channel: createControlChannel(reportSources),
    stop: connected.stop,
  };
}
export type Watching = ReturnType<typeof createWatching>;

export type ObserveDeps = {
  /** In the order in which they are observed: each may read those before it. */
  aspects: readonly Aspect[];
  watching: Pick<Watching, "pokeReports" | "stop">;
  roles: readonly string[];
  intervalMs: number;
  database: Database;
  redis: Redis;
  redisUrl: string;
  clock: Clock;
  log: Logger;
};

/** Puts the observe path together. It observes when it is started, and serves before that. */
export function createObserve(deps: ObserveDeps) {
  const { aspects, watching, roles, intervalMs, database, redis, redisUrl, clock, log } = deps;
  const owner = `${hostname()}/${process.pid}/${randomUUID()}`;
  const subscriber = createRedis({ url: redisUrl, name: "wheelhouse-observe-heard", log });
  const snapshots = createSnapshotStore({ aspects, clock, intervalMs });
  const collector = createCollector({
    aspects,
    reports: { poke: watching.pokeReports },
    organizations: () => database.system.selectFrom("organizations").select(["id", "slug"]).execute(),
    store: snapshots,
    lease: createLeaderLease({ redis, owner, intervalMs }),
    replication: createReplication({
      redis,
      subscriber,
      database: databaseOf(redisUrl),
      store: snapshots,
      owner,
      clock,
      log,
    }),
    firstCandidate: roles.includes("collector"),
    owner,
    intervalMs,
    clock,
    log,
  });
  return {
    snapshots,
    owner,
    start: () => collector.start(),
    stop: collector.stop,
    /** Ends the connections, which are there from the beginning, whether or not it was started. */
    async disconnect() {
      subscriber.disconnect();
      await watching.stop();
    },
  };
}
