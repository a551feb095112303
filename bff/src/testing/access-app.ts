import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Logger, pino } from "pino";
import { buildApp } from "#app/app.ts";
import { loadConfig } from "#config.ts";
import { seedDemo } from "#features/access/sign-in/demo.ts";
import { createPasswords } from "#features/access/sign-in/passwords.ts";
import { createDatabase } from "#lib/postgres/postgres.ts";
import { createRedis } from "#lib/redis/redis.ts";
import { type Clock, systemClock } from "#lib/time/clock.ts";

type TestAppOptions = {
  urls: { appUrl: string; systemUrl: string; adminUrl: string };
  redisUrl: string;
  clock?: Clock;
  environment?: Record<string, string>;
  log?: Logger;
};

let keptCredentials: string | undefined;
const hashes = new Map<string, Promise<string>>();
const { hash } = createPasswords();
/** Each demo password is hashed once per process: seven hashes took longer than the rest of a start. */
const hashedOnce = {
  hash: (password: string) => {
    const known = hashes.get(password) ?? hash(password);
    hashes.set(password, known);
    return known;
  },
};

/** The demo's people, with the same passwords in every database of this process. */
async function seedPeople(adminUrl: string, dataDir: string) {
  const file = join(dataDir, "credentials.json");
  if (keptCredentials && !existsSync(file)) writeFileSync(file, keptCredentials, { mode: 0o600 });
  const credentials = await seedDemo({ adminUrl, dataDir, passwords: hashedOnce });
  keptCredentials ??= readFileSync(file, "utf8");
  return credentials;
}

/** The whole application on these servers, with the demo's people, without listening: tests use `inject`. */
export async function startTestApp({
  urls,
  redisUrl,
  clock = systemClock,
  environment = {},
  log = pino({ level: "silent" }),
}: TestAppOptions) {
  const dataDir = mkdtempSync(join(tmpdir(), "wheelhouse-app-"));
  const credentials = await seedPeople(urls.adminUrl, dataDir);
  const config = loadConfig({ WHEELHOUSE_DATA_DIR: dataDir, WHEELHOUSE_DEMO: "0", ...environment });
  const database = createDatabase({ ...urls, poolSize: 5, log });
  const redis = createRedis({ url: redisUrl, name: "test", log });
  // Commands without a connection fail at once, so a test would start with an unintended outage.
  if (redis.status !== "ready") await once(redis, "ready");
  const product = await buildApp({
    config,
    log,
    clock,
    database,
    redis,
    redisUrl,
    adminUrl: urls.adminUrl,
    secretKey: Buffer.alloc(32, 7).toString("base64"),
  });
  await product.app.ready();
  return {
    app: product.app,
    /** Starts the background work of `WHEELHOUSE_ROLES`; without it only requests are answered. */
    startRoles: product.startRoles,
    database,
    redis,
    credentials,
    async close() {
      await product.close();
      redis.disconnect();
      await database.close();
    },
  };
}
export type TestApp = Awaited<ReturnType<typeof startTestApp>>;
