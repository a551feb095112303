import { once } from "node:events";
import { pino } from "pino";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createDatabase, type Database } from "#lib/postgres/postgres.ts";
import { createRedis } from "#lib/redis/redis.ts";
import { systemClock } from "#lib/time/clock.ts";
import { freezePostgres } from "#testing/postgres/frozen-postgres.ts";
import { type OwnPostgres, type OwnRedis, startOwnPostgres, startOwnRedis } from "#testing/stack.ts";
import { query } from "#testing/stack-owner.ts";
import { createReadiness, type Readiness } from "./readiness.ts";

const log = pino({ level: "silent" });
let postgres: OwnPostgres;
let server: OwnRedis;
let redis: ReturnType<typeof createRedis>;
let database: Database;
let readiness: Readiness;

beforeAll(async () => {
  [postgres, server] = await Promise.all([startOwnPostgres(), startOwnRedis()]);
  redis = createRedis({ url: server.url, name: "test", log });
  if (redis.status !== "ready") await once(redis, "ready");
  database = createDatabase({
    appUrl: postgres.appUrl,
    systemUrl: postgres.systemUrl,
    poolSize: 2,
    log,
  });
  readiness = createReadiness({ database, redis, clock: systemClock, log });
  await readiness.start();
});
afterAll(async () => {
  readiness.stop();
  redis.disconnect();
  await database.close();
  await Promise.all(Object.values(database.pools).map((pool) => (pool.ended ? undefined : pool.end())));
  await Promise.all([postgres.dispose(), server.dispose()]);
});

const within = { timeout: 15_000 };
const causeOf = (wanted: string) =>
  readiness.read().dependencies.find(({ name }) => name === wanted)?.cause ?? null;

test("Postgres whose transactions are read-only is not ready, until it takes writes again", async () => {
  expect(readiness.read().ready).toBe(true);
  const change = (sql: string) => query(postgres.adminUrl, sql);
  await change("alter system set default_transaction_read_only = on");
  await change("select pg_reload_conf()");
  await expect.poll(() => causeOf("postgres"), within).toBe("Transactions are read-only by default");
  expect(readiness.read().ready).toBe(false);
  await change("alter system reset default_transaction_read_only");
  await change("select pg_reload_conf()");
  await expect.poll(() => readiness.read().ready, within).toBe(true);
});

test("Redis that refuses writes is not ready and gives its own reason, although it answers PING", async () => {
  await redis.config("SET", "maxmemory", "1");
  expect(await redis.ping()).toBe("PONG");
  await expect.poll(() => causeOf("redis"), within).toMatch(/OOM/);
  await redis.config("SET", "maxmemory", "0");
  await expect.poll(() => causeOf("redis"), within).toBe(null);
  await redis.replicaof("127.0.0.1", 1);
  await expect.poll(() => causeOf("redis"), within).toMatch(/READONLY/);
  await redis.replicaof("NO", "ONE");
  await expect.poll(() => readiness.read().ready, within).toBe(true);
});

test("a process whose connections are all taken is busy, and stays ready", async () => {
  const taken = await Promise.all([database.pools.app.connect(), database.pools.app.connect()]);
  const waiting = database.pools.app.query("select 1");
  const checkedAt = () => readiness.read().dependencies[0]?.observedAt;
  const before = checkedAt();
  await expect.poll(checkedAt, within).not.toBe(before);
  expect(readiness.read()).toMatchObject({ ready: true, isBusy: true });
  for (const client of taken) client.release();
  await waiting;
  expect(readiness.read()).toMatchObject({ ready: true, isBusy: false });
});

test("a frozen Postgres is not ready, and asking takes no time", async () => {
  const thaw = await freezePostgres(postgres);
  try {
    await expect.poll(() => causeOf("postgres"), within).not.toBe(null);
    const startedMs = performance.now();
    for (let n = 0; n < 1_000; n += 1) readiness.read();
    expect(performance.now() - startedMs).toBeLessThan(1_000);
  } finally {
    thaw();
  }
  await expect.poll(() => readiness.read().ready, within).toBe(true);
});
