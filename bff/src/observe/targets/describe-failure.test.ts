import { Redis } from "ioredis";
import pg from "pg";
import { pino } from "pino";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openPool } from "#lib/postgres/postgres.ts";
import { createRedis } from "#lib/redis/redis.ts";
import { startPgBouncer } from "#testing/postgres/pgbouncer.ts";
import { type OwnPostgres, type OwnRedis, startOwnPostgres, startOwnRedis } from "#testing/stack.ts";
import { describeFailure } from "./describe-failure.ts";

const log = pino({ level: "silent" });
let postgres: OwnPostgres;
let redis: OwnRedis;
beforeAll(async () => {
  [postgres, redis] = await Promise.all([startOwnPostgres(), startOwnRedis()]);
});
afterAll(() => Promise.all([postgres.dispose(), redis.dispose()]));

const reasonOf = (work: Promise<unknown>) => work.then(() => "no failure", describeFailure);

async function ask(options: pg.ClientConfig, text: string) {
  const client = new pg.Client(options);
  client.on("error", () => {});
  try {
    await client.connect();
    return await client.query(text);
  } finally {
    void client.end().catch(() => {});
  }
}

test("a reason that Postgres or PgBouncer gives stays in its own words, though it speaks of a timeout", async () => {
  const connectionString = postgres.appUrl;
  const cancelled = ask({ connectionString }, "set statement_timeout = 20; select pg_sleep(5)");
  expect(await reasonOf(cancelled)).toBe("canceling statement due to statement timeout");
  const locked = ask({ connectionString }, "do $$ begin raise 'the job timed out'; end $$");
  expect(await reasonOf(locked)).toBe("the job timed out");
  const pooler = await startPgBouncer([postgres.appUrl]);
  try {
    const refused = ask(
      { connectionString: pooler.through(connectionString), statement_timeout: 5 },
      "select 1",
    );
    expect(await reasonOf(refused)).toBe("unsupported startup parameter: statement_timeout");
  } finally {
    await pooler.stop();
  }
});

test("a reason that Redis gives stays in its own words, though it speaks of a timeout", async () => {
  const client = new Redis(redis.url);
  const script = client.eval("return redis.error_reply('BUSY Connection is closed after a timeout')", 0);
  expect(await reasonOf(script)).toBe("BUSY Connection is closed after a timeout");
  client.disconnect();
});

test("servers that hang give no answer in time; ones that are gone give no connection", async () => {
  const pool = openPool(
    { connectionString: postgres.appUrl, max: 1, query_timeout: 300, connectionTimeoutMillis: 300 },
    log,
  );
  const client = createRedis({ url: redis.url, name: "test", log });
  client.options.commandTimeout = 300;
  await Promise.all([pool.query("select 1"), expect.poll(() => client.status).toBe("ready")]);
  postgres.pause();
  redis.pause();
  try {
    // The first on its connection, the second on the way to another one.
    expect(await reasonOf(pool.query("select pg_sleep(2)"))).toBe("No answer in time");
    expect(await reasonOf(pool.query("select 1"))).toBe("No answer in time");
    expect(await reasonOf(client.ping())).toBe("No answer in time");
  } finally {
    postgres.resume();
    redis.resume();
  }
  await Promise.all([postgres.kill(), redis.kill()]);
  expect(await reasonOf(pool.query("select 1"))).toBe("Connection refused");
  await expect.poll(() => reasonOf(client.ping())).toBe("No connection");
  client.disconnect();
  await pool.end();
});
