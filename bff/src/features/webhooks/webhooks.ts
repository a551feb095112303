import type { FastifyInstance } from "fastify";
import type { Redis } from "ioredis";
import type { Logger } from "pino";
import { createAddressFilter } from "#lib/address-filter.ts";
import type { Changes } from "#lib/change.ts";
import type { Clock } from "#lib/clock.ts";
import { createListRelay } from "#lib/list-relay.ts";
import type { Database } from "#lib/postgres.ts";
import { createRedis } from "#lib/redis.ts";
import { createSecretBox } from "#lib/secret-box.ts";
import { createWebhooksAspect, createWebhooksBoard, webhookRows } from "./webhooks-aspect.ts";
import { createAttemptStore } from "./webhooks-attempt-store.ts";
import { createBreakers } from "./webhooks-breaker.ts";
import type { WebhooksConfig } from "./webhooks-config.ts";
import { createConfiguration } from "./webhooks-configuration.ts";
import { createConfigurationStore } from "./webhooks-configuration-store.ts";
import { createDeliveries } from "./webhooks-deliveries.ts";
import { createDelivery } from "./webhooks-delivery.ts";
import { createDeliveryStore } from "./webhooks-delivery-store.ts";
import { createDetailStore } from "./webhooks-detail-store.ts";
import { createDirectory } from "./webhooks-directory.ts";
import { createDoorbell } from "./webhooks-doorbell.ts";
import { createFeed, hearDeliveries, type OnDeliveriesChanged } from "./webhooks-feed.ts";
import { createFigures } from "./webhooks-figures.ts";
import { createSender } from "./webhooks-http.ts";
import { createIntake } from "./webhooks-intake.ts";
import { createIntakeStore } from "./webhooks-intake-store.ts";
import { webhooksKeys } from "./webhooks-keys.ts";
import { keepPartitionsAhead } from "./webhooks-partitions.ts";
import { createPayloads } from "./webhooks-payloads.ts";
import { createRejections } from "./webhooks-rejections.ts";
import { createReplay } from "./webhooks-replay.ts";
import { createReplays } from "./webhooks-replays.ts";
import { createReplayRunner } from "./webhooks-replays-runner.ts";
import { createReplaysStore } from "./webhooks-replays-store.ts";
import { webhooksRoutes } from "./webhooks-routes.ts";
import { horizonMs } from "./webhooks-schedule.ts";
import { createStatistics } from "./webhooks-statistics.ts";
import { createSweeper } from "./webhooks-sweeper.ts";
import { startDeliveryWorker } from "./webhooks-worker.ts";

export type WebhooksOptions = {
  database: Database;
  /** A connection that fails fast; the feature opens its own for what blocks. */
  redis: Redis;
  redisUrl: string;
  config: WebhooksConfig;
  clock: Clock;
  log: Logger;
  changes: Changes;
  /** Told of committed changes of any process, for the live lists; read the rows with `readHeads`. */
  onDeliveriesChanged?: OnDeliveriesChanged;
  /** The same of replays of many; read them with `readReplayHeads`. */
  onReplaysChanged?: OnDeliveriesChanged;
};

