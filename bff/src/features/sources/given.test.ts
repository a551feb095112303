import { mkdtempSync, readFileSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Redis } from "ioredis";
import pg from "pg";
import { pino } from "pino";
import { afterAll, beforeAll, expect, test } from "vitest";
import { buildApp, type Product } from "#app/app.ts";
import { describeGiven, prepareStarter } from "#app/first-start.ts";
import { loadConfig } from "#config.ts";
import { createDatabase } from "#lib/postgres/postgres.ts";
import { createRedis } from "#lib/redis/redis.ts";
import { systemClock } from "#lib/time/clock.ts";
import { createTestDatabase, createTestRedis, startOwnRedis } from "#testing/stack.ts";

const log = pino({ level: "silent" });
const dataDir = mkdtempSync(join(tmpdir(), "wheelhouse-given-"));
const configOf = (...watch: string[]) =>
  loadConfig({ WHEELHOUSE_DATA_DIR: dataDir, WHEELHOUSE_WATCH: watch.join(" ") });
let urls: Awaited<ReturnType<typeof createTestDatabase>>;
let strangers: Awaited<ReturnType<typeof startOwnRedis>>;
let product: Product;
let end: () => Promise<void>;
let place: string;

beforeAll(async () => {
  const [databases, own, redis] = await Promise.all([
    createTestDatabase(),
    createTestRedis(),
    startOwnRedis(),
  ]);
  urls = databases;
  strangers = redis;
  place = new URL(redis.url).host;
  const database = createDatabase({ appUrl: urls.appUrl, systemUrl: urls.systemUrl, poolSize: 3, log });
  const connection = createRedis({ url: own.url, name: "test", log });
  product = await buildApp({
    config: configOf(redis.url),
    log,
    clock: systemClock,
    database,
    adminUrl: urls.adminUrl,
    redis: connection,
    redisUrl: own.url,
    secretKey: Buffer.alloc(32, 7).toString("base64"),
  });
  end = async () => {
    await product.close();
    connection.disconnect();
    await database.close();
  };
});
afterAll(async () => {
  await end();
  await strangers.dispose();
});

const keep = (...watch: string[]) => product.keepGiven(configOf(...watch).watch);

test("an address given at every start is one source, with the newest password, until it is deleted", async () => {
  const first = await keep(`redis://${place}`);
  expect(first.given).toMatchObject([{ outcome: "kept", trial: { state: "ok" } }]);
  expect((await keep(`redis://${place}/0`, `redis://${place}`)).given).toMatchObject([
    { outcome: "changed" },
    { outcome: "changed" },
  ]);
  expect((await keep(`redis://${place}`)).given).toMatchObject([{ outcome: "known" }]);
  const operator = new Redis(strangers.url);
  await operator.config("SET", "requirepass", "p@ss");
  operator.disconnect();
  const changed = await keep(`redis://:p@ss@${place}`);
  expect(changed.given).toMatchObject([{ outcome: "changed", trial: { state: "ok" } }]);
  const other = await keep("http://127.0.0.1:1/health", "redis://169.254.169.254");
  expect(other.given).toMatchObject([
    { outcome: "kept", trial: { state: "down" } },
    { outcome: "refused", problem: expect.stringContaining("link-local") },
  ]);
  expect(other.left).toEqual([expect.stringMatching(/^platform\.redis-/)]);
  const lines = describeGiven(other);
  expect(lines).toMatch(/ECONNREFUSED[\s\S]*Check host, port and path[\s\S]*Still watched/);
  expect(lines + describeGiven(changed)).not.toContain("p@ss");
});

test("a start without demo makes one superadmin, keeps the sign-in, and never another", async () => {
  const starter = await prepareStarter(configOf("redis://h"), { adminUrl: urls.adminUrl, log });
  expect(starter).toMatchObject({ role: "superadmin", organization: "platform" });
  const file = join(dataDir, "credentials.json");
  expect(statSync(file).mode & 0o777).toBe(0o600);
  expect(JSON.parse(readFileSync(file, "utf8"))).toEqual([starter]);
  expect(await prepareStarter(configOf("redis://h"), { adminUrl: urls.adminUrl, log })).toEqual(starter);
  const signIn = await product.app.inject({
    method: "POST",
    url: "/api/v1/session",
    headers: { "sec-fetch-site": "same-origin" },
    payload: { email: starter?.email, password: starter?.password },
  });
  expect(signIn.statusCode, signIn.body).toBe(200);
  // A superadmin whose password is not known here is left alone.
  const client = new pg.Client({ connectionString: urls.adminUrl });
  await client.connect();
  await client.query("update wheelhouse.users set email = 'ada@acme.example' where email = $1", [
    starter?.email,
  ]);
  await client.end();
  const elsewhere = { dataDir: mkdtempSync(join(tmpdir(), "wheelhouse-given-")) };
  expect(await prepareStarter(elsewhere, { adminUrl: urls.adminUrl, log })).toBeNull();
});
