import { controlKey, repliesKey } from "@wheelhouse/shared/reporter/control.ts";
import { reportKeyOf, reportsKey } from "@wheelhouse/shared/reporter/report.ts";
import { createReporter, type ReporterOptions } from "@wheelhouse/shared/reporter/reporter.ts";
import { ConsecutiveBreaker, circuitBreaker, handleAll } from "cockatiel";
import { Redis } from "ioredis";
import CircuitBreaker from "opossum";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { systemClock } from "#lib/time/clock.ts";
import { createTestRedis, startOwnRedis } from "#testing/stack.ts";
import { createReports } from "./reader.ts";

const log = { warn: vi.fn() };
const ends: (() => unknown)[] = [];
let url: string;
let redis: Redis;
let subscriber: Redis;

const connect = (url: string) => {
  const connection = new Redis(url, {
    maxRetriesPerRequest: 0,
    enableOfflineQueue: false,
    retryStrategy: () => 50,
  });
  connection.on("error", () => {});
  ends.push(() => connection.disconnect());
  return new Promise<Redis>((resolve) => {
    connection.once("ready", () => resolve(connection));
  });
};
const reporterOf = (service: string, instance: string, options: Partial<ReporterOptions> = {}) => {
  const made = createReporter({ redis, subscriber, service, instance, intervalMs: 200, ...options });
  ends.push(() => made.close());
  return made;
};
const breakerOf = (name: string) => {
  const made = new CircuitBreaker(
    async (fails: boolean) => (fails ? Promise.reject(new Error("no")) : "yes"),
    {
      name,
      resetTimeout: 60_000,
      volumeThreshold: 1,
    },
  );
  ends.push(() => made.shutdown());
  return made;
};
const sampler = (on: Redis = redis) =>
  createReports({ sources: () => [{ id: "primary", redis: on }], clock: systemClock, everyMs: 0, log });
const look = async (reports: ReturnType<typeof sampler>) => {
  await reports.poke();
  return reports.reports().get("primary") ?? [];
};

beforeEach(async () => {
  ({ url } = await createTestRedis());
  redis = await connect(url);
  subscriber = await connect(url);
  log.warn.mockClear();
});
afterEach(async () => {
  for (const end of ends.splice(0).toReversed()) await end();
});

test("breakers of opossum and cockatiel are reported, at once when one opens", async () => {
  const reporter = reporterOf("payments", "a:1", { intervalMs: 60_000 });
  const opossum = breakerOf("charge-card");
  reporter.opossum(opossum);
  reporter.cockatiel(
    "rates",
    circuitBreaker(handleAll, { halfOpenAfter: 100, breaker: new ConsecutiveBreaker(1) }),
  );
  const reports = sampler();
  const states = async () =>
    (await look(reports)).flatMap(({ breakers }) => breakers.map(({ name, state }) => `${name} ${state}`));
  await expect.poll(states).toEqual(["charge-card closed", "rates closed"]);
  await opossum.fire(true).catch(() => {});
  await expect.poll(states, { timeout: 2_000 }).toContain("charge-card open");
});

test("its age is measured on the server's clock, whatever the service's own clock says", async () => {
  reporterOf("payments", "late", { now: () => Date.now() - 3_600_000 });
  const reports = sampler();
  await expect.poll(() => look(reports)).toHaveLength(1);
  const [seen] = await look(reports);
  expect(Math.abs(Date.parse(seen?.reportedAt ?? "") - Date.now())).toBeLessThan(2_000);
});

test("an unreadable report is skipped, logged once, and does not affect the others", async () => {
  reporterOf("payments", "good");
  await redis.zadd(reportsKey, Date.now() + 10, "payments:bad", Date.now() + 10, "payments:liar");
  await redis.set(reportKeyOf("payments:bad"), "{not json");
  const reports = sampler();
  await expect.poll(() => look(reports)).toHaveLength(1);
  const good = await redis.get(reportKeyOf("payments:good"));
  await redis.set(reportKeyOf("payments:liar"), good ?? "");
  await redis.zadd(reportsKey, Date.now() + 20, "payments:liar");
  for (let looks = 0; looks < 3; looks += 1) expect(await look(reports)).toHaveLength(1);
  expect(log.warn).toHaveBeenCalledTimes(2);
});

test("an instance that dies stays with its last report; one that leaves is gone", async () => {
  const dying = await connect(url);
  reporterOf("payments", "dies", { redis: dying });
  const leaves = reporterOf("payments", "leaves");
  const reports = sampler();
  const instances = async () => (await look(reports)).map(({ instance }) => instance).sort();
  await expect.poll(instances).toEqual(["dies", "leaves"]);
  dying.disconnect();
  await leaves.close();
  await expect.poll(() => redis.exists(reportKeyOf("payments:dies")), { timeout: 3_000 }).toBe(0);
  expect(await instances()).toEqual(["dies"]);
});

