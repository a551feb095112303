import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Queue } from "bullmq";
import { Redis } from "ioredis";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startTestApp, type TestApp } from "#testing/access-app.ts";
import { signInAs } from "#testing/access-client.ts";
import { bulk, startRedisProxy } from "#testing/redis-proxy.fixture.ts";
import { createTestDatabase, createTestRedis, type OwnRedis, startOwnRedis } from "#testing/stack.ts";

/** What a hosted server reports: the version, memory, and nothing that is judged beyond. */
const shortInfo = [
  "# Server",
  "redis_version:6.2.3",
  "uptime_in_seconds:100",
  "",
  "# Memory",
  "used_memory:4131456",
  "used_memory_human:3.94M",
  "mem_allocator:x",
  "",
  "# Keyspace",
  "db0:keys=3,expires=0,avg_ttl=0",
  "",
].join("\r\n");

let it: TestApp;
let strangers: OwnRedis;
let operator: Redis;
let viewer: Awaited<ReturnType<typeof signInAs>>;
const ends: (() => unknown)[] = [];

beforeAll(async () => {
  const [urls, own] = await Promise.all([createTestDatabase(), createTestRedis()]);
  strangers = await startOwnRedis();
  operator = new Redis(strangers.url);
  const queue = new Queue("orders", { connection: { url: strangers.url } });
  await queue.add("order", {});
  await queue.close();
  await operator.lpush("jobs:mail", "1", "2");
  await operator.mset("bull:resize:id", "1", "bull:resize:stalled-check", "1");
  await operator.acl("SETUSER", "noscan", "on", ">noscan", "~*", "+@read", "+@connection", "+info", "-scan");
  const cloud = await startRedisProxy(strangers.url, ([name = "", word = ""]) => {
    const command = name.toUpperCase();
    if (command === "INFO") return bulk(shortInfo);
    if (command === "CLIENT" && /list/i.test(word)) return "-NOPERM User watcher has no permissions\r\n";
    if (command.endsWith("_RO"))
      return `-ERR Command is not available: '${name}'. See the compatibility page\r\n`;
    return /^(CONFIG|SLOWLOG|LATENCY|MEMORY)$/.test(command) ? `-ERR unknown command '${name}'\r\n` : null;
  });
  const clustered = await startRedisProxy(strangers.url, ([name = ""]) =>
    /^(INFO|HELLO|CLIENT|AUTH|SELECT)$/i.test(name) ? null : "-CLUSTERDOWN The cluster is down\r\n",
  );
  const { host } = new URL(strangers.url);
  const file = join(mkdtempSync(join(tmpdir(), "wheelhouse-sources-")), "wheelhouse.yaml");
  const entry = (id: string, url: string) =>
    `  - { id: ${id}, url: "${url}", organization: northwind, timeout: 5s }\n`;
  writeFileSync(
    file,
    `redis:\n${entry("cloud", cloud.url)}${entry("noscan", `redis://noscan:noscan@${host}`)}${entry("clustered", clustered.url)}${entry("nodb", `${strangers.url}/99999`)}`,
  );
  it = await startTestApp({ urls, redisUrl: own.url, environment: { WHEELHOUSE_CONFIG: file } });
  await it.startRoles();
  viewer = await signInAs(it, "viewer");
  ends.push(cloud.stop, clustered.stop);
});
afterAll(async () => {
  await it.close();
  operator.disconnect();
  for (const end of ends) end();
  await strangers.dispose();
});

const read = async (path: string) => (await viewer.call("GET", path)).json();
const serverOf = async (id: string) =>
  (await read("/caches/servers")).items.find(({ server }: { server: { id: string } }) => server.id === id)
    ?.server;
const queuesOf = async (source: string) =>
  (await read("/queues")).items.filter((queue: { source: string }) => queue.source === source);

