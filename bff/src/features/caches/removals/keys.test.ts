import { Redis } from "ioredis";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createTestRedis } from "#testing/stack.ts";
import { countKeys, removeSome } from "./keys.ts";

let redis: Redis;
beforeAll(async () => {
  redis = new Redis((await createTestRedis()).url);
  const keys = Array.from({ length: 6_000 }, (_, at) => [at % 3 === 0 ? `page:${at}` : `other:${at}`, "x"]);
  await redis.mset(keys.flat());
});
afterAll(() => redis.disconnect());

const range = { by: "prefix", prefix: "page:", value: "" } as const;

test("what cannot be counted in time is extrapolated, and marked as an estimate", async () => {
  const estimate = await countKeys(redis, range, 0);
  expect(estimate).toMatchObject({ isEstimate: true, totalKeys: 6_000 });
  expect(estimate.looked).toBeLessThan(6_000);
  expect(estimate.count).toBeGreaterThan(500);
  expect(estimate.count).toBeLessThan(6_000);
  expect(await countKeys(redis, range, 10_000)).toMatchObject({ count: 2_000, isEstimate: false });
});

test("keys are removed in small steps, all of them in the end and no other", async () => {
  let place: string | null = "0";
  let [steps, removed] = [0, 0];
  while (place !== null) {
    const step = await removeSome(redis, range, place);
    place = step.place;
    steps += 1;
    removed += step.removed;
    expect(step.removed).toBeLessThan(400);
  }
  expect(steps).toBeGreaterThan(10);
  expect([removed, await redis.dbsize()]).toEqual([2_000, 4_000]);
});
