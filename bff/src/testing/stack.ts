import { randomBytes } from "node:crypto";
import { rmSync } from "node:fs";
import { Redis } from "ioredis";
import pg from "pg";
import { pino } from "pino";
import { inject } from "vitest";
import { createGuardian, type Guardian } from "#embedded/guardian.ts";
import { startEmbeddedPostgres } from "#embedded/postgres.ts";
import { startEmbeddedRedis } from "#embedded/redis.ts";
import { type EmbeddedSecrets, makeSecrets } from "#embedded/secrets.ts";
import { migrate } from "#lib/postgres/migrate.ts";
import { makeTemporaryFolder, type SharedStack, templateDatabase } from "./stack-setup.ts";

const log = pino({ level: "silent" });

export type TestDatabase = {
  appUrl: string;
  systemUrl: string;
  adminUrl: string;
  /** Closes its connections and drops it. The end of the run does the same; call it in a file that creates many. */
  drop(): Promise<void>;
};

/** A new migrated database (a copy of the run's template) on the run's Postgres. */
export async function createTestDatabase(): Promise<TestDatabase> {
  const shared: SharedStack = inject("stack");
  const database = `test_${randomBytes(6).toString("hex")}`;
  await asAdmin(shared.postgresUrl, (client) =>
    client.query(`create database ${database} template ${templateDatabase}`),
  );
  return {
    ...urlsOf(shared.postgresUrl, database, shared.secrets),
    drop: () =>
      asAdmin(shared.postgresUrl, (client) => client.query(`drop database ${database} with (force)`)),
  };
}

/**
 * An empty logical database on the run's Redis. Pub/sub ignores databases: a test that counts channels or breaks their
 * connection uses `startOwnRedis`.
 */
export async function createTestRedis(): Promise<{ url: string }> {
  const shared: SharedStack = inject("stack");
  const redis = new Redis(shared.redisUrl, { commandTimeout: 5_000 });
  try {
    // Database 0 holds the counter alone.
    const number = 1 + ((await redis.incr("test-databases")) % (shared.redisDatabases - 1));
    await redis.select(number);
    await redis.flushdb();
    return { url: `${shared.redisUrl}/${number}` };
  } finally {
    redis.disconnect();
  }
}

type OwnServer = {
  /** A fast, clean stop. */
  stop(): Promise<void>;
  /** SIGKILL, resolved once the process is gone. */
  kill(): Promise<void>;
  /** SIGSTOP and SIGCONT: a server that hangs instead of refusing connections. */
  pause(): void;
  resume(): void;
  /** Starts it again on the same port and data. */
  start(): Promise<void>;
  /** Stops it for good and removes its data. */
  dispose(): Promise<void>;
};
export type OwnPostgres = OwnServer & Omit<TestDatabase, "drop">;
export type OwnRedis = OwnServer & { url: string };

/** A private Redis that a test may stop, kill, pause and start again. */
export async function startOwnRedis(): Promise<OwnRedis> {
  let port: number | undefined;
  const server = await ownServer("redis", async (guardian, dataDir, onExit) => {
    const redis = await startEmbeddedRedis({
      guardian,
      dataDir,
      port,
      exactPort: Boolean(port),
      log,
      onExit,
    });
    port = redis.port;
  });
  return { ...server, url: `redis://127.0.0.1:${port}` };
}

/** A private, migrated Postgres that a test may stop, kill, pause and start again. */
export async function startOwnPostgres(): Promise<OwnPostgres> {
  let port: number | undefined;
  const secrets = makeSecrets();
  const server = await ownServer("postgres", async (guardian, dataDir, onExit) => {
    const exactPort = Boolean(port);
    const postgres = await startEmbeddedPostgres({
      guardian,
      dataDir,
      secrets,
      port,
      exactPort,
      log,
      onExit,
      durable: false,
    });
    if (!port) await migrate({ adminUrl: postgres.adminUrl, log });
    port = postgres.port;
  });
  return { ...server, ...urlsOf(`postgres://postgres@127.0.0.1:${port}`, "wheelhouse", secrets) };
}

async function ownServer(
  name: string,
  boot: (guardian: Guardian, dataDir: string, onExit: () => void) => Promise<void>,
): Promise<OwnServer> {
  const dataDir = makeTemporaryFolder();
  const guardian = createGuardian();
  let exited = Promise.resolve();
  const start = async () => {
    let onExit = () => {};
    exited = new Promise((resolve) => {
      onExit = resolve;
    });
    await boot(guardian, dataDir, onExit);
  };
  await start();
  return {
    start,
    stop: () => guardian.stop(name),
    kill: async () => {
      guardian.signal(name, "SIGKILL");
      await exited;
    },
    pause: () => guardian.signal(name, "SIGSTOP"),
    resume: () => guardian.signal(name, "SIGCONT"),
    dispose: async () => {
      guardian.signal(name, "SIGCONT");
      await guardian.end();
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}

function urlsOf(anyUrl: string, database: string, secrets: EmbeddedSecrets): Omit<TestDatabase, "drop"> {
  const { host } = new URL(anyUrl);
  const url = (role: string, password: string) => `postgres://${role}:${password}@${host}/${database}`;
  return {
    appUrl: url("wheelhouse_app", secrets.appPassword),
    systemUrl: url("wheelhouse_system", secrets.systemPassword),
    adminUrl: url("postgres", secrets.postgresPassword),
  };
}

async function asAdmin(url: string, work: (client: pg.Client) => Promise<unknown>) {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 5_000 });
  await client.connect();
  try {
    await work(client);
  } finally {
    await client.end();
  }
}
