import type { SourceView } from "@wheelhouse/shared/health/health.ts";
import { type Core, everyRole, type Feature, type Running } from "#lib/feature.ts";
import type { RequestContext } from "#lib/http/request-context.ts";
import { createRedis } from "#lib/redis/redis.ts";
import { createAddressFilter } from "#lib/security/address-filter.ts";
import { createSecretBox } from "#lib/security/secret-box.ts";
import type { AspectKey } from "#observe/aspect.ts";
import type { Runs } from "#runs/runs.ts";
import { createWebhooksAspect, createWebhooksBoard } from "./aspect.ts";
import { createBreakers } from "./breaker.ts";
import type { WebhooksConfig } from "./config.ts";
import {
  createAttemptStore,
  createDelivery,
  createDoorbell,
  createFailing,
  createFigures,
  createPace,
  createSender,
  createStatistics,
  createSweeper,
  createTerms,
  startDeliveryWorker,
} from "./delivery/delivery.ts";
import {
  createConfiguration,
  createConfigurationStore,
  createDirectory,
  createSourceStore,
  createSources,
} from "./directory/directory.ts";
import { createEndpoints, createHealthStore } from "./endpoints/endpoints.ts";
import {
  createEventPayload,
  createEventReading,
  createEventStore,
  createLate,
  createLateStore,
} from "./events/events.ts";
import {
  createIntake,
  createIntakeStore,
  createOwnEvents,
  createRejections,
  keepPartitionsAhead,
} from "./intake/intake.ts";
import {
  createDeadLetterGroups,
  createDeliveries,
  createDeliveryActs,
  createDeliveryExport,
  createDeliveryStore,
  createDeliveryViews,
  createDetailStore,
  createOutcomes,
  createPayloads,
  createResend,
  createRetention,
} from "./log/log.ts";
import { createOrderActs, createOrdering, createOrderingStore } from "./ordering/ordering.ts";
import { createRefusals } from "./refusals/refusals.ts";
import { createReplay, createReplays, createReplaysStore } from "./replays/replays.ts";
import { webhooksRoutes } from "./routes.ts";

type WebhooksCore = Pick<
  Core,
  "database" | "redis" | "subscribe" | "events" | "sharedReads" | "changes" | "clock" | "log"
>;
type WebhooksNeeds = {
  /** For the connection on which a worker waits for jobs. */
  redisUrl: string;
  settings: WebhooksConfig;
  runs: Runs;
};

/** Messages about breakers can be missed while the connection is lost. */
const breakersEveryMs = 10_000;

/** Parts shared by the whole gateway. */
function createParts(core: WebhooksCore, settings: WebhooksConfig) {
  const { database, redis, subscribe, clock, log } = core;
  const secrets = createSecretBox(settings.secretKey);
  const payloads = createPayloads(secrets, log);
  const directory = createDirectory(database, secrets, clock);
  const doorbell = createDoorbell(redis, log);
  const orderingStore = createOrderingStore(database);
  const filter = createAddressFilter(settings.allowAddresses);
  return {
    secrets,
    payloads,
    filter,
    sender: createSender(filter),
    breakers: createBreakers({ redis, subscribe, config: settings, clock, log }),
    directory,
    refusals: createRefusals({ database, directory, secrets, config: settings, clock, log }),
    doorbell,
    orderingStore,
    ordering: createOrdering({
      store: orderingStore,
      doorbell,
      events: core.events,
      everyMs: settings.sweepIntervalMs,
      clock,
      log,
    }),
    figures: createFigures(database, clock, log),
    attempts: createAttemptStore({ database, payloads, clock, config: settings }),
    log: createDeliveryStore(database),
    events: createEventStore(database),
    replaysStore: createReplaysStore(database),
  };
}
type Parts = ReturnType<typeof createParts>;

