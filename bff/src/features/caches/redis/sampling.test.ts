import { pino } from "pino";
import { afterAll, beforeAll, expect, it } from "vitest";
import { createRedis } from "#lib/redis/redis.ts";
import { systemClock } from "#lib/time/clock.ts";
import { type OwnRedis, startOwnRedis } from "#testing/stack.ts";
import { makeSeen } from "#testing/tick.ts";
import { sampleOnce } from "../testing/sampling.fixture.ts";
import { createRedisDetails } from "./details.ts";

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