/** The webhook gateway: intake, delivery, log, replay. Nothing connects or runs before it is asked to. */
export function createWebhooks(options: WebhooksOptions) {
  const { database, redis, redisUrl, config, clock, log, changes } = options;
  const { onDeliveriesChanged = () => {}, onReplaysChanged = () => {} } = options;
  const secrets = createSecretBox(config.secretKey);
  const payloads = createPayloads(secrets, log);
  const filter = createAddressFilter(config.allowAddresses);
  const breakers = createBreakers({ redis, config, clock, log });
  const directory = createDirectory(database, secrets, clock);
  const doorbell = createDoorbell(redis, log);
  const feed = createFeed(redis, onDeliveriesChanged);
  const figures = createFigures(database, clock, log);
  const attempts = createAttemptStore(database, payloads);
  const configuration = createConfiguration({
    changes,
    secrets,
    filter,
    breakers,
    directory,
    store: createConfigurationStore(database),
  });
  const deliveries = createDeliveries({
    store: createDeliveryStore(database),
    detail: createDetailStore(database, payloads),
    breakers,
    clock,
  });
  const intake = createIntake({
    directory,
    doorbell,
    feed,
    config,
    clock,
    store: createIntakeStore(database, clock, payloads),
    rejections: createRejections(redis, config.rejections, log),
  });
  const replay = createReplay({
    changes,
    doorbell,
    feed,
    clock,
    maxAttempts: config.retryScheduleMs.length + 1,
  });
  // Pub/sub takes a connection of its own; it also keeps this process's view of the breakers.
  const subscriber = createRedis({ url: redisUrl, name: "wheelhouse-webhooks-live", log });
  const replaysRelay = createListRelay({
    channel: webhooksKeys.replayChanges,
    redis,
    subscriber,
    log,
    onChange: ({ organizationId, ids, created }) => onReplaysChanged(organizationId, ids, created),
  });
  const tellReplay = (organizationId: string, id: string) =>
    replaysRelay.tell({ organizationId, ids: [id], created: 0 });
  const replaysStore = createReplaysStore(database);
  const replays = createReplays({
    store: replaysStore,
    changes,
    breakers,
    clock,
    config: config.replay,
    onChanged: tellReplay,
  });
  const partitions = keepPartitionsAhead(database, clock, log);

  hearDeliveries(subscriber, onDeliveriesChanged);
  subscriber.on("message", (channel: string, text: string) => {
    if (channel === webhooksKeys.breakerChanges) breakers.heard(text);
  });
  subscriber.on("ready", () => {
    subscriber.subscribe(webhooksKeys.breakerChanges).catch(() => {});
    subscriber.psubscribe(webhooksKeys.deliveriesPattern).catch(() => {});
    // What was told while the connection was away has to be looked up.
    setTimeout(() => breakers.refresh().catch(() => {}), 50).unref();
  });

  const statistics = createStatistics(database, breakers, clock);
  return {
    /** Resolves after the first try to make the daily partitions. */
    ready: partitions.first,
    /** Endpoints of the contract; `app` is the scope below `/api/v1`. */
    routes: (app: FastifyInstance) => webhooksRoutes(app, { deliveries, configuration, replay, replays }),
    /** `POST /hooks/:org/:source`; `app` is the root. */
    intake: (app: FastifyInstance) => intake.mount(app),
    readHeads: deliveries.readHeads,
    readReplayHeads: replays.readHeads,
    /** Figures for Overview; see `WebhookStatistics`. */
    statistics,
    rows: webhookRows,
    aspect: (intervalMs: number) =>
      createWebhooksAspect(createWebhooksBoard({ statistics, intervalMs, clock })),
    async startWorker() {
      const connection = createRedis({
        url: redisUrl,
        name: "wheelhouse-webhooks-worker",
        log,
        blocking: true,
      });
      await breakers.refresh().catch(() => {});
      const sender = createSender(filter, config.endpointConcurrency);
      const delivery = createDelivery({
        breakers,
        sender,
        doorbell,
        feed,
        figures,
        secrets,
        config,
        clock,
        log,
        store: attempts,
        disableEndpoint: configuration.disableGone,
        horizonMs: horizonMs(config, config.breaker.coolDownMs),
      });
      const worker = startDeliveryWorker({
        redis: connection,
        deliver: delivery.deliver,
        config,
        clock,
        log,
      });
      return {
        /** Stops taking jobs, waits `drainMs`, aborts the rest and stores it as unknown. */
        async drain() {
          await worker.drain();
          await figures.stop();
          await sender.close();
          connection.disconnect();
        },
      };
    },
    startSweeper: () =>
      createSweeper({ database, doorbell, feed, config, clock, log, store: attempts }).start(),
    /** Carries replays of many deliveries on. */
    startReplays: () =>
      createReplayRunner({
        database,
        changes,
        breakers,
        doorbell,
        feed,
        clock,
        log,
        store: replaysStore,
        config: config.replay,
        onChanged: tellReplay,
      }).start(),
    upkeep: { "old webhook replays": replaysStore.forget },
    /** Lets what was accepted finish; after the server has closed and worker and sweeper have stopped. */
    async close() {
      partitions.stop();
      await intake.settled();
      feed.stop();
      subscriber.disconnect();
      await doorbell.close().catch(() => {});
    },
  };
}

export type Webhooks = ReturnType<typeof createWebhooks>;
