import type { FastifyInstance } from "fastify";
import type { Redis } from "ioredis";
import type { Logger } from "pino";
import type { Config } from "#config.ts";
import { anonymousContext } from "#features/access/access-context.ts";
import { seedDemo } from "#features/access/access-demo.ts";
import { createAccess } from "#features/access/access-feature.ts";
import { accessRoutes } from "#features/access/access-routes.ts";
import { createChanges } from "#features/audit/audit-changes.ts";
import { createDenials } from "#features/audit/audit-denials.ts";
import { createReadings } from "#features/audit/audit-readings.ts";
import { auditRoutes } from "#features/audit/audit-routes.ts";
import { createAuditService } from "#features/audit/audit-service.ts";
import { createAuditStore } from "#features/audit/audit-store.ts";
import { createAuditVerifier } from "#features/audit/audit-verify.ts";
import { createWebhooks } from "#features/webhooks/webhooks.ts";
import { webhooksDefaults } from "#features/webhooks/webhooks-config.ts";
import type { Clock } from "#lib/clock.ts";
import type { Database } from "#lib/postgres.ts";
import { createRedis } from "#lib/redis.ts";
import { createSecretBox } from "#lib/secret-box.ts";
import { createServer } from "#lib/server.ts";
import { createSessionEnds } from "#lib/session-ends.ts";
import { createUpkeep } from "#lib/upkeep.ts";
import { authPlugin } from "#plugins/auth.ts";
import { mutationLimitPlugin } from "#plugins/mutation-limit.ts";
import { plainTextPlugin } from "#plugins/plain-text.ts";

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

  const trail = createChanges({ database, box, log });
  const denials = createDenials({ database, clock, log });
  const auditStore = createAuditStore({ database });
  const audit = createAuditService({
    store: auditStore,
    readings: createReadings({ trail, redis, clock }),
    verifier: createAuditVerifier({ database, clock }),
    trail,
  });

  const subscriber = createRedis({ url: redisUrl, name: "wheelhouse-sessions", log });
  const sessionEnds = createSessionEnds({ publisher: redis, subscriber, log });
  const { failuresPer15Min, mutationsPerHour } = config.rateLimits;
  const access = createAccess({
    ...{ database, redis, changes: trail, denials, sessionEnds, clock, log },
    failuresPer15Min,
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
  });
  const upkeep = createUpkeep({
    log,
    everyMs: 3_600_000,
    tasks: {
      "audit partitions": () => auditStore.makePartitions(12),
      "ended sessions": access.purge,
    },
  });
  const credentials = config.demo && adminUrl ? await seedDemo({ adminUrl, dataDir: config.dataDir }) : [];

  await app.register(authPlugin, { admit: access.admit, anonymous: anonymousContext, denials });
  await app.register(plainTextPlugin);
  await app.register(mutationLimitPlugin, { redis, perHour: mutationsPerHour });
  await app.register(
    async (api) => {
      accessRoutes(api, { service: access.service });
      auditRoutes(api, { service: audit });
      webhooks.routes(api);
    },
    { prefix: "/api/v1" },
  );
  webhooks.intake(app);
  const working: { stop(): Promise<void> }[] = [];

  return {
    app,
    startRoles: async () => {
      upkeep.start();
      if (config.roles.includes("worker")) {
        const worker = await webhooks.startWorker();
        working.push({ stop: worker.drain }, webhooks.startSweeper());
      }
    },
    close: async () => {
      upkeep.stop();
      await Promise.all([app.close(), ...working.map(({ stop }) => stop())]);
      await webhooks.close();
      await denials.close();
      subscriber.disconnect();
    },
    credentials,
  };
}
