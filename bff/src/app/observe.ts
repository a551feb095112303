import { randomUUID } from "node:crypto";
import { hostname } from "node:os";
import type { Report } from "@wheelhouse/shared/reporter/report.ts";
import type { Redis } from "ioredis";
import type { Logger } from "pino";
import { createWatchedServers, databaseOf, type WatchedRedis } from "#app/servers.ts";
import { createCachesBoard } from "#features/caches/caches-board.ts";
import { createRedisDetails } from "#features/caches/caches-redis-details.ts";
import type { Clock } from "#lib/clock.ts";
import type { Database } from "#lib/postgres.ts";
import { createRedis } from "#lib/redis.ts";
import type { Catalogue } from "#observe/catalogue.ts";
import { createCollector } from "#observe/collector.ts";
import { createControlChannel } from "#observe/control-channel.ts";
import { createLeaderLease } from "#observe/leader-lease.ts";
import { organizationOfReport, ownRedis, ownService } from "#observe/own-service.ts";
import { withoutReplaced } from "#observe/replaced-reports.ts";
import { createReplication } from "#observe/replication.ts";
import { createReports, type Reports } from "#observe/reports.ts";
import { createSnapshotStore } from "#observe/snapshot-store.ts";
import { verdictHtml } from "#observe/verdict.ts";
import type { OrganizationKey, Watched } from "#observe/watched.ts";

export type ObserveDeps = {
  catalogue: Catalogue;
  roles: readonly string[];
  intervalMs: number;
  database: Database;
  redis: Redis;
  redisUrl: string;
  clock: Clock;
  log: Logger;
  /** Made with what services report of themselves; `organizationOf` a watched Redis is null when it is not watched. */
  /** What this process tells of itself; null while it does not. Heard even without Redis. */
  ownReport(): Report | null;
  boards(given: {
    reports: Reports["reports"];
    organizationOf(sourceId: string, service?: string): string | null;
  }): Watched["boards"];
} & Pick<Watched, "webhooks" | "recentActs" | "badFile">;

/** Connects the sources and puts the observe path together. It observes when it is started, and serves before that. */
export function createObserve(deps: ObserveDeps) {
  const { catalogue, roles, intervalMs, database, redis, redisUrl, clock, log } = deps;
  const owner = `${hostname()}/${process.pid}/${randomUUID()}`;
  const connected = createWatchedServers({ catalogue, database, redisUrl, clock, log });
  const heard = createRedis({ url: redisUrl, name: "wheelhouse-observe-heard", log });
  const reportSources = () =>
    connected.redis.map(({ source, connection }) => ({
      id: source.id,
      organization: source.organization,
      redis: connection,
    }));
  const found = createReports({ sources: reportSources, clock, log, everyMs: intervalMs });
  const reports = {
    poke: found.poke,
    reports: () =>
      new Map([...found.reports()].map(([id, some]) => [id, withoutReplaced(some, clock.now())])),
  };
  const watched: Watched = {
    servers: connected.servers,
    queues: connected.queues,
    reports,
    boards: deps.boards({
      reports: reports.reports,
      organizationOf: (sourceId, service = "") => {
        const source = catalogue.current().redis.find(({ id }) => id === sourceId);
        return source ? organizationOfReport(source, service) : null;
      },
    }),
    organizations: () => database.system.selectFrom("organizations").select(["id", "slug"]).execute(),
    webhooks: deps.webhooks,
    recentActs: deps.recentActs,
    badFile: deps.badFile,
  };

  const snapshots = createSnapshotStore({ clock, intervalMs });
  const lease = createLeaderLease({ redis, owner, intervalMs });
  const replication = createReplication({
    redis,
    subscriber: heard,
    database: databaseOf(redisUrl),
    store: snapshots,
    owner,
    clock,
    log,
  });
  const caches = createCachesBoard({
    reports: () => {
      const own = deps.ownReport();
      return own === null ? reports.reports() : new Map([...reports.reports(), ["", [own]]]);
    },
    organizationOf: (id, service) => {
      // Of this process itself: it is heard like what lies in its own Redis.
      const of = connected.redis.find(({ source }) => source.id === (id || "primary"));
      return of && organizationOfReport(of.source, service);
    },
  });
  const redisDetails = createRedisDetails({
    servers: () =>
      connected.redis.map(({ source: { id, organization }, url, connection }) => ({
        id,
        organization,
        redis: connection,
        database: databaseOf(url),
      })),
    clock,
    log,
  });
  const collector = createCollector({
    watched: { ...watched, boards: { ...watched.boards, caches, redisDetails } },
    store: snapshots,
    lease,
    replication,
    firstCandidate: roles.includes("collector"),
    owner,
    intervalMs,
    clock,
    log,
  });
  return {
    snapshots,
    owner,
    /** What Wheelhouse's own processes told last, this one also without Redis. */
    ownReports(): Report[] {
      const heard = (reports.reports().get(ownRedis) ?? []).filter(({ service }) => service === ownService);
      const own = deps.ownReport();
      return own === null ? heard : [...heard, own];
    },
    /** The watched Redis servers, as they are at this moment. */
    redisServers: (): readonly WatchedRedis[] => connected.redis,
    /** The way to the instances of services that report. */
    channel: createControlChannel(reportSources),
    /** What the first paint of Overview needs of this path; see SETTLED 28. */
    firstPaint(organization: OrganizationKey) {
      const overview = snapshots.viewsOf(organization).overview();
      return { overview, verdictHtml: verdictHtml(overview, clock.now()) };
    },
    start: () => collector.start(),
    stop: collector.stop,
    /** Ends the connections, which are there from the beginning, whether or not it was started. */
    async disconnect() {
      heard.disconnect();
      await connected.stop();
    },
  };
}
