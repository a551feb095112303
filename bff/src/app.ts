import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Report } from "@wheelhouse/shared/reporter/report.ts";
import type { FastifyInstance } from "fastify";
import type { Redis } from "ioredis";
import type { Logger } from "pino";
import { createObserve, createWatching } from "#app-observe.ts";
import type { Config } from "#config.ts";
import { anonymousContext } from "#features/access/access-context.ts";
import { seedDemo } from "#features/access/access-demo.ts";
import { createAccess } from "#features/access/access-feature.ts";
import { createAudit } from "#features/audit/audit-feature.ts";
import { createRecentActs } from "#features/audit/audit-recent.ts";
import { createBreakers } from "#features/breakers/breakers-feature.ts";
import type { NewestCommands } from "#features/breakers/breakers-holders.ts";
import { createCacheAspects, createCaches } from "#features/caches/caches-feature.ts";
import { createHealth, createServers } from "#features/health/health-feature.ts";
import { createMetrics } from "#features/health/health-metrics.ts";
import { ownHealthRoutes } from "#features/health/health-own-routes.ts";
import { createReadiness } from "#features/health/health-readiness.ts";
import { createHistory, createRemembering } from "#features/history/history.ts";
import { createOperations } from "#features/operations/operations.ts";
import { createOverview } from "#features/overview/overview.ts";
import { createFirstPaint } from "#features/overview/overview-first-paint.ts";
import { createQueues } from "#features/queues/queues.ts";
import { createBadFileAspect, createBadFileBoard } from "#features/sources/sources-aspect.ts";
import { createSourcesCatalogue } from "#features/sources/sources-catalogue.ts";
import { sourcesRoutes } from "#features/sources/sources-routes.ts";
import { createSourcesService } from "#features/sources/sources-service.ts";
import { createSourcesStore } from "#features/sources/sources-store.ts";
import { createWebhooks } from "#features/webhooks/webhooks.ts";
import { webhooksDefaults } from "#features/webhooks/webhooks-config.ts";
import { createAddressFilter } from "#lib/address-filter.ts";
import type { Clock } from "#lib/clock.ts";
import { createEventLoop } from "#lib/event-loop.ts";
import { createOwnCaches } from "#lib/own-caches.ts";
import type { Database } from "#lib/postgres.ts";
import { createRedis } from "#lib/redis.ts";
import { createSecretBox } from "#lib/secret-box.ts";
import { createServer } from "#lib/server.ts";
import { createSessionEnds } from "#lib/session-ends.ts";
import { createUpkeep } from "#lib/upkeep.ts";
import { createWatchHttp } from "#lib/watch-http.ts";
import type { Aspect } from "#observe/aspect.ts";
import { createOwnReports, ownReportsEveryMs } from "#observe/reports/reports.ts";
import { createSourcesFile } from "#observe/sources/sources.ts";
import { createListAnswers } from "#observe/spread/spread.ts";
import { authPlugin } from "#plugins/auth.ts";
import { failedActsPlugin } from "#plugins/failed-acts.ts";
import { registerLive } from "#plugins/live.ts";
import { createLiveList } from "#plugins/live-lists.ts";
import { mutationLimitPlugin } from "#plugins/mutation-limit.ts";
import { plainTextPlugin } from "#plugins/plain-text.ts";
import { registerWeb } from "#plugins/web.ts";

/** The built dashboard; an installation of the other roles has none. */
const webDist = fileURLToPath(new URL("../../web/dist/", import.meta.url));

export type AppDeps = {
  config: Config;
  log: Logger;
  clock: Clock;
  database: Database;
  /** Role that may create; undefined where migrations are run elsewhere. */
  adminUrl: string | undefined;
  redis: Redis;
  /** For connections of a kind of their own: subscribers, BullMQ's blocking readers. */
  redisUrl: string;
  /** 32 bytes in base64. */
  secretKey: string;
};

export type Product = {
  app: FastifyInstance;
  /** Begins what `config.roles` says: sampling, delivering, sweeping. */
  startRoles(): Promise<void>;
  /** Stops taking requests and work, lets what runs end, and resolves. */
  close(): Promise<void>;
  /** Demo sign-ins, first organization first; empty without the demo. */
  credentials: readonly { email: string; password: string; role: string; organization: string }[];
};

