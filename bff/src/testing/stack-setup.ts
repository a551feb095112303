import { chmodSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pino } from "pino";
import type { TestProject } from "vitest/node";
import { createGuardian } from "#embedded/guardian.ts";
import { startEmbeddedPostgres } from "#embedded/postgres.ts";
import { startEmbeddedRedis } from "#embedded/redis.ts";
import { type EmbeddedSecrets, makeSecrets } from "#embedded/secrets.ts";
import { migrate } from "#lib/postgres/migrate.ts";

/** The database that every test database is copied from. */
export const templateDatabase = "wheelhouse";
const redisDatabases = 1024;

export type SharedStack = {
  postgresUrl: string;
  redisUrl: string;
  redisDatabases: number;
  secrets: EmbeddedSecrets;
};

declare module "vitest" {
  interface ProvidedContext {
    stack: SharedStack;
  }
}

/** A new folder that the account of the embedded servers can enter (mkdtemp uses mode 0700). */
export function makeTemporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "wheelhouse-test-"));
  chmodSync(folder, 0o711);
  return folder;
}

/**
 * One Postgres and one Redis for the whole run, on free ports, in a temporary folder; `#testing/stack.ts` shares them
 * out.
 */
export default async function setup({ provide }: TestProject): Promise<() => Promise<void>> {
  const log = pino({ level: "silent" });
  const dataDir = makeTemporaryFolder();
  const guardian = createGuardian();
  const secrets = makeSecrets();
  const [postgres, redis] = await Promise.all([
    startEmbeddedPostgres({ guardian, dataDir, secrets, log, durable: false }),
    startEmbeddedRedis({ guardian, dataDir, log, databases: redisDatabases }),
  ]);
  await migrate({ adminUrl: postgres.url(templateDatabase, "postgres"), log });
  provide("stack", {
    postgresUrl: postgres.url("postgres", "postgres"),
    redisUrl: redis.url,
    redisDatabases,
    secrets,
  });
  return async () => {
    await guardian.end();
    rmSync(dataDir, { recursive: true, force: true });
  };
}