test("what a hosted server does not report is unknown in list, tile, history and verdict", async () => {
  await expect.poll(async () => (await serverOf("cloud"))?.state, { timeout: 20_000 }).toBe("ok");
  const { redis, cause } = await serverOf("cloud");
  expect(cause).toBeNull();
  const { version, usedMemoryBytes, uptimeSeconds, ...rest } = redis;
  expect({ version, usedMemoryBytes, uptimeSeconds }).toEqual({
    version: "6.2.3",
    usedMemoryBytes: 4_131_456,
    uptimeSeconds: 100,
  });
  expect(Object.entries(rest).filter(([, value]) => value !== null)).toEqual([]);
  const { tiles, problems } = await read("/overview");
  expect(tiles.redis.evictionPolicy).toMatch(/^noeviction, \d not reported$/);
  expect(tiles.redis.opsPerSecond).toBeNull();
  expect(problems.filter(({ subject }: { subject: string }) => subject === "Redis cloud")).toEqual([]);
  const metrics = ["usedMemoryBytes", "connectedClients", "opsPerSecond", "maxClients"];
  const from = new Date(Date.now() - 600_000).toISOString();
  const query = `kind=server&id=cloud&metrics=${metrics.join(",")}&from=${from}&to=${new Date(Date.now() + 60_000).toISOString()}`;
  // What INFO tells is kept; what it does not tell has gaps, beside it and at the same moments.
  const kept = async () => {
    const { series } = await read(`/history/series?${query}`);
    return Object.fromEntries(
      series.map(({ metric, values }: { metric: string; values: (number | null)[] }) => [
        metric,
        [...new Set(values.filter((value) => value !== null))],
      ]),
    );
  };
  await expect
    .poll(kept, { timeout: 20_000 })
    .toEqual({ usedMemoryBytes: [4_131_456], connectedClients: [], opsPerSecond: [], maxClients: [] });
}, 40_000);

test("its queues are read with the scripts that it takes, and those of other systems are named", async () => {
  await expect.poll(async () => (await queuesOf("cloud")).length, { timeout: 20_000 }).toBe(1);
  expect(await queuesOf("cloud")).toMatchObject([{ name: "orders", counts: { waiting: 1 }, workers: null }]);
  const others = async () =>
    (await read("/queues")).others
      .filter((queue: { source: string }) => queue.source === "cloud")
      .map((queue: { system: string; name: string; depth: number | null }) => [
        queue.system,
        queue.name,
        queue.depth,
      ]);
  await expect.poll(others, { timeout: 20_000 }).toEqual([
    ["List", "jobs:mail", 2],
    ["Bull 3 or 4", "resize", null],
  ]);
}, 40_000);

test("a server that refuses SCAN says so on Queues, in its own row and on Overview", async () => {
  const reason = /^Not all queues can be found: NOPERM .*scan/;
  const told = async () =>
    (await read("/queues")).undiscovered.find(({ source }: { source: string }) => source === "noscan");
  await expect
    .poll(told, { timeout: 20_000 })
    .toMatchObject({ name: "Redis noscan", cause: expect.stringMatching(reason) });
  await expect
    .poll(() => serverOf("noscan"), { timeout: 20_000 })
    .toMatchObject({
      state: "ok",
      notice: expect.stringMatching(reason),
    });
  const problem = async () =>
    (await read("/overview")).problems.find(({ subject }: { subject: string }) => subject === "Redis noscan");
  await expect.poll(problem, { timeout: 20_000 }).toMatchObject({
    state: "unknown",
    title: "not all its queues can be found",
    cause: expect.stringMatching(reason),
  });
}, 60_000);

test("a cluster that is down says so in its own words, and is never called silent", async () => {
  const told = async () =>
    (await read("/queues")).undiscovered.find(({ source }: { source: string }) => source === "clustered")
      ?.cause;
  await expect.poll(told, { timeout: 20_000 }).toMatch(/CLUSTERDOWN The cluster is down/);
  expect((await serverOf("clustered")).state).not.toBe("down");
}, 30_000);

test("a database that does not exist is unknown with the server's words, and nothing is read from another one", async () => {
  await expect
    .poll(() => serverOf("nodb"), { timeout: 20_000 })
    .toMatchObject({ state: "unknown", cause: expect.stringMatching(/Database 99999: ERR/) });
  expect(await queuesOf("nodb")).toEqual([]);
  expect((await read("/queues")).others.some(({ source }: { source: string }) => source === "nodb")).toBe(
    false,
  );
}, 30_000);
