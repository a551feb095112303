import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Report } from "@wheelhouse/shared/reporter/report.ts";
import type { FastifyInstance } from "fastify";
import type { Redis } from "ioredis";
import type { Logger } from "pino";
import { createObserve } from "#app-observe.ts";
import type { Config } from "#config.ts";
import { anonymousContext } from "#features/access/access-context.ts";
import { seedDemo } from "#features/access/access-demo.ts";
import { createAccess } from "#features/access/access-feature.ts";
import { accessMembersRoutes } from "#features/access/access-members-routes.ts";
import { oidcRoutes } from "#features/access/access-oidc-routes.ts";
import { accessRoutes } from "#features/access/access-routes.ts";
import { accessSessionRoutes } from "#features/access/access-session-routes.ts";
import { buildAuditBlocks } from "#features/audit/audit-blocks.ts";
import { createChanges } from "#features/audit/audit-changes.ts";
import { createDenials } from "#features/audit/audit-denials.ts";
import { createAuditIntake } from "#features/audit/audit-intake.ts";
import { orderAuditMonths } from "#features/audit/audit-order.ts";
import { createAuditProof } from "#features/audit/audit-proof.ts";
import { createReadings } from "#features/audit/audit-readings.ts";
import { createRecentActs } from "#features/audit/audit-recent.ts";
import { createAuditReview } from "#features/audit/audit-review.ts";
import { auditRoutes } from "#features/audit/audit-routes.ts";
import { createAuditService } from "#features/audit/audit-service.ts";
import { createAuditStore } from "#features/audit/audit-store.ts";
import { createBreakersBoard } from "#features/breakers/breakers-board.ts";
import { createBreakerCommands } from "#features/breakers/breakers-commands.ts";
import { createBreakerHolders, type NewestCommands } from "#features/breakers/breakers-holders.ts";
import { createOwnBreakers } from "#features/breakers/breakers-own.ts";
import { createReportedBreakers } from "#features/breakers/breakers-reports.ts";
import { breakersRoutes } from "#features/breakers/breakers-routes.ts";
import { createScrapeStates } from "#features/breakers/breakers-scrape-states.ts";
import { createScrapedBreakers } from "#features/breakers/breakers-scrapes.ts";
import { createCacheCommands } from "#features/caches/caches-commands.ts";
import { createRemovals } from "#features/caches/caches-removals.ts";
import { cacheRemovalsRoutes } from "#features/caches/caches-removals-routes.ts";
import { cachesRoutes } from "#features/caches/caches-routes.ts";
import { createHealthChecks } from "#features/health/health-checks.ts";
import { createHeartbeats } from "#features/health/health-heartbeats.ts";
import { createMetrics } from "#features/health/health-metrics.ts";
import { ownHealthRoutes } from "#features/health/health-own-routes.ts";
import { createReadiness } from "#features/health/health-readiness.ts";
import { healthRoutes } from "#features/health/health-routes.ts";
import { createServices } from "#features/health/health-services.ts";
import { createHistory, createRemembering } from "#features/history/history.ts";
import { createOperations } from "#features/operations/operations.ts";
import { queuesRoutes } from "#features/queues/queues-routes.ts";
import { createSourcesCatalogue } from "#features/sources/sources-catalogue.ts";
import { sourcesRoutes } from "#features/sources/sources-routes.ts";
import { createSourcesService } from "#features/sources/sources-service.ts";
import { createSourcesStore } from "#features/sources/sources-store.ts";
import { createWebhooks } from "#features/webhooks/webhooks.ts";
import { webhooksDefaults } from "#features/webhooks/webhooks-config.ts";
import { createAddressFilter } from "#lib/address-filter.ts";
import type { Clock } from "#lib/clock.ts";
import { createEventLoop } from "#lib/event-loop.ts";
import { createListRelay } from "#lib/list-relay.ts";
import { createOwnCaches } from "#lib/own-caches.ts";
import type { Database } from "#lib/postgres.ts";
import { createRedis } from "#lib/redis.ts";
import { createSecretBox } from "#lib/secret-box.ts";
import { createServer } from "#lib/server.ts";
import { createSessionEnds } from "#lib/session-ends.ts";
import { createUpkeep } from "#lib/upkeep.ts";
import { createWatchHttp } from "#lib/watch-http.ts";
import { createBoardAnswers } from "#observe/board-answers.ts";
import { createKeptDetails } from "#observe/kept-details.ts";
import { createOwnReports, ownReportsEveryMs } from "#observe/own-reports.ts";
import { createPastDetails } from "#observe/past-details.ts";
import { createSourcesFile } from "#observe/sources-watch.ts";
import { authPlugin } from "#plugins/auth.ts";
import { failedActsPlugin } from "#plugins/failed-acts.ts";
import { createFirstPaint } from "#plugins/first-paint.ts";
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
  const auditStore = createAuditStore({ database });
  const auditLive = createLiveList(auditStore.byIds);
  const auditRelay = createListRelay({
    channel: "wheelhouse:audit:committed",
    ...{ redis, subscriber, log },
    onChange: ({ organizationId, ids, created }) => auditLive.changed(organizationId, ids, created),
  });
  const onAuditCommitted = (organizationId: string, id: string) =>
    auditRelay.tell({ organizationId, ids: [id], created: 1 });
  const trail = createChanges({ database, box, onAuditCommitted, log });
  const denials = createDenials({ database, clock, onAuditCommitted, log });
  const auditIntake = createAuditIntake({
    ...{ database, clock },
    onCommitted: (organizationId, ids) => auditRelay.tell({ organizationId, ids, created: ids.length }),
  });
  const readings = createReadings({ trail, redis, clock });
  const ownCaches = createOwnCaches({ redis, clock });
  const auditReview = createAuditReview({
    ...{ database, changes: trail, readings, box, clock, log },
    cache: ownCaches.named("audit values"),
  });
  const audit = createAuditService({
    store: auditStore,
    readings,
  });
  const auditProof = createAuditProof({
    ...{ database, trail, clock, log, secretKey },
    store: auditStore,
    intake: auditIntake,
    config: config.audit,
    dataDir: config.dataDir,
  });

  const sessionEnds = createSessionEnds({ publisher: redis, subscriber, log });
  const { failuresPer15Min, mutationsPerHour } = config.rateLimits;
  const access = createAccess({
    ...{ database, redis, changes: trail, denials, sessionEnds, clock, log },
    ...{ failuresPer15Min, mutationsPerHour, sessionLimits: config.sessions, box, oidc: config.oidc },
  });
  const webhooks = createWebhooks({
    ...{ database, redis, redisUrl, clock, log, changes: trail },
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
    onDeliveriesChanged: (organizationId, ids, created) =>
      deliveriesLive.changed(organizationId, ids, created),
  });
  const deliveriesLive = createLiveList(webhooks.readHeads);
  const recentActs = createRecentActs({ database });
  const history = createHistory({
    ...{ database, changes: trail, actsBetween: recentActs.between, clock, log },
    cache: ownCaches.named("history series"),
  });
  const { sampleIntervalMs: intervalMs, healthToken } = config.observe;
  const sourcesFile = createSourcesFile({ path: config.sourcesFile, clock, log });
  const watchFilter = createAddressFilter(config.observe.allowAddresses);
  const sourcesStore = createSourcesStore(database);
  const catalogue = createSourcesCatalogue({
    ...{ file: sourcesFile, store: sourcesStore, box, redis, subscriber, log },
  });
  const heartbeats = createHeartbeats({
    ...{ catalogue, redis, clock },
    hashOf: (...of) => {
      const secret = catalogue.secretOf(...of);
      return secret === null ? null : secret?.secret_hash;
    },
  });
  const scrapeStates = createScrapeStates({ redis, log });
  const watchHttp = createWatchHttp({ filter: watchFilter });
  const scrapedBreakers = createScrapedBreakers({
    ...{ catalogue, clock, random: Math.random },
    http: watchHttp,
    onScraped: scrapeStates.keep,
  });
  const healthChecks = createHealthChecks({
    ...{ catalogue, heartbeats, clock },
    http: watchHttp,
  });
  const keptDetails = createKeptDetails();
  const services = createServices({
    ...{ catalogue, database, redis, subscriber, clock, log, changes: trail },
    checks: healthChecks,
    onDetails: keptDetails.keep,
    ownReports: (): readonly Report[] => observe.ownReports(),
    uptimes: history.uptimes,
  });
  const ownReports = createOwnReports({
    ...{ redis, subscriber, roles: config.roles, clock },
    eventLoop: createEventLoop({ windowMs: 0.75 * ownReportsEveryMs }),
    // Only who serves pages calls them.
    parts: config.roles.includes("web") ? [ownCaches, ...access.breakers] : [],
  });
  const observe = createObserve({
    ...{ catalogue, roles: config.roles, intervalMs },
    ...{ database, redis, redisUrl, clock, log },
    ownReport: () => ownReports.latest(),
    webhooks: webhooks.statistics,
    badFile: sourcesFile.bad,
    recentActs: async (organizationIds) => {
      const [acts, deployments] = await Promise.all([
        recentActs.newest(organizationIds),
        history.deployments.recent(organizationIds),
      ]);
      return new Map(
        organizationIds.map((id) => [id, [...(acts.get(id) ?? []), ...(deployments.get(id) ?? [])]]),
      );
    },
    boards: (given) => ({
      services: services.board,
      breakers: createBreakersBoard(
        [
          createOwnBreakers({ coolDownMs: config.webhooks.breakerCoolDownMs }),
          scrapedBreakers,
          createReportedBreakers(given),
        ],
        createBreakerHolders({
          newestCommands: (targets): NewestCommands => operations.newestToBreakers(targets),
          clock,
        }),
      ),
    }),
  });
  const { snapshots, owner } = observe;
  const sources = createSourcesService({
    ...{ store: sourcesStore, catalogue, file: sourcesFile, changes: trail, box, filter: watchFilter, clock },
    checksOf: (organization) => snapshots.viewsOf(organization).health().items,
    scrapesOf: scrapeStates.read,
  });
  const operations = createOperations({ database, changes: trail, channel: observe.channel, clock, log });
  const cacheRemovals = createRemovals({
    ...{ database, changes: trail, snapshots, clock, log },
    servers: observe.redisServers,
  });
  const remembering = createRemembering({ database, snapshots, details: keptDetails, owner, clock, log });
  const answer = createBoardAnswers({ snapshots, readPast: history.readPast });
  const past = createPastDetails(history);
  const readiness = createReadiness({ database, redis, clock });
  const upkeep = createUpkeep({
    log,
    everyMs: 3_600_000,
    tasks: {
      "audit partitions": () => auditStore.makePartitions(12),
      "audit idempotency keys": auditIntake.forgetKeys,
      ...auditReview.upkeep,
      ...operations.upkeep,
      ...cacheRemovals.upkeep,
      ...history.upkeep,
      "ended sessions": access.purge,
      // The last: where a large trail is put in order for the first time, these take minutes.
      "audit months": () => orderAuditMonths({ database, log }),
      "audit blocks": () => buildAuditBlocks({ database, log }),
    },
  });
  const credentials = config.demo && adminUrl ? await seedDemo({ adminUrl, dataDir: config.dataDir }) : [];

  await app.register(authPlugin, { admit: access.admit, anonymous: anonymousContext, denials });
  await app.register(failedActsPlugin, { denials });
  await app.register(plainTextPlugin);
  await app.register(mutationLimitPlugin, { redis, perHour: mutationsPerHour });
  await app.register(
    async (api) => {
      accessRoutes(api, { service: access.service, providerName: access.oidc?.name });
      accessMembersRoutes(api, access);
      accessSessionRoutes(api, access);
      auditRoutes(api, { service: audit });
      auditProof.routes(api);
      auditReview.routes(api);
      webhooks.routes(api);
      healthRoutes(api, { answer });
      services.routes(api, snapshots, past);
      breakersRoutes(api, {
        ...{ snapshots, answer, past },
        command: createBreakerCommands({ snapshots, channel: observe.channel, run: operations.run }),
        readOperation: operations.read,
      });
      cachesRoutes(api, {
        ...{ snapshots, answer, past },
        commands: createCacheCommands({ snapshots, channel: observe.channel, run: operations.run }),
        readOperation: operations.read,
      });
      cacheRemovalsRoutes(api, { removals: cacheRemovals });
      queuesRoutes(api, { snapshots, answer });
      history.routes(api);
      sourcesRoutes(api, { service: sources });
    },
    { prefix: "/api/v1" },
  );
  if (access.oidc)
    oidcRoutes(app, { oidc: access.oidc, admit: access.admit, publicUrl: config.http.publicUrl });
  webhooks.intake(app);
  heartbeats.mount(app);
  const ownEventLoop = () => ownReports.latest()?.process?.eventLoop ?? null;
  ownHealthRoutes(app, {
    ...{ readiness, snapshots, owner, clock, roles: config.roles, token: healthToken },
    eventLoop: ownEventLoop,
    metrics: createMetrics({ snapshots, clock, eventLoop: ownEventLoop }),
  });
  registerLive(app, {
    ...{ snapshots, sessionEnds, intervalMs, clock, log },
    authenticate: access.authenticateHandshake,
    lists: { webhooks: deliveriesLive, audit: auditLive },
  });
  if (config.roles.includes("web") && existsSync(webDist))
    await registerWeb(app, {
      distDir: webDist,
      firstPaint: createFirstPaint({
        admit: access.admit,
        sessionView: access.service.view,
        snapshot: observe.firstPaint,
      }),
    });
  const working: { stop(): Promise<void> }[] = [];

  return {
    app,
    startRoles: async () => {
      upkeep.start();
      operations.start();
      cacheRemovals.startSweeping();
      sourcesFile.start();
      catalogue.start();
      auditProof.start();
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
        working.push({ stop: worker.drain }, webhooks.startSweeper());
      }
    },
    close: async () => {
      upkeep.stop();
      operations.stop();
      await cacheRemovals.stop();
      sourcesFile.stop();
      catalogue.stop();
      scrapedBreakers.close();
      healthChecks.stop();
      auditProof.stop();
      readiness.stop();
      await Promise.all([app.close(), ...working.map(({ stop }) => stop())]);
      await observe.disconnect();
      await ownReports.close();
      await webhooks.close();
      await auditReview.close();
      await denials.close();
      subscriber.disconnect();
    },
    credentials,
  };
}
