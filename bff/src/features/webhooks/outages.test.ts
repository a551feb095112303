import { setTimeout as delay } from "node:timers/promises";
import { listEndpoints } from "@wheelhouse/shared/webhooks/webhooks.ts";
import { expect, test, vi } from "vitest";
import { createTestDatabase, createTestRedis, startOwnPostgres, startOwnRedis } from "#testing/stack.ts";
import { webhooksKeys } from "./keys.ts";
import {
  end,
  type Gateway,
  makeEndpoint,
  makeSource,
  postEvent,
  type Source,
  startGateway,
  startReceiver,
  startWorkerProcess,
  testConfig,
} from "./testing/gateway.fixture.ts";

/** Posts as fast as the gateway responds. @returns the ids accepted with 202. */
async function postMany(source: Source, count: number, lanes = 20): Promise<string[]> {
  const accepted: string[] = [];
  let next = 0;
  await Promise.all(
    Array.from({ length: lanes }, async () => {
      while (next < count) {
        next += 1;
        const reply = await postEvent(source, `evt_${next}`);
        expect(reply.status).toBe(202);
        accepted.push(reply.id);
      }
    }),
  );
  return accepted;
}

const statuses = async (gateway: Gateway) => {
  const rows = await gateway.database.system
    .selectFrom("webhook_delivery_log")
    .select(["status", (build) => build.fn.countAll<number>().as("count")])
    .groupBy("status")
    .execute();
  return Object.fromEntries(rows.map(({ status, count }) => [status, count]));
};

test("300 events with the worker killed twice by SIGKILL: each ends completed, and an id is seen again only for an attempt marked unknown", {
  timeout: 120_000,
}, async () => {
  const [database, redis] = await Promise.all([createTestDatabase(), createTestRedis()]);
  const urls = { appUrl: database.appUrl, systemUrl: database.systemUrl, redisUrl: redis.url };
  const config = { ...testConfig, retryScheduleMs: [50, 100, 200, 400], deliveryTimeoutMs: 5_000 };
  const gateway = await startGateway(urls, config);
  const sweeper = await gateway.webhooks.start.sweeper();
  const receiver = await startReceiver();
  const source = await makeSource(gateway);
  await makeEndpoint(gateway, source.organization, receiver.url);
  const count = 300;

  let worker = await startWorkerProcess({ ...urls, config });
  const posting = postMany(source, count);
  for (const seen of [60, 160]) {
    // Not by assertions: one that fails every 2 ms takes the time of those who post and receive here.
    while (receiver.received.length <= seen) await delay(2);
    await worker.kill();
    worker = await startWorkerProcess({ ...urls, config });
  }
  const accepted = await posting;
  expect(new Set(accepted).size).toBe(count);
  await expect
    .poll(() => statuses(gateway), { timeout: 60_000, interval: 250 })
    .toEqual({ completed: count });

  const seenTimes = new Map<string, number>();
  for (const { id } of receiver.received) seenTimes.set(id, (seenTimes.get(id) ?? 0) + 1);
  expect(accepted.filter((id) => !seenTimes.has(id))).toEqual([]);
  const attempts = await gateway.database.system
    .selectFrom("webhook_attempts as a")
    .innerJoin("webhook_delivery_log as d", "d.id", "a.delivery_id")
    .select(["d.event_id", "a.outcome", "a.error_class"])
    .execute();
  const unknown = new Map<string, number>();
  for (const { event_id, outcome } of attempts)
    if (outcome === "unknown") unknown.set(event_id, (unknown.get(event_id) ?? 0) + 1);
  for (const [id, times] of seenTimes) expect(times - 1).toBeLessThanOrEqual(unknown.get(id) ?? 0);
  expect(attempts.filter(({ outcome }) => outcome === "success")).toHaveLength(count);
  expect(attempts.some(({ error_class }) => error_class === "outcome_unknown")).toBe(true);
  expect(await gateway.database.system.selectFrom("webhook_claims").selectAll().execute()).toEqual([]);

  await worker.kill();
  await end(sweeper);
  await gateway.close();
  await receiver.close();
});