/** Builds the whole product from its connections: every feature by hand, and what each is handed. Listens to nothing. */
export async function buildApp({
  config,
  log,
  clock,
  database,
  adminUrl,
  redis,
  redisUrl,
  secretKey,
}: AppDeps): Promise<Product> {
  const app = await createServer({ log, trustProxy: config.http.trustProxy });
  const box = createSecretBox(secretKey);

  const subscriber = createRedis({ url: redisUrl, name: "wheelhouse-heard", log });
  const ownCaches = createOwnCaches({ redis, clock });
  const audit = createAudit({
    database,
    redis,
    subscriber,
    box,
    secretKey,
    clock,
    log,
    config: config.audit,
    dataDir: config.dataDir,
    cache: ownCaches.named("audit values"),
    onEventsChanged: (...change) => auditLive.changed(...change),
  });
  const auditLive = createLiveList(audit.readHeads);
  const { changes, denials } = audit;
  const sessionEnds = createSessionEnds({ publisher: redis, subscriber, log });
  const { failuresPer15Min, mutationsPerHour } = config.rateLimits;
  const access = createAccess({
    database,
    redis,
    changes,
    denials,
    sessionEnds,
    clock,
    log,
    failuresPer15Min,
    mutationsPerHour,
    sessionLimits: config.sessions,
    box,
    oidc: config.oidc,
  });
  const webhooks = createWebhooks({
    database,
    redis,
    redisUrl,
    clock,
    log,
    changes,
    config: {
      ...webhooksDefaults,
      secretKey,
      allowAddresses: config.webhooks.allowAddresses,
      retryScheduleMs: config.webhooks.retryScheduleMs,
      deliveryTimeoutMs: config.webhooks.deliveryTimeoutMs,
      breaker: { ...webhooksDefaults.breaker, coolDownMs: config.webhooks.breakerCoolDownMs },
      drainMs: config.drainMs,
      rejections: { ...webhooksDefaults.rejections, limit: failuresPer15Min },
    },
    onDeliveriesChanged: (...change) => deliveriesLive.changed(...change),
    onReplaysChanged: (...change) => replaysLive.changed(...change),
  });
  const deliveriesLive = createLiveList(webhooks.readHeads);
  const replaysLive = createLiveList(webhooks.readReplayHeads);
  const recentActs = createRecentActs({ database });
  const history = createHistory({
    database,
    changes,
    actsBetween: recentActs.between,
    clock,
    log,
    cache: ownCaches.named("history series"),
  });
  const { sampleIntervalMs: intervalMs, healthToken } = config.observe;
  const sourcesFile = createSourcesFile({ path: config.sourcesFile, clock, log });
  const watchFilter = createAddressFilter(config.observe.allowAddresses);
  const sourcesStore = createSourcesStore(database);
  const catalogue = createSourcesCatalogue({
    file: sourcesFile,
    store: sourcesStore,
    box,
    redis,
    subscriber,
    log,
  });
  const watchHttp = createWatchHttp({ filter: watchFilter });
  const health = createHealth({
    catalogue,
    database,
    redis,
    subscriber,
    clock,
    log,
    changes,
    http: watchHttp,
    hashOf: (...of) => {
      const secret = catalogue.secretOf(...of);
      return secret === null ? null : secret?.secret_hash;
    },
    ownReports: (): readonly Report[] => watching.ownReports(),
    uptimes: history.uptimesOf("service"),
  });
  const breakers = createBreakers({
    catalogue,
    redis,
    clock,
    log,
    http: watchHttp,
    coolDownMs: config.webhooks.breakerCoolDownMs,
    endpoints: webhooks.rows,
    newestCommands: (targets): NewestCommands => operations.newestToBreakers(targets),
  });
  const ownReports = createOwnReports({
    redis,
    subscriber,
    roles: config.roles,
    clock,
    eventLoop: createEventLoop({ windowMs: 0.75 * ownReportsEveryMs }),
    // Only who serves pages calls them.
    parts: config.roles.includes("web") ? [ownCaches, ...access.breakers] : [],
  });
  const watching = createWatching({
    catalogue,
    database,
    redisUrl,
    intervalMs,
    clock,
    log,
    ownReport: () => ownReports.latest(),
  });
  const servers = createServers({ servers: watching.servers, intervalMs, clock });
  const queues = createQueues({ sources: watching.queues, servers: servers.rows, intervalMs, clock });
  // Each is observed after those before it, and may read their rows.
  const observed: readonly Aspect[] = [
    servers.aspect,
    queues.aspect,
    createBadFileAspect(createBadFileBoard(sourcesFile.bad)),
    health.aspect,
    webhooks.aspect(intervalMs),
    breakers.aspect(watching.reported),
    ...createCacheAspects({
      reported: watching.reportedWithOwn,
      servers: servers.rows,
      detailedServers: watching.detailedServers,
      clock,
      log,
    }),
  ];
  const overview = createOverview({
    aspects: observed,
    intervalMs,
    clock,
    recentActs: async (organizationIds) => {
      const [acts, deployments] = await Promise.all([
        recentActs.newest(organizationIds),
        history.deployments.recent(organizationIds),
      ]);
      return new Map(
        organizationIds.map((id) => [id, [...(acts.get(id) ?? []), ...(deployments.get(id) ?? [])]]),
      );
    },
  });
  const aspects = [...observed, ...overview.aspects];
  const observe = createObserve({
    aspects,
    watching,
    roles: config.roles,
    intervalMs,
    database,
    redis,
    redisUrl,
    clock,
    log,
  });
  const { snapshots, owner } = observe;
  const sources = createSourcesService({
    store: sourcesStore,
    catalogue,
    file: sourcesFile,
    changes,
    box,
    filter: watchFilter,
    clock,
    checksOf: (organization) => snapshots.viewsOf(organization).rows(health.serviceRows),
    scrapesOf: breakers.scrapesOf,
  });
  const operations = createOperations({ database, changes, channel: watching.channel, clock, log });
  const caches = createCaches({
    database,
    changes,
    snapshots,
    clock,
    log,
    servers: watching.redisServers,
  });
  const remembering = createRemembering({
    aspects,
    database,
    snapshots,
    owner,
    clock,
    log,
  });
  const { past } = history;
  const reading = { snapshots, answer: createListAnswers({ snapshots, readPast: past.readPart }), past };
  const commanding = { channel: watching.channel, run: operations.run, readOperation: operations.read };
  const readiness = createReadiness({ database, redis, clock });
  const upkeep = createUpkeep({
    log,
    everyMs: 3_600_000,
    tasks: {
      ...operations.upkeep,
      ...caches.upkeep,
      ...webhooks.upkeep,
      ...history.upkeep,
      "ended sessions": access.purge,
      // The last: it has tasks that may take minutes.
      ...audit.upkeep,
    },
  });
  const credentials = config.demo && adminUrl ? await seedDemo({ adminUrl, dataDir: config.dataDir }) : [];

  await app.register(authPlugin, { admit: access.admit, anonymous: anonymousContext, denials });
  await app.register(failedActsPlugin, { denials });
  await app.register(plainTextPlugin);
  await app.register(mutationLimitPlugin, { redis, perHour: mutationsPerHour });
  await app.register(
    async (api) => {
      access.routes(api);
      audit.routes(api);
      webhooks.routes(api);
      health.routes(api, reading);
      breakers.routes(api, { ...reading, ...commanding, changeBefore: overview.changeBefore(reading) });
      caches.routes(api, { ...reading, ...commanding });
      overview.routes(api, reading);
      queues.routes(api, reading);
      history.routes(api);
      sourcesRoutes(api, { service: sources });
    },
    { prefix: "/api/v1" },
  );
  access.providerRoutes(app, config.http.publicUrl);
  webhooks.intake(app);
  health.intake(app);
  const ownEventLoop = () => ownReports.latest()?.process?.eventLoop ?? null;
  ownHealthRoutes(app, {
    readiness,
    snapshots,
    owner,
    clock,
    roles: config.roles,
    token: healthToken,
    eventLoop: ownEventLoop,
    ownQueues: () => queues.own(snapshots),
    metrics: createMetrics({ aspects, snapshots, clock, eventLoop: ownEventLoop }),
  });
  registerLive(app, {
    snapshots,
    sessionEnds,
    intervalMs,
    clock,
    log,
    authenticate: access.authenticateHandshake,
    lists: { webhooks: deliveriesLive, replays: replaysLive, audit: auditLive },
  });
  if (config.roles.includes("web") && existsSync(webDist))
    await registerWeb(app, {
      distDir: webDist,
      firstPaint: createFirstPaint({
        admit: access.admit,
        sessionView: access.sessionView,
        snapshot: (organization) => overview.firstPaint(snapshots, organization),
      }),
    });
  const working: { stop(): Promise<void> }[] = [];

  return {
    app,
    startRoles: async () => {
      upkeep.start();
      operations.start();
      caches.start();
      sourcesFile.start();
      catalogue.start();
      audit.start();
      await readiness.start();
      ownReports.start();
      if (config.roles.includes("collector") || config.roles.includes("web")) {
        remembering.start();
        observe.start();
        // What was observed is written before the lease for it is given up.
        working.push({ stop: () => observe.stop().finally(remembering.stop) });
      }
      if (config.roles.includes("worker")) {
        const worker = await webhooks.startWorker();
        working.push({ stop: worker.drain }, webhooks.startSweeper(), webhooks.startReplays());
      }
    },
    close: async () => {
      upkeep.stop();
      operations.stop();
      await caches.stop();
      sourcesFile.stop();
      catalogue.stop();
      breakers.close();
      health.stop();
      audit.stop();
      readiness.stop();
      await Promise.all([app.close(), ...working.map(({ stop }) => stop())]);
      await observe.disconnect();
      await ownReports.close();
      await webhooks.close();
      await audit.close();
      subscriber.disconnect();
    },
    credentials,
  };
}
