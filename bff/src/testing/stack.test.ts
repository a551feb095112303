import { Redis } from "ioredis";
import pg from "pg";
import { describe, expect, test, vi } from "vitest";
import { createTestDatabase, createTestRedis, startOwnPostgres, startOwnRedis } from "./stack.ts";

async function query(url: string, sql: string) {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 2_000 });
  client.on("error", () => {});
  await client.connect();
  try {
    return (await client.query(sql)).rows;
  } finally {
    await client.end();
  }
}

describe("the shared stack", () => {
  test("two test databases are independent, and every role can sign in", async () => {
    const [one, two] = await Promise.all([createTestDatabase(), createTestDatabase()]);
    await query(one.adminUrl, "create table public.only_here (id int)");
    expect(await query(two.adminUrl, "select to_regclass('public.only_here') as found")).toEqual([
      { found: null },
    ]);
    for (const url of [one.appUrl, one.systemUrl])
      expect(await query(url, "select current_setting('is_superuser') as super")).toEqual([{ super: "off" }]);
    await one.drop();
    await expect(query(one.appUrl, "select 1")).rejects.toThrow(/does not exist/);
  });

  test("two test Redis databases are independent", async () => {
    const [one, two] = await Promise.all([createTestRedis(), createTestRedis()]);
    const clients = [new Redis(one.url), new Redis(two.url)] as const;
    await clients[0].set("a", "1");
    expect(await clients[1].dbsize()).toBe(0);
    for (const client of clients) client.disconnect();
  });
});

describe("servers of a test's own", () => {
  test("a killed Redis comes back on the same port with its data", async () => {
    const own = await startOwnRedis();
    const redis = new Redis(own.url, { retryStrategy: () => 20 });
    redis.on("error", () => {});
    await redis.set("kept", "yes");
    await own.kill();
    await vi.waitFor(() => expect(redis.status).not.toBe("ready"));
    await own.start();
    expect(await redis.get("kept")).toBe("yes");
    redis.disconnect();
    await own.dispose();
  });

  test("a killed Postgres comes back on the same port with its committed data", async () => {
    const own = await startOwnPostgres();
    await query(own.adminUrl, "create table public.kept as select 1 as id");
    await own.kill();
    await expect(query(own.adminUrl, "select 1")).rejects.toThrow(/ECONNREFUSED/);
    await own.start();
    expect(await query(own.adminUrl, "select id from public.kept")).toEqual([{ id: 1 }]);
    await own.stop();
    await expect(query(own.adminUrl, "select 1")).rejects.toThrow(/ECONNREFUSED/);
    await own.dispose();
  });
});
