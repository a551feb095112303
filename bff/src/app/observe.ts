import { randomUUID } from "node:crypto";
import { hostname } from "node:os";
import type { Report } from "@wheelhouse/shared/reporter/report.ts";
import { createWatchedServers, type WatchedRedis } from "#app/servers.ts";
import { createCachesBoard } from "#features/caches/caches-board.ts";
import { createRedisDetails } from "#features/caches/caches-redis-details.ts";
import type { Core, Feature, Running } from "#lib/feature.ts";
import { redisDatabaseOf } from "#lib/redis.ts";
import type { Catalogue } from "#observe/catalogue.ts";
import { createCollector } from "#observe/collector.ts";
import { createControlChannel } from "#observe/control-channel.ts";
import { createLeaderLease } from "#observe/leader-lease.ts";
import { organizationOfReport, ownRedis, ownService } from "#observe/own-service.ts";
import { withoutReplaced } from "#observe/replaced-reports.ts";
import { createReplication } from "#observe/replication.ts";
import { createReports } from "#observe/reports.ts";
import { createSnapshotStore } from "#observe/snapshot-store.ts";
import { verdictHtml } from "#observe/verdict.ts";
import type { OrganizationKey, Watched } from "#observe/watched.ts";

type WatchNeeds = {
  catalogue: Catalogue;
  redisUrl: string;
  intervalMs: number;
  /** What this process tells of itself; null while it does not. Heard even without Redis. */
  ownReport(): Report | null;
};

/**
 * What is watched: the connections to it, what it reports of itself, the way to its instances, and the snapshots from
 * which it is read. Serves from the beginning, whether or not this process observes.
 */
export function createWatch(
  core: Pick<Core, "database" | "redis" | "subscribe" | "clock" | "log">,
  { catalogue, redisUrl, intervalMs, ownReport }: WatchNeeds,
) {
  const { database, redis, subscribe, clock, log } = core;
  const owner = `${hostname()}/${process.pid}/${randomUUID()}`;
  const connected = createWatchedServers({ catalogue, database, redisUrl, clock, log });
  const reportSources = () =>
    connected.redis.map(({ source, connection }) => ({
      id: source.id,
      organization: source.organization,
      redis: connection,
    }));
  const found = createReports({ sources: reportSources, clock, log, everyMs: intervalMs });
  const reports = () =>
    new Map([...found.reports()].map(([id, some]) => [id, withoutReplaced(some, clock.now())]));
  const snapshots = createSnapshotStore({ clock, intervalMs });
  return {
    snapshots,
    owner,
    intervalMs,
    connected,
    pokeReports: found.poke,
    /** What services report, by id of the Redis in which it was found. */
    reports,
    /** Slug of the organization that a report belongs to; null when its Redis is not watched any more. */
    organizationOf(sourceId: string, service = ""): string | null {
      const source = catalogue.current().redis.find(({ id }) => id === sourceId);
      return source ? organizationOfReport(source, service) : null;
    },
    ownReport,
    /** What Wheelhouse's own processes told last, this one also without Redis. */
    ownReports(): Report[] {
      const heard = (reports().get(ownRedis) ?? []).filter(({ service }) => service === ownService);
      const own = ownReport();
      return own === null ? heard : [...heard, own];
    },
    /** The watched Redis servers, as they are at this moment. */
    redisServers: (): readonly WatchedRedis[] => connected.redis,
    /** The way to the instances of services that report. */
    channel: createControlChannel(reportSources),
    replication: createReplication({ redis, subscribe, store: snapshots, owner, clock, log }),
    /** What the first paint of Overview shows. */
    firstPaint(organization: OrganizationKey) {
      const overview = snapshots.viewsOf(organization).overview();
      return { overview, verdictHtml: verdictHtml(overview, clock.now()) };
    },
    /** Ends the connections. */
    disconnect: connected.stop,
  };
}
export type Watch = ReturnType<typeof createWatch>;

type ObservingNeeds = {
  watch: Watch;
  roles: readonly string[];
  boards: Pick<Watched["boards"], "services" | "breakers">;
} & Pick<Watched, "webhooks" | "recentActs" | "badFile">;

/** Observes what is watched, once it is started and while it is this process' turn. */
export function createObserving(
  core: Pick<Core, "database" | "redis" | "clock" | "log">,
  { watch, roles, boards, webhooks, recentActs, badFile }: ObservingNeeds,
) {
  const { database, redis, clock, log } = core;
  const { connected, snapshots, owner, intervalMs } = watch;
  const caches = createCachesBoard({
    reports: () => {
      const own = watch.ownReport();
      return own === null ? watch.reports() : new Map([...watch.reports(), ["", [own]]]);
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
        database: redisDatabaseOf(url) ?? 0,
      })),
    clock,
    log,
  });
  const collector = createCollector({
    watched: {
      servers: connected.servers,
      queues: connected.queues,
      reports: { poke: watch.pokeReports },
      organizations: () => database.system.selectFrom("organizations").select(["id", "slug"]).execute(),
      webhooks,
      recentActs,
      badFile,
      boards: { ...boards, caches, redisDetails },
    },
    store: snapshots,
    lease: createLeaderLease({ redis, owner, intervalMs }),
    replication: watch.replication,
    firstCandidate: roles.includes("collector"),
    owner,
    intervalMs,
    clock,
    log,
  });
  const start = async (): Promise<Running> => {
    collector.start();
    return { drain: () => collector.stop(), stop: async () => {} };
  };
  const observing = { processes: [{ in: ["collector", "web"], start }] } satisfies Feature;
  return { ...observing, start: () => collector.start(), stop: () => collector.stop() };
}
