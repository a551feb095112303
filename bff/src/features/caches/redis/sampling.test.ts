import { pino } from "pino";
import { afterAll, beforeAll, expect, it } from "vitest";
import { createRedis } from "#lib/redis/redis.ts";
import { systemClock } from "#lib/time/clock.ts";
import { type OwnRedis, startOwnRedis } from "#testing/stack.ts";
import { makeSeen } from "#testing/tick.ts";
import { sampleOnce } from "../testing/sampling.fixture.ts";
import { createRedisDetails } from "./details.ts";
import { createKeyspaceWalk } from "./keyspace.ts";

const log = pino({ level: "silent" });
let server: OwnRedis;
beforeAll(async () => {
  server = await startOwnRedis();
});
afterAll(() => server.dispose());

it("no command of the sampler blocks Redis for over 5 ms on a large keyspace with a large hash in it", async () => {
  const { slow, sample } = await sampleOnce({
    url: server.url,
    keys: 20_000,
    fields: 50_000,
    keysPerPass: 3_000,
  });
  expect(slow).toEqual([]);
  expect(sample).toMatchObject({ database: 0, sampledKeys: expect.any(Number) });
  expect(sample?.sampledKeys).toBeGreaterThanOrEqual(3_000);
  expect(sample?.sampledKeys).toBeLessThan(4_000);
  expect(sample?.totalKeys).toBe(20_001);
  const orders = sample?.prefixes.find(({ prefix }) => prefix === "order:");
  expect(orders?.keys).toBeGreaterThan(15_000);
  expect(sample?.timeToLive.shares[3], "half of them end within the hour").toBeGreaterThan(0.3);
}, 60_000);

it("a leader reads keyspace, slow log and latency of its servers; other processes read nothing", async () => {
  const redis = createRedis({ url: `${server.url}/1`, name: "test-details", log });
  await expect.poll(() => redis.status).toBe("ready");
  await redis.config("SET", "slowlog-log-slower-than", "0");
  await redis.set("user:1", "a secret value");
  let nowMs = systemClock.now();
  const details = createRedisDetails({
    servers: () => [{ id: "main", organization: "acme", redis, database: 1 }],
    clock: { now: () => nowMs },
    log,
  });
  const observe = (leads: boolean) => details.observe(makeSeen(nowMs, { leads })).rows[0];
  const before = await redis.info("commandstats");
  expect(observe(false)).toMatchObject({ keyspace: null, slowLog: null, latency: null, notice: null });
  expect(/cmdstat_scan:calls=(\d+)/.exec(await redis.info("commandstats"))?.[1]).toBe(
    /cmdstat_scan:calls=(\d+)/.exec(before)?.[1],
  );
  await expect
    .poll(
      () => {
        nowMs += 11_000;
        const row = observe(true);
        return Boolean(row?.keyspace && row.slowLog && row.latency);
      },
      { interval: 300, timeout: 20_000 },
    )
    .toBe(true);
  const row = observe(true);
  expect(row?.slowLog?.thresholdMs).toBe(0);
  const commands = row?.slowLog?.entries.map(({ command }) => command) ?? [];
  expect(commands.join("\n")).not.toContain("secret");
  expect(row?.latency?.all.p99Ms).toBeGreaterThan(0);
  expect(row?.latency?.commands.length).toBeGreaterThan(0);
  const kept = details.observe(makeSeen(nowMs, { leads: false }));
  expect(kept.rows[0], "a row that did not change keeps its identity").toBe(observe(false));
  redis.disconnect();
}, 60_000);

it("times to live of a declared cache are those of its own keys, from a bounded number of them", async () => {
  const redis = createRedis({ url: `${server.url}/2`, name: "test-times", log });
  await expect.poll(() => redis.status).toBe("ready");
  const pipeline = redis.pipeline();
  for (let n = 0; n < 300; n += 1) pipeline.set(`shop:cache:${n}`, "x", "EX", 30);
  for (let n = 0; n < 100; n += 1) pipeline.set(`shop:other:${n}`, "x");
  for (let n = 0; n < 3; n += 1) pipeline.set(`users:${n}`, "x", "EX", 3 * 86_400);
  await pipeline.exec();
  const caches = [
    { id: "shop~cache", prefix: "shop:cache:" },
    { id: "shop~users", prefix: "users:" },
    { id: "shop~empty", prefix: "none:" },
  ];
  const walk = createKeyspaceWalk({ redis, database: 2, clock: systemClock, caches: () => caches });
  await redis.config("RESETSTAT");
  const sample = await walk.step(30_000);
  expect(sample?.caches).toEqual([
    { id: "shop~cache", sampledKeys: 200, keys: 300, shares: [0, 1, 0, 0, 0, 0, 0, 0] },
    { id: "shop~users", sampledKeys: 3, keys: 3, shares: [0, 0, 0, 0, 0, 0, 1, 0] },
    { id: "shop~empty", sampledKeys: 0, keys: 0, shares: [0, 0, 0, 0, 0, 0, 0, 0] },
  ]);
  const asked = Number(/cmdstat_pttl:calls=(\d+)/.exec(await redis.info("commandstats"))?.[1]);
  expect(asked).toBeLessThanOrEqual(203 + Math.ceil(403 / 8));
  redis.disconnect();
}, 60_000);

it("what a server refuses is told in its own words", async () => {
  const admin = createRedis({ url: server.url, name: "test-admin", log });
  await expect.poll(() => admin.status).toBe("ready");
  await admin.acl(
    "SETUSER",
    "noslowlog",
    "on",
    ">noslowlog",
    "~*",
    "+@read",
    "+@connection",
    "+info",
    "-slowlog",
  );
  const url = `redis://noslowlog:noslowlog@${new URL(server.url).host}`;
  const redis = createRedis({ url, name: "test-refused", log });
  await expect.poll(() => redis.status).toBe("ready");
  let nowMs = systemClock.now();
  const details = createRedisDetails({
    servers: () => [{ id: "main", organization: "acme", redis, database: 0 }],
    clock: { now: () => nowMs },
    log,
  });
  await expect
    .poll(() => {
      nowMs += 16_000;
      return details.observe(makeSeen(nowMs, { leads: true })).rows[0]?.notice;
    })
    .toMatch(/The slow log cannot be read: NOPERM .*slowlog/);
  for (const each of [admin, redis]) each.disconnect();
}, 30_000);
