import { randomUUID } from "node:crypto";
import { expect, test } from "vitest";
import { createRedis } from "#lib/redis/redis.ts";
import { systemClock } from "#lib/time/clock.ts";
import { createTestRedis } from "#testing/stack.ts";
import { log, testConfig } from "../testing/gateway.fixture.ts";
import { type AttemptRef, createDoorbell, startDeliveryWorker } from "./jobs.ts";

const endpointId = randomUUID();
const makeRef = (): AttemptRef => ({ deliveryId: randomUUID(), endpointId, generation: 1, attempt: 1 });

async function start(jobs: number, deliver: (ref: AttemptRef) => Promise<void>) {
  const { url } = await createTestRedis();
  const redis = createRedis({ url, name: "test", log });
  await new Promise((resolve) => redis.once("ready", resolve));
  const blocking = createRedis({ url, name: "test-worker", log, blocking: true });
  const doorbell = createDoorbell(redis, log);
  const worker = startDeliveryWorker({
    redis: blocking,
    config: { ...testConfig, jobs },
    clock: systemClock,
    log,
    deliver: async (ref) => {
      await deliver(ref);
      return { kind: "done" };
    },
  });
  return {
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