test("2 000 reports are read in calls of a few milliseconds, and unchanged ones are not read at all", async () => {
  const text = JSON.stringify({
    version: 1,
    service: "s",
    instance: "i",
    reportedAt: new Date().toISOString(),
    intervalMs: 1_000,
    breakers: [],
    caches: [],
    padding: "x".repeat(2_000),
  });
  const pipeline = redis.pipeline();
  for (let at = 0; at < 2_000; at += 1) {
    const member = `s${at}:i`;
    pipeline
      .set(reportKeyOf(member), text.replace('"s"', `"s${at}"`))
      .zadd(reportsKey, 1_000 + (at % 7), member);
  }
  await pipeline.exec();
  const reports = sampler();
  expect(await look(reports)).toHaveLength(2_000);
  const cpuMs = async () => {
    const info = await redis.info("cpu");
    const used = [...info.matchAll(/used_cpu_(?:sys|user)_main_thread:([\d.]+)/g)];
    return used.reduce((sum, [, seconds]) => sum + 1_000 * Number(seconds), 0);
  };
  // Server time, because on a busy machine the slow log also counts the time that the server spends waiting.
  const costMs = async (look: () => Promise<unknown>) => {
    const beforeMs = await cpuMs();
    await look();
    return (await cpuMs()) - beforeMs;
  };
  const calls = 2_000 / 200 + 1;
  await expect.poll(() => costMs(() => look(sampler())), { timeout: 5_000 }).toBeLessThan(calls * 5);
  await expect.poll(() => costMs(() => look(reports)), { timeout: 5_000 }).toBeLessThan(5);
});

test("an outage of Redis does not disturb the program, and the newest report follows once Redis is back", async () => {
  const server = await startOwnRedis();
  ends.push(() => server.dispose());
  const own = await connect(server.url);
  const problems: unknown[] = [];
  const reporter = createReporter({
    redis: own,
    service: "payments",
    instance: "a",
    intervalMs: 200,
    onProblem: (problem) => problems.push(problem),
  });
  ends.push(() => reporter.close());
  const breaker = breakerOf("charge-card");
  reporter.opossum(breaker);
  const reports = sampler(own);
  await expect.poll(() => look(reports)).toHaveLength(1);
  await server.kill();
  await expect.poll(() => problems.length, { timeout: 5_000 }).toBe(1);
  await breaker.fire(true).catch(() => {});
  await server.start();
  await expect
    .poll(async () => (await look(reports))[0]?.breakers[0]?.state, { timeout: 5_000 })
    .toBe("open");
  expect(problems).toHaveLength(2);
  expect(problems[1]).toBeNull();
});

test("a command without a notification is received with the next report, once, and answered", async () => {
  const breaker = breakerOf("charge-card");
  const reporter = createReporter({ redis, service: "payments", instance: "a", intervalMs: 200 });
  ends.push(() => reporter.close());
  reporter.opossum(breaker);
  const opened = vi.fn();
  breaker.on("open", opened);
  const command = (id: string, ordinal: number, act: object) =>
    redis.zadd(
      controlKey("payments"),
      Date.now() + 10_000,
      JSON.stringify({ version: 1, id, ordinal, service: "payments", instances: null, act }),
    );
  const id = (last: number) => `01900000-0000-7000-8000-00000000000${last}`;
  await command(id(1), 7, { kind: "breaker", breaker: "charge-card", command: "open" });
  const replyTo = async (last: number) => JSON.parse((await redis.hget(repliesKey(id(last)), "a")) ?? "null");
  await expect.poll(() => replyTo(1)).toMatchObject({ outcome: "obeyed", detail: "Forced open" });
  await command(id(2), 6, { kind: "breaker", breaker: "charge-card", command: "close" });
  await command(id(3), 8, { kind: "breaker", breaker: "elsewhere", command: "open" });
  await command(id(4), 9, { kind: "cache.invalidate", cache: "none", by: "key", value: "x", preview: false });
  await expect.poll(() => replyTo(4)).toMatchObject({ outcome: "refused" });
  expect(await replyTo(2)).toMatchObject({
    outcome: "refused",
    detail: "A newer command was applied before this one",
  });
  expect(await replyTo(3)).toMatchObject({ detail: "This instance has no such breaker" });
  expect(opened).toHaveBeenCalledTimes(1);
});
