import { setTimeout as sleep } from "node:timers/promises";
import { createReporter } from "@wheelhouse/shared/reporter/reporter.ts";
import type { Redis } from "ioredis";
import { pino } from "pino";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type OwnRedis, startOwnRedis } from "#testing/stack.ts";
import { createOwnCaches } from "./own-caches.ts";
import { createRedis } from "./redis.ts";

const of = { tags: ["cache"], ttlMs: 60_000 };
const open: Redis[] = [];
let server: OwnRedis;
let aheadMs = 0;
const clock = { now: () => Date.now() + aheadMs };

beforeAll(async () => {
  server = await startOwnRedis();
});
afterAll(async () => {
  for (const redis of open) redis.disconnect();
  await server.dispose();
});

/** One process of Wheelhouse, and its report of its cache. */
async function startProcess(name: string) {
  const redis = createRedis({ url: server.url, name: "test-own-caches", log: pino({ level: "silent" }) });
  open.push(redis);
  await expect.poll(() => redis.status).toBe("ready");
  const caches = createOwnCaches({ redis, clock });
  const cache = caches.named(name);
  const reporter = createReporter({ redis, service: "wheelhouse", instance: String(open.length) });
  caches.report(reporter);
  const told = () => {
    const [cache] = reporter.report().caches;
    if (!cache) throw new Error("it reports no cache");
    return cache;
  };
  const hits = () => told().levels.map(({ hits }) => hits);
  return { cache, reporter, redis, told, hits };
}

test("a value is loaded once for all processes: this process hits memory, others hit Redis", async () => {
  const first = await startProcess("shared");
  const second = await startProcess("shared");
  let loads = 0;
  const load = async () => ({ loads: ++loads, values: [1, null] });
  const expected = { loads: 1, values: [1, null] };
  expect(await first.cache({ key: "cache:1", ...of }, load)).toEqual(expected);
  expect(await first.cache({ key: "cache:1", ...of }, load)).toEqual(expected);
  expect(first.hits()).toEqual([1, 0]);
  expect(await second.cache({ key: "cache:1", ...of }, load)).toEqual(expected);
  // Two caches of the same name in one process count as one only where bentocache reports loads.
  expect(second.hits()).toEqual([0, 1]);
  expect(second.told()).toMatchObject({ name: "shared", misses: 0, problem: null, tags: ["cache"] });
  expect(await first.redis.keys("wheelhouse:cache:1:shared:*")).toEqual([
    "wheelhouse:cache:1:shared:cache:1",
  ]);
  await first.reporter.close();
  await second.reporter.close();
});

test("a load error reaches the caller unchanged and is not cached", async () => {
  const { cache, reporter } = await startProcess("failing");
  const failure = new Error("Postgres is away");
  const key = { key: "cache:1", ...of };
  await expect(cache(key, () => Promise.reject(failure))).rejects.toBe(failure);
  expect(await cache(key, async () => 2)).toBe(2);
  await reporter.close();
});

test("a value that cannot be reloaded is served past its expiry", async () => {
  const { cache, reporter } = await startProcess("graced");
  const key = { key: "cache:1", tags: [], ttlMs: 1 };
  expect(await cache(key, async () => 1)).toBe(1);
  await sleep(5);
  expect(await cache(key, () => Promise.reject(new Error("Postgres is away")))).toBe(1);
  await reporter.close();
});

test("without Redis it serves from memory at once and reports it; with Redis it recovers", async () => {
  const { cache, reporter, told, hits, redis } = await startProcess("outage");
  const key = (name: string) => ({ key: `cache:${name}`, ...of });
  await cache(key("before"), async () => 1);
  await server.kill();
  await expect.poll(() => redis.status).not.toBe("ready");
  const startedMs = performance.now();
  expect(await cache(key("before"), async () => 2)).toBe(1);
  expect(await cache(key("meanwhile"), async () => 3)).toBe(3);
  expect(await cache(key("meanwhile"), async () => 4)).toBe(3);
  expect(performance.now() - startedMs).toBeLessThan(1_000);
  expect(hits()).toEqual([2, 0]);
  expect(told().problem).toMatch(/^Redis does not answer: each process serves from its own memory/);
  await server.start();
  aheadMs += 11_000;
  await expect.poll(() => told().problem, { timeout: 15_000 }).toBeNull();

  // A hanging server keeps its connections, so only a missing answer shows it.
  server.pause();
  let asked = 0;
  const ask = async () => {
    asked += 1;
    expect(await cache(key(`hanging${asked}`), async () => asked)).toBe(asked);
    return told().problem;
  };
  await expect.poll(ask).toMatch(/^Redis does not answer/);
  server.resume();
  await reporter.close();
});
