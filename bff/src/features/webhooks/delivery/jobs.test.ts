import { randomUUID } from "node:crypto";
import { expect, test } from "vitest";
import { createRedis } from "#lib/redis/redis.ts";
import { systemClock } from "#lib/time/clock.ts";
import { createTestRedis } from "#testing/stack.ts";
import { log, testConfig } from "../testing/gateway.fixture.ts";
import type { AttemptRef } from "./attempt-ref.ts";
import { createDoorbell } from "./doorbell.ts";
import type { Deliver, Delivered } from "./hand.ts";
import { startDeliveryWorker } from "./jobs.ts";

const endpointId = randomUUID();
const done: Delivered = { kind: "done" };
const makeRef = (): AttemptRef => ({ deliveryId: randomUUID(), endpointId, generation: 1, attempt: 1 });

async function start(jobs: number, deliver: Deliver) {
  const { url } = await createTestRedis();
  const redis = createRedis({ url, name: "test", log });
  await new Promise((resolve) => redis.once("ready", resolve));
  const blocking = createRedis({ url, name: "test-worker", log, blocking: true });
  const doorbell = createDoorbell(redis, log);
  const worker = startDeliveryWorker({
    redis: blocking,
    doorbell,
    config: { ...testConfig, jobs },
    clock: systemClock,
    log,
    deliver,
  });
  return {
    pass: doorbell.pass,
    remind: doorbell.remind,
    drain: worker.drain,
    jobs: async () => (await redis.keys("*:webhook-delivery:*_1_1")).map((key) => key.split(":").at(-1)),
    ring: (count: number) =>
      doorbell.ring(Array.from({ length: count }, () => ({ ...makeRef(), delayMs: 0 }))),
    async stop() {
      await worker.drain();
      await worker.stop();
      await doorbell.close();
      blocking.disconnect();
      redis.disconnect();
    },
  };
}

test("a job starts at once, however many more arrive meanwhile", async () => {
  let started = 0;
  const { ring, stop } = await start(1_000, async () => {
    started += 1;
    return done;
  });
  let rung = 0;
  while (started === 0 && rung < 5_000) {
    await ring(20);
    rung += 20;
  }
  expect(started).toBeGreaterThan(0);
  expect(rung).toBeLessThan(900);
  await stop();
});

test("a worker never holds more jobs than it may, and takes the next as soon as one ends", async () => {
  const open: (() => void)[] = [];
  let started = 0;
  const { ring, stop } = await start(5, async () => {
    started += 1;
    await new Promise<void>((resolve) => open.push(resolve));
    return done;
  });
  await ring(12);
  await expect.poll(() => started).toBe(5);
  for (let ended = 1; ended <= 12; ended += 1) {
    open.shift()?.();
    await expect.poll(() => started).toBe(Math.min(12, 5 + ended));
    expect(open.length).toBeLessThanOrEqual(5);
  }
  await stop();
});

test("new attempts start in their own process without a job, in a quarter of its places; the rest get jobs", async () => {
  const open: (() => void)[] = [];
  const started: string[] = [];
  const { pass, remind, jobs, stop } = await start(8, async ({ deliveryId }) => {
    started.push(deliveryId);
    await new Promise<void>((resolve) => open.push(resolve));
    return done;
  });
  const refs = Array.from({ length: 5 }, makeRef);
  const passed = pass(refs);
  expect(started).toEqual(refs.slice(0, 2).map(({ deliveryId }) => deliveryId));
  await passed;
  await expect.poll(() => started.length).toBe(5);
  const queued = refs.slice(2).map(({ deliveryId }) => `${deliveryId}_1_1`);
  expect((await jobs()).sort()).toEqual(queued.sort());
  // What is under way here is not rung for again.
  await remind(refs);
  expect((await jobs()).length).toBe(3);
  for (const one of open) one();
  await expect.poll(jobs).toEqual([]);
  expect(started).toHaveLength(5);
  await stop();
});

test("an attempt that was passed on gets a job when it has to wait, also because its worker closes", async () => {
  let isFirst = true;
  const { pass, jobs, drain, stop } = await start(40, async (_ref, { closing }) => {
    if (isFirst) {
      isFirst = false;
      return { kind: "later", atMs: Date.now() + 60_000 };
    }
    await new Promise<void>((resolve) => closing.addEventListener("abort", () => resolve(), { once: true }));
    return { kind: "later", atMs: Date.now() };
  });
  const [waits = makeRef(), closes = makeRef(), late = makeRef()] = Array.from({ length: 3 }, makeRef);
  await pass([waits]);
  await expect.poll(jobs).toEqual([`${waits.deliveryId}_1_1`]);
  await pass([closes]);
  await drain();
  await pass([late]);
  const ids = [waits, closes, late].map(({ deliveryId }) => `${deliveryId}_1_1`);
  expect((await jobs()).sort()).toEqual(ids.sort());
  await stop();
});
