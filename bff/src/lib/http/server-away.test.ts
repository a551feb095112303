import { once } from "node:events";
import { sql } from "kysely";
import pg from "pg";
import { pino } from "pino";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createDatabase, type Database, onDatabase } from "#lib/postgres/postgres.ts";
import { createRedis } from "#lib/redis/redis.ts";
import { within } from "#lib/time/deadline.ts";
import { type OwnPostgres, type OwnRedis, startOwnPostgres, startOwnRedis } from "#testing/stack.ts";
import { isUnavailable } from "./errors.ts";
import { DatabaseAway, NoAnswerInTime, RedisAway } from "./server-away.ts";

const log = pino({ level: "silent" });
const failureOf = async (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => undefined,
    (error: unknown) => error,
  );

describe("Postgres", () => {
  let postgres: OwnPostgres;
  let database: Database;
  beforeAll(async () => {
    postgres = await startOwnPostgres();
    database = createDatabase({
      appUrl: postgres.appUrl,
      systemUrl: postgres.systemUrl,
      poolSize: 2,
      log,
    });
  });
  afterAll(async () => {
    await database.close();
    await postgres.dispose();
  });

  test("an error from the server is no outage", async () => {
    const wrong = await failureOf(sql`select 1 / 0`.execute(database.app));
    expect(wrong).toBeInstanceOf(pg.DatabaseError);
    expect(isUnavailable(wrong)).toBe(false);
    const slow = await failureOf(
      database.asOrganizations([], (tx) => sql`select pg_sleep(3)`.execute(tx), {
        statementTimeoutMs: 1_000,
      }),
    );
    expect(slow).toMatchObject({ code: "57014" });
    expect(isUnavailable(slow)).toBe(false);
  });

  test("a mistake in a call is no outage", async () => {
    const circular: { self?: unknown } = {};
    circular.self = circular;
    const error = await failureOf(sql`select ${circular}::jsonb`.execute(database.app));
    expect(error).toBeInstanceOf(TypeError);
    expect(isUnavailable(error)).toBe(false);
  });

  test("a connection that is killed within a transaction is an outage", async () => {
    const error = await failureOf(
      database.asOrganizations([], async (tx) => {
        const { rows } = await sql<{ pid: number }>`select pg_backend_pid() as pid`.execute(tx);
        await sql`select pg_terminate_backend(${rows[0]?.pid})`.execute(tx);
        await sql`select 1`.execute(tx);
      }),
    );
    expect(error).toBeInstanceOf(DatabaseAway);
  });

  test("a pool that has no connection left is an outage", async () => {
    const held = await Promise.all([database.pools.app.connect(), database.pools.app.connect()]);
    try {
      expect(await failureOf(sql`select 1`.execute(database.app))).toBeInstanceOf(DatabaseAway);
    } finally {
      for (const client of held) client.release();
    }
  }, 15_000);

  test("a server that is stopped is an outage, for queries, transactions and the bare pool", async () => {
    await postgres.stop();
    try {
      for (const work of [
        () => sql`select 1`.execute(database.system),
        () => database.asOrganizations([], (tx) => sql`select 1`.execute(tx)),
        () => onDatabase(database.pools.app.query("select 1")),
      ]) {
        const error = await failureOf(work());
        expect(error).toBeInstanceOf(DatabaseAway);
        expect(isUnavailable(error)).toBe(true);
      }
    } finally {
      await postgres.start();
    }
  });
});

describe("Redis", () => {
  let own: OwnRedis;
  let redis: ReturnType<typeof createRedis>;
  beforeAll(async () => {
    own = await startOwnRedis();
    redis = createRedis({ url: own.url, name: "test", log });
    await once(redis, "ready");
  });
  afterAll(async () => {
    redis.disconnect();
    await own.dispose();
  });

  test("an error from Redis is no outage", async () => {
    await redis.set("text", "a");
    const error = await failureOf(redis.incr("text"));
    expect(error).toMatchObject({ name: "ReplyError" });
    expect(isUnavailable(error)).toBe(false);
  });

  test("a server that is stopped is an outage", async () => {
    await own.stop();
    try {
      const error = await failureOf(redis.get("text"));
      expect(error).toBeInstanceOf(RedisAway);
      expect(isUnavailable(error)).toBe(true);
    } finally {
      await own.start();
    }
  });
});

test("a missed deadline is an outage, also as the cause of another error", async () => {
  const error = await failureOf(within(1, new Promise(() => {})));
  expect(error).toBeInstanceOf(NoAnswerInTime);
  expect(isUnavailable(new Error("could not be read", { cause: error }))).toBe(true);
  expect(isUnavailable(new Error("Connection terminated by a text alone"))).toBe(false);
});