/** Services behind the requests: intake, configuration, log, replays. */
function createServices(core: WebhooksCore, { settings, runs }: WebhooksNeeds, parts: Parts) {
  const { database, redis, events, changes, clock, log } = core;
  const { secrets, payloads, filter, sender, breakers, directory, doorbell, replaysStore } = parts;
  const { ordering, orderingStore } = parts;
  const endpointStore = createConfigurationStore(database);
  const intakeStore = createIntakeStore({
    database,
    payloads,
    doorbell,
    events,
    onOrdered: ordering.changed,
    clock,
  });
  return {
    configuration: createConfiguration({
      changes,
      secrets,
      filter,
      breakers,
      directory,
      releaseOrder: orderingStore.lookAgain,
      clock,
      store: endpointStore,
    }),
    order: createOrderActs({ store: orderingStore, changes, events, onSkipped: ordering.changed }),
    endpoints: createEndpoints({
      store: endpointStore,
      health: createHealthStore(database),
      sender,
      changes,
      breakers,
      secrets,
      config: settings,
      clock,
    }),
    sources: createSources({ changes, secrets, directory, clock, store: createSourceStore(database) }),
    deliveries: createDeliveries({
      shared: core.sharedReads,
      store: parts.log,
      detail: createDetailStore(database, payloads, orderingStore.read),
      breakers,
      clock,
    }),
    groups: createDeadLetterGroups({ shared: core.sharedReads, database, breakers, clock }),
    acts: createDeliveryActs({ changes, doorbell, events, clock }),
    views: createDeliveryViews({ database, changes }),
    deliveryExport: createDeliveryExport({ database, changes, clock }),
    resend: createResend({
      changes,
      doorbell,
      events,
      clock,
      retryScheduleMs: settings.retryScheduleMs,
    }),
    outcomes: createOutcomes({ database }),
    intake: createIntake({
      directory,
      config: settings,
      clock,
      store: intakeStore,
      rejections: createRejections(redis, settings.rejections, log),
      refusals: parts.refusals,
    }),
    ownEvents: createOwnEvents({ database, secrets, store: intakeStore, config: settings, clock }),
    refusals: parts.refusals,
    events: createEventReading({ shared: core.sharedReads, store: parts.events, payloads, clock }),
    eventPayload: createEventPayload({ changes, payloads, events, clock }),
    late: createLate({
      store: createLateStore(database),
      changes,
      doorbell,
      events,
      config: settings.replay,
      retryScheduleMs: settings.retryScheduleMs,
      clock,
    }),
    replay: createReplay({
      changes,
      doorbell,
      events,
      clock,
      maxAttempts: settings.retryScheduleMs.length + 1,
    }),
    replays: createReplays({
      runs,
      store: replaysStore,
      breakers,
      doorbell,
      events,
      config: settings.replay,
    }),
  };
}
type Services = ReturnType<typeof createServices>;

/** Delivers until it is drained. */
async function startWorker(
  { database, redis, events, clock, log }: WebhooksCore,
  { redisUrl, settings }: WebhooksNeeds,
  parts: Parts & Pick<Services, "configuration">,
): Promise<Running> {
  const { breakers, sender, doorbell, figures, secrets, attempts, ordering, configuration } = parts;
  const connection = createRedis({ url: redisUrl, name: "wheelhouse-webhooks-worker", log, blocking: true });
  await breakers.refresh().catch(() => {});
  const { deliver } = createDelivery({
    breakers,
    sender,
    doorbell,
    events,
    figures,
    terms: createTerms(database, secrets),
    pace: createPace(redis, clock),
    config: settings,
    clock,
    log,
    store: ordering.watching(attempts),
    disableEndpoint: configuration.disable,
  });
  const ordered = ordering.start();
  const worker = startDeliveryWorker({ redis: connection, doorbell, deliver, config: settings, clock, log });
  return {
    async drain() {
      await worker.drain();
      await ordered.drain();
    },
    async stop() {
      await worker.stop();
      await figures.stop();
      connection.disconnect();
    },
  };
}

