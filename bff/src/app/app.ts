import type { FastifyInstance } from "fastify";
import type { Config } from "#config.ts";
import { seedDemo } from "#features/access/sign-in/sign-in.ts";
import { createOwnHealth } from "#features/health/own/own.ts";
import { createRemembering } from "#features/history/history.ts";
import { createOverview } from "#features/overview/overview.ts";
import { createOwnSchedules } from "#features/schedules/schedules.ts";
import type { GivenReport } from "#features/sources/sources.ts";
import { webhooksSettings } from "#features/webhooks/config.ts";
import { createWebhooks } from "#features/webhooks/webhooks.ts";
import type { Feature } from "#lib/feature.ts";
import { createServer } from "#lib/http/server.ts";
import { createEventList } from "#plugins/live/heads.ts";
import { createLive } from "#plugins/live-feature.ts";
import { createRuns } from "#runs/runs.ts";
import { createAlerting } from "./alerting.ts";
import { type AppDeps, createFoundations, type Foundations } from "./foundations.ts";
import { createPages, mountFeatures } from "./http.ts";
import { createLifecycle } from "./lifecycle.ts";
import { createObserving } from "./observe.ts";
import { createReading, createWatchers } from "./watchers.ts";

export type Product = {
  app: FastifyInstance;
  /** Starts the background work of `config.roles`: sampling, delivering, sweeping. */
  startRoles(): Promise<void>;
  /** Stops accepting requests and work, lets running work finish, and resolves. */
  close(): Promise<void>;
  /** Demo sign-ins, first organization first; empty without the demo. */
  credentials: readonly { email: string; password: string; role: string; organization: string }[];
  /** Watches addresses given to the start from then on, and says what they are. */
  keepGiven(addresses: Config["watch"]): Promise<GivenReport>;
};

/** All features, in the order in which they are mounted and started; they stop in the opposite order. */
function createFeatures(foundations: Foundations, { redisUrl, secretKey }: AppDeps) {
  const { core, audit, access, sessionEnds } = foundations;
  const read = createReading(foundations, redisUrl);
  const { history, ownProcess, watch } = read;
  const { snapshots, owner, intervalMs } = watch;
  const runs = createRuns(core);
  const webhooks = createWebhooks(core, {
    redisUrl,
    runs,
    settings: webhooksSettings(core.config, secretKey),
  });
  const { servers, watchers } = createWatchers(foundations, read, { runs, webhooks });
  const { queues, schedules, sources, health, breakers, caches } = watchers;
  const overview = createOverview(core, {
    ...read.reading,
    intervalMs,
    recentActs: history.recentChanges,
    // Each is observed after those before it, and may read their rows.
    aspects: [
      servers.aspect,
      queues.aspect,
      schedules.aspect,
      sources.aspect,
      health.aspect,
      webhooks.aspect(servers.rows, intervalMs),
      breakers.aspect,
      ...caches.aspects,
    ],
  });
  const { aspects } = overview;
  const { alerts, notifications, wall } = createAlerting(foundations, {
    redisUrl,
    secretKey,
    read,
    overview,
    webhooks,
  });
  const features = {
    audit,
    access,
    history,
    ...watchers,
    overview,
    alerts,
    remembering: createRemembering(core, { aspects, snapshots, owner }),
    ownHealth: createOwnHealth(core, {
      snapshots,
      aspects,
      ownQueues: queues.own,
      ownSchedules: schedules.own,
      owner,
      eventLoop: ownProcess.eventLoop,
    }),
    ownProcess,
    observing: createObserving(core, { watch, aspects, roles: core.config.roles }),
    webhooks,
    notifications,
    wall,
    live: createLive(core, {
      snapshots,
      followNotifications: notifications.follow,
      sessionEnds,
      intervalMs,
      authenticate: access.authenticateHandshake,
      lists: {
        webhooks: createEventList(core.events, "deliveries.changed", webhooks.readHeads),
        events: createEventList(core.events, "events.changed", webhooks.readEventHeads),
        replays: createEventList(core.events, "replays.changed", webhooks.readReplayHeads),
        alerts: createEventList(core.events, "incidents.changed", alerts.readHeads),
        jobRuns: createEventList(core.events, "jobRuns.changed", watchers.jobRuns.readHeads),
        audit: createEventList(core.events, "audit.committed", audit.readHeads),
      },
    }),
    pages: createPages(core, { sessionView: access.sessionView, overviewOf: overview.now }),
  } satisfies Record<string, Feature>;
  const all: readonly Feature[] = Object.values(features);
  const jobs = all.flatMap((feature) => feature.jobs ?? []);
  const ownSchedules: Feature = createOwnSchedules(core, { redisUrl, jobs });
  return { features: Object.assign({ ownSchedules }, features), watch };
}

/** Builds the whole product from its connections, without listening. */
export async function buildApp(deps: AppDeps): Promise<Product> {
  const { config, log, adminUrl } = deps;
  const { roles, drainMs, demo, dataDir } = config;
  const foundations = createFoundations(deps);
  const { features, watch } = createFeatures(foundations, deps);
  const credentials = demo && adminUrl ? await seedDemo({ adminUrl, dataDir }) : [];
  const { trustProxy, publicUrl, basePath, isDescriptionPublic } = config.http;
  const app = await createServer({ log, trustProxy, publicUrl, basePath, isDescriptionPublic });
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
    keepGiven: features.sources.keepGiven,
  };
}
