import { once } from "node:events";
import { mkdtempSync } from "node:fs";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Redis } from "ioredis";
import { pino } from "pino";
import { afterEach, beforeEach, expect, test } from "vitest";
import { createTestRedis, startOwnRedis } from "#testing/stack.ts";
import { createRedis, databaseRefusalOf, redisDatabaseOf } from "./redis.ts";

const log = pino({ level: "silent" });
const ends: (() => void)[] = [];
let url: string;
let origin: string;
let database: number;
let zero: Redis;
beforeEach(async () => {
  ({ url } = await createTestRedis());
  origin = new URL(url).host;
  database = Number(new URL(url).pathname.slice(1));
  zero = new Redis(`redis://${origin}`);
  await zero.set("shop:cache:1", "a");
});
afterEach(async () => {
  for (const end of ends.splice(0)) end();
  await zero.del("shop:cache:1");
  zero.disconnect();
});
const open = (address: string, blocking = false) => {
  const redis = createRedis({ url: address, name: "test", log, blocking });
  ends.push(() => redis.disconnect());
  return redis;
};

test.each(["/99999", "/-1", "/name", "/1.5", "/5abc", "?db=99999", "?db=name"])(
  "a database that does not exist is a failed connection, never database 0: %s",
  async (named) => {
    const redis = open(`redis://${origin}${named}`);
    await expect.poll(() => databaseRefusalOf(redis), { timeout: 5_000 }).toContain("ERR");
    expect(redis.status).not.toBe("ready");
    await expect(redis.get("shop:cache:1")).rejects.toThrow();
    await expect(redis.unlink("shop:cache:1")).rejects.toThrow();
    const [removed] =
      (await redis
        .pipeline()
        .unlink("shop:cache:1")
        .exec()
        .catch(() => null)) ?? [];
    expect(removed?.[1]).toBeUndefined();
    // It retries and fails again.
    await new Promise((done) => redis.once("close", done));
    expect(redis.status).not.toBe("ready");
    expect(await zero.get("shop:cache:1")).toBe("a");
  },
);

test("a copy of such a connection fails as well, and its pending commands run in no other database", async () => {
  const redis = open(`redis://${origin}/99999`, true);
  const copy = redis.duplicate();
  copy.on("error", () => undefined);
  ends.push(() => copy.disconnect());
  copy.unlink("shop:cache:1").catch(() => undefined);
  await expect.poll(() => databaseRefusalOf(copy), { timeout: 5_000 }).toContain("ERR");
  await new Promise((done) => copy.once("close", done));
  expect(await zero.get("shop:cache:1")).toBe("a");
});

test("the database of every form of address is used", async () => {
  for (const address of [url, `${url}/`, `redis://${origin}?db=${database}`, `${origin}?db=${database}`]) {
    const redis = open(address);
    await once(redis, "ready");
    await redis.set("where", address);
    expect(await zero.get("where")).toBeNull();
    await zero.select(database);
    expect(await zero.get("where")).toBe(address);
    await zero.select(0);
    expect(databaseRefusalOf(redis)).toBeNull();
  }
});

test("the database is used behind a socket of the file system, and one that does not exist is refused there", async () => {
  const path = join(mkdtempSync(join(tmpdir(), "wheelhouse-socket-")), "redis.sock");
  const relay = createServer((client) => {
    const [host = "", port = ""] = origin.split(":");
    const upstream = connect(Number(port), host);
    client.pipe(upstream).pipe(client);
    for (const socket of [client, upstream]) socket.on("error", () => undefined);
  }).listen(path);
  ends.push(() => relay.close());
  await once(relay, "listening");
  const redis = open(`${path}?db=${database}`);
  await once(redis, "ready");
  await redis.set("where", "socket");
  await zero.select(database);
  expect(await zero.get("where")).toBe("socket");
  await zero.select(0);
  const missing = open(`${path}?db=99999`);
  await expect.poll(() => databaseRefusalOf(missing), { timeout: 5_000 }).toContain("ERR");
  expect(missing.status).not.toBe("ready");
});

test("a server that is away after it refused the database refuses nothing", async () => {
  const server = await startOwnRedis();
  const redis = open(`${server.url}/99999`);
  await expect.poll(() => databaseRefusalOf(redis), { timeout: 5_000 }).toContain("ERR");
  await server.dispose();
  await expect.poll(() => databaseRefusalOf(redis), { timeout: 5_000 }).toBeNull();
});

test.each([
  ["redis://host", 0],
  ["redis://host/", 0],
  ["redis://user:p%2F5@host:6380/5", 5],
  ["rediss://host/0", 0],
  ["//host/7", 7],
  ["redis://host?db=3", 3],
  ["redis://host/?family=6&db=3", 3],
  ["redis://host/2?db=3", 2],
  ["host:6379?db=4", 4],
  ["host:6379", 0],
  ["rediss://user@host:6380/12", 12],
  ["rediss://host:6380?db=9", 9],
  ["/run/redis.sock", 0],
  ["/run/redis.sock?db=6", 6],
  ["redis://host/name", null],
  ["redis://host/-1", null],
  ["redis://host/1e3", null],
  ["redis://host?db=x", null],
])("%s names database %s", (address, expected) => expect(redisDatabaseOf(address)).toBe(expected));
