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
import { createHealth } from "#features/health/health.ts";
import { createOwnHealth } from "#features/health/health-own.ts";
import { createHistory, createRemembering } from "#features/history/history.ts";
import { createOperations } from "#features/operations/operations.ts";
import { createQueues } from "#features/queues/queues.ts";
import { createDeclared, createSources } from "#features/sources/sources.ts";
import { createWebhooks } from "#features/webhooks/webhooks.ts";
import { webhooksSettings } from "#features/webhooks/webhooks-config.ts";
import { createAddressFilter } from "#lib/address-filter.ts";
import type { Feature } from "#lib/feature.ts";
import { createServer } from "#lib/server.ts";
import { createWatchHttp } from "#lib/watch-http.ts";
import { createBoardAnswers } from "#observe/board-answers.ts";
import { createKeptDetails } from "#observe/kept-details.ts";
import { createPastDetails } from "#observe/past-details.ts";
import { createLiveViews } from "#plugins/live/views.ts";
import { createLive } from "#plugins/live-feature.ts";
import { createEventList } from "#plugins/live-lists.ts";

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
  const answer = createBoardAnswers({ snapshots, readPast: history.readPast });
  const reading = { snapshots, answer, past: createPastDetails(history) };
  return { history, declared, ownProcess, watch, reading };
}

/** What people watch and act on, and what observes it. */
function createWatchers(
  { core, box }: Foundations,
  { history, declared, watch, reading }: ReturnType<typeof createReading>,
) {
  const { snapshots, channel, owner, reports, organizationOf, ownReports, redisServers } = watch;
  const { catalogue, hashOf } = declared;
  const http = createWatchHttp({ filter: createAddressFilter(core.config.observe.allowAddresses) });
  const details = createKeptDetails();
  const operations = createOperations(core, { channel });
  const { newestToBreakers: newestCommands, run, read: readOperation } = operations;
  const commanding = { ...reading, channel, run, readOperation };
  const health = createHealth(core, {
    ...reading,
    catalogue,
    http,
    hashOf,
    uptimes: history.uptimes,
    ownReports,
    onDetails: details.keep,
  });
  const reported = { reports, organizationOf };
  const breakers = createBreakers(core, { ...commanding, catalogue, http, reported, newestCommands });
  return {
    operations,
    caches: createCaches(core, { ...commanding, servers: redisServers }),
    queues: createQueues(reading),
    sources: createSources(core, { declared, box, snapshots, scrapesOf: breakers.scrapesOf }),
    health,
    breakers,
    remembering: createRemembering(core, { snapshots, details, processes: health.ownProcesses, owner }),
  };
}

/** Every part of the product, in the order in which they are mounted and started; they stop in the opposite one. */
function createFeatures(foundations: Foundations, { redisUrl, secretKey }: AppDeps) {
  const { core, audit, access, sessionEnds } = foundations;
  const read = createReading(foundations, redisUrl);
  const { history, declared, ownProcess, watch } = read;
  const { snapshots, owner, intervalMs } = watch;
  const watchers = createWatchers(foundations, read);
  const { health, breakers } = watchers;
  const webhooks = createWebhooks(core, { redisUrl, settings: webhooksSettings(core.config, secretKey) });
  const features = {
    audit,
    access,
    history,
    ...watchers,
    ownHealth: createOwnHealth(core, { snapshots, owner, eventLoop: ownProcess.eventLoop }),
    ownProcess,
    observing: createObserving(core, {
      watch,
      roles: core.config.roles,
      boards: { services: health.board, breakers: breakers.board },
      webhooks: webhooks.statistics,
      recentActs: history.recentChanges,
      badFile: declared.file.bad,
    }),
    webhooks,
    live: createLive(core, {
      views: createLiveViews(snapshots),
      sessionEnds,
      intervalMs,
      authenticate: access.authenticateHandshake,
      lists: {
        webhooks: createEventList(core.events, "deliveries.changed", webhooks.readHeads),
        replays: createEventList(core.events, "replays.changed", webhooks.readReplayHeads),
        audit: createEventList(core.events, "audit.committed", audit.readHeads),
      },
    }),
    pages: createPages(core, { sessionView: access.sessionView, snapshot: watch.firstPaint }),
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
  const app = await createServer({
    log,
    trustProxy: config.http.trustProxy,
    isDescriptionPublic: config.http.isDescriptionPublic,
  });
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
