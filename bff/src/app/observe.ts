import { randomUUID } from "node:crypto";
import { hostname } from "node:os";
import type { Report } from "@wheelhouse/shared/reporter/report.ts";
import type { Core, Feature, Running } from "#lib/feature.ts";
import { redisDatabaseOf } from "#lib/redis/redis.ts";
import type { AddressFilter } from "#lib/security/address-filter.ts";
import type { Aspect } from "#observe/aspect.ts";
import { createPushReader, createPushStore } from "#observe/pushes/pushes.ts";
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
import { createWatchedServers, type WatchedRedis } from "./servers.ts";

type WatchNeeds = {
  catalogue: Catalogue;
  redisUrl: string;
  filter: AddressFilter;
  intervalMs: number;
  /** This process's own report; null while it does not report. Available even without Redis. */
  ownReport(): Report | null;
};

/**
 * Everything that observing needs: connections to the watched servers, this process's own report, commands to
 * instances, and the snapshots. It serves from the start, whether or not this process observes.
 */
export function createWatch(
  core: Pick<Core, "database" | "redis" | "subscribe" | "clock" | "log">,
  { catalogue, redisUrl, filter, intervalMs, ownReport }: WatchNeeds,
) {
  const { database, redis, subscribe, clock, log } = core;
  const owner = `${hostname()}/${process.pid}/${randomUUID()}`;
  const connected = createWatchedServers({ catalogue, database, redisUrl, filter, clock, log });
  const reportSources = () =>
    connected.redis.map(({ source, connection }) => ({
      id: source.id,
      organization: source.organization,
      redis: connection,
    }));
  const found = createReports({ sources: reportSources, clock, log, everyMs: intervalMs });
  const reports = () =>
    new Map([...found.reports()].map(([id, some]) => [id, withoutReplaced(some, clock.now())]));
  const pushes = createPushReader({ redis, clock, everyMs: intervalMs });
  const aspects: Aspect[] = [];
  const snapshots = createSnapshotStore({ aspects, clock, intervalMs });
  return {
    snapshots,
    owner,
    intervalMs,
    /** Sets the observed aspects in their order; once, before the first read. */
    declare(all: readonly Aspect[]) {
      aspects.push(...all);
    },
    servers: connected.servers,
    queues: connected.queues,
    schedulers: connected.schedulers,
    pokeReports: () => Promise.all([found.poke(), pushes.poke()]),
    /** What instances push over OpenTelemetry, and where it is kept. */
    pushed: pushes.pushed,
    pushStore: createPushStore({ redis }),
    /** The services' reports, by id of the Redis in which they were found. */
    reported: {
      reports,
      /** Slug of the organization that owns a report; null if its Redis is no longer watched. */
      organizationOf(sourceId: string, service = ""): string | null {
        const source = catalogue.current().redis.find(({ id }) => id === sourceId);
        return source ? organizationOfReport(source, service) : null;
      },
    },
    /** The same including this process, whose report counts as found in its own Redis. */
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
    /** The last reports of Wheelhouse's own processes, this one even without Redis. */
    ownReports(): Report[] {
      const heard = (reports().get(ownRedis) ?? []).filter(({ service }) => service === ownService);
      const own = ownReport();
      return own === null ? heard : [...heard, own];
    },
    /** The Redis servers watched now. */
    redisServers: (): readonly WatchedRedis[] => connected.redis,
    /** The same, as targets to observe. */
    detailedServers: () =>
      connected.redis.map(({ source: { id, organization, caches = [] }, url, connection }) => ({
        id,
        organization,
        redis: connection,
        database: redisDatabaseOf(url) ?? 0,
        caches,
      })),
    /** Sends commands to the instances of reporting services. */
    channel: createControlChannel(reportSources),
    replication: createReplication({ redis, subscribe, store: snapshots, owner, clock, log }),
    /** Closes the connections. */
    disconnect: connected.stop,
  };
}
export type Watch = ReturnType<typeof createWatch>;

type ObservingNeeds = {
  watch: Watch;
  /** In the order in which they are observed: each may read those before it. */
  aspects: readonly Aspect[];
  roles: readonly string[];
};

/** Observes once it is started, whenever this process holds the lease. */
export function createObserving(
  core: Pick<Core, "database" | "redis" | "clock" | "log">,
  { watch, aspects, roles }: ObservingNeeds,
) {
  const { database, redis, clock, log } = core;
  const { snapshots, owner, intervalMs } = watch;
  watch.declare(aspects);
  const collector = createCollector({
    aspects,
    reports: { poke: watch.pokeReports },
    organizations: () => database.system.selectFrom("organizations").select(["id", "slug"]).execute(),
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