/** The webhook gateway: intake, delivery, log, replay. No work starts before its processes are started. */
export function createWebhooks(core: WebhooksCore, needs: WebhooksNeeds) {
  const { database, events, changes, clock, log } = core;
  const { settings } = needs;
  const parts = createParts(core, settings);
  const { breakers, sender, doorbell, attempts, replaysStore } = parts;
  const services = createServices(core, needs, parts);
  const { intake, refusals, replays } = services;
  const partitions = keepPartitionsAhead(database, clock, log);
  const statistics = createStatistics(database, breakers, settings.breaker, clock);
  const retention = createRetention({ database, changes, config: settings, clock, log });

  const processes = {
    /** Maintains what the whole gateway shares. */
    async gateway(): Promise<Running> {
      const timer = setInterval(() => void breakers.refresh().catch(() => {}), breakersEveryMs).unref();
      return {
        async drain() {
          clearInterval(timer);
          partitions.stop();
        },
        async stop() {
          await intake.settled();
          await refusals.settled();
          await doorbell.close().catch(() => {});
          await sender.close();
        },
      };
    },
    worker: () => startWorker(core, needs, { ...parts, configuration: services.configuration }),
    async sweeper(): Promise<Running> {
      const { disable } = services.configuration;
      const { check } = createFailing({ database, disable, config: settings, clock, log });
      const sweeper = createSweeper({
        database,
        doorbell,
        events,
        config: settings,
        clock,
        log,
        store: attempts,
        checkFailing: check,
      }).start();
      return { drain: sweeper.stop, stop: async () => {} };
    },
    /** Continues runs of replays. */
    replays: replays.process,
  };

  const feature = {
    routes: (api) => webhooksRoutes(api, services),
    // `POST /hooks/:org/:source`
    mount(app) {
      intake.mount(app);
      // Accepted events are stored even in a process that only serves requests.
      app.addHook("onClose", intake.settled);
      app.addHook("onClose", refusals.settled);
    },
    jobs: [
      { name: "old webhook deliveries", on: "retention", run: retention.run },
      { name: "old webhook replays", on: "retention", run: replaysStore.forget },
      { name: "old refused webhook requests", on: "retention", run: refusals.forget },
      { name: "keys of removed deliveries", on: "retention", run: parts.orderingStore.forget },
      { name: "old plans of late deliveries", on: "retention", run: services.late.forget },
    ],
    processes: [
      { in: everyRole, start: processes.gateway },
      { in: ["worker"], start: processes.worker },
      { in: ["worker"], start: processes.sweeper },
      { in: ["worker"], start: processes.replays },
    ],
  } satisfies Feature;
  return {
    ...feature,
    /** Its processes, one by one. */
    start: processes,
    /** Resolves after the first attempt to create the daily partitions. */
    ready: partitions.first,
    readHeads: parts.log.heads,
    readEventHeads: parts.events.heads,
    readReplayHeads: replays.readHeads,
    /** Closes the breaker of an endpoint, for the page of all breakers. */
    resetBreaker: (context: RequestContext, endpointId: string, reason: string) =>
      services.configuration.actOnBreaker("reset", endpointId, { reason }, context, "breakers.breaker.reset"),
    /** Delivers an event of Wheelhouse itself to one endpoint. */
    deliverOwn: services.ownEvents.deliver,
    /**
     * Adds to the counters by day what happened until now. The sweeper does so each second; a nightly job that calls it
     * finds the day whole even where no worker runs.
     */
    foldStatistics: () => services.outcomes.fold(),
    /** Figures for Overview; see `WebhookStatistics`. */
    statistics,
    aspect: (servers: AspectKey<SourceView>, intervalMs: number) =>
      createWebhooksAspect(createWebhooksBoard({ statistics, servers, intervalMs, clock })),
  };
}

export type Webhooks = ReturnType<typeof createWebhooks>;
