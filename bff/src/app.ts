import type { FastifyInstance } from "fastify";
import type { Redis } from "ioredis";
import type { Logger } from "pino";
import type { Config } from "#config.ts";
import { createChanges } from "#features/audit/audit-changes.ts";
import { createDenials } from "#features/audit/audit-denials.ts";
import { createReadings } from "#features/audit/audit-readings.ts";
import { auditRoutes } from "#features/audit/audit-routes.ts";
import { createAuditService } from "#features/audit/audit-service.ts";
import { createAuditStore } from "#features/audit/audit-store.ts";
import { createAuditVerifier } from "#features/audit/audit-verify.ts";
import type { Clock } from "#lib/clock.ts";
import type { Database } from "#lib/postgres.ts";
import { createSecretBox } from "#lib/secret-box.ts";
import { createServer } from "#lib/server.ts";

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
  redis,
  secretKey,
}: AppDeps): Promise<Product> {
  const app = await createServer({ log, trustProxy: config.http.trustProxy });
  const box = createSecretBox(secretKey);

  const trail = createChanges({ database, box, log });
  const denials = createDenials({ database, clock, log });
  const audit = createAuditService({
    store: createAuditStore({ database }),
    readings: createReadings({ trail, redis, clock }),
    verifier: createAuditVerifier({ database, clock }),
    trail,
  });

  await app.register(
    async (api) => {
      auditRoutes(api, { service: audit });
    },
    { prefix: "/api/v1" },
  );

  return {
    app,
    startRoles: async () => {},
    close: async () => {
      await app.close();
      await denials.close();
    },
    credentials: [],
  };
}
