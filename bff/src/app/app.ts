import type { FastifyInstance } from "fastify";
import { type AppDeps, createFoundations, type Foundations } from "#app/foundations.ts";
import { createPages, mountFeatures } from "#app/http.ts";
import { createLifecycle } from "#app/lifecycle.ts";
import { createObserving, createWatch } from "#app/observe.ts";
import { createOwnProcess } from "#app/own-process.ts";
import { seedDemo } from "#features/access/access-demo.ts";
import { createRecentActs } from "#features/audit/audit-recent.ts";
import { createBreakers } from "#features/breakers/breakers.ts";
import { createCaches } from "#features/caches/caches.ts";
import { createHealth, createServers } from "#features/health/health.ts";
import { createOwnHealth } from "#features/health/health-own.ts";
import { serviceRows } from "#features/health/health-rows.ts";
import { createHistory, createRemembering } from "#features/history/history.ts";
import { createOperations } from "#features/operations/operations.ts";
import { createChangeBefore, createOverview } from "#features/overview/overview.ts";
import { createQueues } from "#features/queues/queues.ts";
import { createDeclared, createSources } from "#features/sources/sources.ts";
import { createWebhooks } from "#features/webhooks/webhooks.ts";
import { webhookRows } from "#features/webhooks/webhooks-aspect.ts";
import { webhooksSettings } from "#features/webhooks/webhooks-config.ts";
import { createAddressFilter } from "#lib/address-filter.ts";
import type { Feature } from "#lib/feature.ts";
import { createServer } from "#lib/server.ts";
import { createWatchHttp } from "#lib/watch-http.ts";
import { createListAnswers } from "#observe/spread/spread.ts";
import { createLive } from "#plugins/live-feature.ts";

export type Product = {
  app: FastifyInstance;
  /** Begins what `config.roles` says: sampling, delivering, sweeping. */
  startRoles(): Promise<void>;
  /** Stops taking requests and work, lets what runs end, and resolves. */
  close(): Promise<void>;
  /** Demo sign-ins, first organization first; empty without the demo. */
  credentials: readonly { email: string; password: string; role: string; organization: string }[];
};

/** What is watched, and how it is read, now and at a past moment. */
function createReading({ core, access, box, ownCaches, subscriber }: Foundations, redisUrl: string) {
  const acts = createRecentActs({ database: core.database });
  const history = createHistory(core, { acts, cache: ownCaches.named("history series") });
  const declared = createDeclared(core, { box });
  const ownProcess = createOwnProcess(core, { subscriber, parts: [ownCaches, ...access.breakers] });
  const watch = createWatch(core, {
    catalogue: declared.catalogue,
    redisUrl,
    intervalMs: core.config.observe.sampleIntervalMs,
    ownReport: ownProcess.latest,
  });
  const { snapshots } = watch;
  const { past } = history;
  const reading = { snapshots, answer: createListAnswers({ snapshots, readPast: past.readPart }), past };
  return { history, declared, ownProcess, watch, reading };
}

/** What people watch and act on, and what observes it. */
function createWatchers(
  { core, box }: Foundations,
  { history, declared, watch, reading }: ReturnType<typeof createReading>,
) {
  const { snapshots, channel, intervalMs, redisServers, detailedServers } = watch;
  const { catalogue, hashOf } = declared;
  const http = createWatchHttp({ filter: createAddressFilter(core.config.observe.allowAddresses) });
  const operations = createOperations(core, { channel });
  const { newestToBreakers: newestCommands, run, read: readOperation } = operations;
  const commanding = { ...reading, channel, run, readOperation };
  const servers = createServers(core, { servers: watch.servers, intervalMs });
  const breakers = createBreakers(core, {
    ...commanding,
    catalogue,
    http,
    newestCommands,
    endpoints: webhookRows,
    reported: watch.reported,
    changeBefore: createChangeBefore(reading),
  });
  return {
    servers,
    watchers: {
      operations,
      caches: createCaches(core, {
        ...commanding,
        servers: redisServers,
        detailedServers,
        serverRows: servers.rows,
        reported: watch.reportedWithOwn,
      }),
      queues: createQueues(core, { ...reading, sources: watch.queues, servers: servers.rows, intervalMs }),
      sources: createSources(core, {
        declared,
        box,
        snapshots,
        checks: serviceRows,
        scrapesOf: breakers.scrapesOf,
      }),
      health: createHealth(core, {
        ...reading,
        catalogue,
        http,
        hashOf,
        uptimes: history.uptimesOf("service"),
        ownReports: watch.ownReports,
      }),
      breakers,
    },
  };
}

/** Every part of the product, in the order in which they are mounted and started; they stop in the opposite one. */
function createFeatures(foundations: Foundations, { redisUrl, secretKey }: AppDeps) {
  const { core, audit, access, sessionEnds } = foundations;
  const read = createReading(foundations, redisUrl);
  const { history, ownProcess, watch } = read;
  const { snapshots, owner, intervalMs } = watch;
  const { servers, watchers } = createWatchers(foundations, read);
  const { queues, sources, health, breakers, caches } = watchers;
  const webhooks = createWebhooks(core, { redisUrl, settings: webhooksSettings(core.config, secretKey) });
  const overview = createOverview(core, {
    ...read.reading,
    intervalMs,
    recentActs: history.recentChanges,
    // Each is observed after those before it, and may read their rows.
    aspects: [
      servers.aspect,
      queues.aspect,
      sources.aspect,
      health.aspect,
      webhooks.aspect(intervalMs),
      breakers.aspect,
      ...caches.aspects,
    ],
  });
  const { aspects } = overview;
  const features = {
    audit,
    access,
    history,
    ...watchers,
    overview,
    remembering: createRemembering(core, { aspects, snapshots, owner }),
    ownHealth: createOwnHealth(core, {
      snapshots,
      aspects,
      ownQueues: queues.own,
      owner,
      eventLoop: ownProcess.eventLoop,
    }),
    ownProcess,
    observing: createObserving(core, { watch, aspects, roles: core.config.roles }),
    webhooks,
    live: createLive(core, {
      snapshots,
      sessionEnds,
      intervalMs,
      authenticate: access.authenticateHandshake,
      reads: { webhooks: webhooks.readHeads, replays: webhooks.readReplayHeads, audit: audit.readHeads },
    }),
    pages: createPages(core, { sessionView: access.sessionView, snapshot: overview.firstPaint }),
  } satisfies Record<string, Feature>;
  return { features, watch };
}

/** Builds the whole product from its connections. Listens to nothing. */
export async function buildApp(deps: AppDeps): Promise<Product> {
  const { config, log, adminUrl } = deps;
  const { roles, drainMs, demo, dataDir } = config;
  const foundations = createFoundations(deps);
  const { features, watch } = createFeatures(foundations, deps);
  const credentials = demo && adminUrl ? await seedDemo({ adminUrl, dataDir }) : [];
  const app = await createServer({ log, trustProxy: config.http.trustProxy });
  await mountFeatures(app, foundations.core, Object.values(features));
  const lifecycle = createLifecycle({ app, features, roles, drainMs, log });
  return {
    app,
    startRoles: lifecycle.start,
    async close() {
      await lifecycle.close();
      await watch.disconnect();
      await foundations.close();
    },
    credentials,
  };
}