test("without Redis intake keeps responding with 202, and everything is delivered when it is back", {
  timeout: 60_000,
}, async () => {
  const [database, redis] = await Promise.all([createTestDatabase(), startOwnRedis()]);
  const gateway = await startGateway({ ...database, redisUrl: redis.url });
  const worker = await gateway.webhooks.start.worker();
  const sweeper = await gateway.webhooks.start.sweeper();
  const receiver = await startReceiver();
  const source = await makeSource(gateway);
  await makeEndpoint(gateway, source.organization, receiver.url);

  await redis.kill();
  await expect.poll(() => gateway.redis.status).not.toBe("ready");
  const accepted = await postMany(source, 50, 5);
  const unsigned = await postEvent(source, "evt_bad", {}, { "webhook-signature": "v1,AAAA" });
  expect(unsigned.status).toBe(401);
  await redis.start();
  await expect.poll(() => statuses(gateway), { timeout: 30_000 }).toEqual({ completed: 50 });
  expect(new Set(receiver.received.map(({ id }) => id))).toEqual(new Set(accepted));

  await end(worker);
  await end(sweeper);
  await gateway.close();
  await receiver.close();
  await redis.dispose();
});

test("a Redis that lost everything loses no delivery", { timeout: 60_000 }, async () => {
  const [database, redis] = await Promise.all([createTestDatabase(), createTestRedis()]);
  const gateway = await startGateway({ ...database, redisUrl: redis.url });
  const receiver = await startReceiver();
  const source = await makeSource(gateway);
  await makeEndpoint(gateway, source.organization, receiver.url);
  await postMany(source, 20, 5);
  await gateway.redis.flushdb();
  const worker = await gateway.webhooks.start.worker();
  const sweeper = await gateway.webhooks.start.sweeper();
  await expect.poll(() => statuses(gateway), { timeout: 30_000 }).toEqual({ completed: 20 });
  expect(receiver.received).toHaveLength(20);
  await end(worker);
  await end(sweeper);
  await gateway.close();
  await receiver.close();
});

test("without Postgres intake responds with 503 and Retry-After, and loses nothing that it accepted", {
  timeout: 90_000,
}, async () => {
  const [postgres, redis] = await Promise.all([startOwnPostgres(), createTestRedis()]);
  const gateway = await startGateway({ ...postgres, redisUrl: redis.url });
  const worker = await gateway.webhooks.start.worker();
  const sweeper = await gateway.webhooks.start.sweeper();
  const receiver = await startReceiver();
  const source = await makeSource(gateway);
  await makeEndpoint(gateway, source.organization, receiver.url);

  const accepted: string[] = [];
  const refused: { status: number; retryAfter: number }[] = [];
  let posting = true;
  const poster = (async () => {
    for (let n = 0; posting; n += 1) {
      const reply = await postEvent(source, `evt_${n}`);
      if (reply.status === 202) accepted.push(reply.id);
      else refused.push({ status: reply.status, retryAfter: Number(reply.headers.get("retry-after")) });
      await delay(5);
    }
  })();
  await expect.poll(() => accepted.length).toBeGreaterThan(20);
  await postgres.kill();
  await expect.poll(() => refused.length, { timeout: 15_000 }).toBeGreaterThan(5);
  await postgres.start();
  const before = accepted.length;
  await expect.poll(() => accepted.length, { timeout: 30_000 }).toBeGreaterThan(before + 20);
  posting = false;
  await poster;
  for (const { status, retryAfter } of refused) {
    expect(status).toBe(503);
    expect(retryAfter).toBeGreaterThan(0);
  }
  await expect
    .poll(
      async () => {
        const seen = new Set(receiver.received.map(({ id }) => id));
        return accepted.filter((id) => !seen.has(id));
      },
      { timeout: 30_000 },
    )
    .toEqual([]);
  await expect
    .poll(async () => Object.keys(await statuses(gateway)), { timeout: 30_000 })
    .toEqual(["completed"]);

  await end(worker);
  await end(sweeper);
  await gateway.close();
  await receiver.close();
  await postgres.dispose();
});

test("a breaker change that no process was notified of is known everywhere after 10 s", async () => {
  const [database, redis] = await Promise.all([createTestDatabase(), createTestRedis()]);
  const gateway = await startGateway({ ...database, redisUrl: redis.url });
  const { organization } = await makeSource(gateway);
  const { id } = await makeEndpoint(gateway, organization, "http://127.0.0.1:9/in");
  const stateOf = async () => {
    const { items } = await gateway.call(organization, listEndpoints, {});
    return items.find((endpoint) => endpoint.id === id)?.breaker.state;
  };
  vi.useFakeTimers({ toFake: ["setInterval", "clearInterval"] });
  const running = await gateway.webhooks.start.gateway();
  const breaker = { state: "open", sinceMs: Date.now(), nextProbeAtMs: Date.now() + 60_000, failures: 5 };
  await gateway.redis.hset(webhooksKeys.breakers, id, JSON.stringify(breaker));
  expect(await stateOf()).toBe("closed");
  vi.advanceTimersByTime(10_000);
  await expect.poll(stateOf).toBe("open");
  await running.drain();
  vi.useRealTimers();
  await gateway.close();
});
