import { once } from "node:events";
import type { Redis } from "ioredis";
import { pino } from "pino";
import { afterEach, beforeEach, expect, test } from "vitest";
import { createRedis } from "#lib/redis/redis.ts";
import { createTestRedis } from "#testing/stack.ts";
import { createPushReader, createPushStore, type PushedSeries } from "./pushes.ts";
import { pushLimits } from "./store.ts";

let redis: Redis;
let nowMs: number;
const clock = { now: () => nowMs };
beforeEach(async () => {
  nowMs = Date.now();
  const { url } = await createTestRedis();
  redis = createRedis({ url, name: "test", log: pino({ level: "silent" }) });
  if (redis.status !== "ready") await once(redis, "ready");
});
afterEach(() => redis.disconnect());

const one = (value: number, timeMs: number, given: Partial<PushedSeries> = {}): PushedSeries => ({
  name: "calls_total",
  labels: new Map([["name", "pay"]]),
  value,
  timeMs,
  isDelta: false,
  intervalMs: null,
  ...given,
});
const pusher = { organization: "acme", service: "shop: eu", instance: "shop-1" };
const keep = (series: PushedSeries[], of = pusher) =>
  createPushStore({ redis }).keep(of.organization, [{ pusher: of, series }]);
/** A reader that begins anew, as a process does that takes over. */
async function read() {
  const reader = createPushReader({ redis, clock, everyMs: 0 });
  await expect
    .poll(async () => {
      await reader.poke();
      return reader.pushed().length;
    })
    .toBeGreaterThan(0);
  return reader.pushed();
}
const values = async () => (await read()).flatMap(({ samples }) => samples.map(({ value }) => value));

test("a cumulative value replaces the one before, and shows the interval", async () => {
  await keep([one(5, 1_000_000)]);
  expect(await read()).toMatchObject([
    { organization: "acme", service: "shop: eu", instance: "shop-1", intervalMs: 60_000 },
  ]);
  expect(await keep([one(7, 1_015_000)])).toEqual({ late: 0, over: 0, kept: 1 });
  const [pushed] = await read();
  expect(pushed).toMatchObject({ intervalMs: 15_000, samples: [{ name: "calls_total", value: 7 }] });
  expect(pushed?.samples[0]?.labels).toEqual(new Map([["name", "pay"]]));
});

test("what was added since the last value is added once, however often it is sent", async () => {
  const delta = { isDelta: true, intervalMs: 10_000 };
  for (const value of [5, 5]) await keep([one(value, 1_000_000, delta)]);
  await keep([one(2.5, 1_010_000, delta)]);
  expect(await keep([one(100, 1_005_000, delta)])).toMatchObject({ late: 1 });
  expect(await values()).toEqual([7.5]);
  expect(await read()).toMatchObject([{ intervalMs: 10_000 }]);
});

test("a sender whose clock was set back by more than its retries is believed again", async () => {
  await keep([one(5, 10_000_000)]);
  expect(await keep([one(6, 9_990_000)])).toMatchObject({ late: 1 });
  expect(await keep([one(8, 1_000_000)])).toMatchObject({ late: 0 });
  expect(await values()).toEqual([8]);
});

test("several requests of one interval are one instance, and one instance of each organization", async () => {
  await keep([one(1, 1_000_000)]);
  await keep([one(2, 1_000_000, { name: "other_total" })]);
  await keep([one(9, 1_000_000)], { ...pusher, organization: "other" });
  // What arrives in the millisecond of a read belongs to the next one.
  const found = async () =>
    (await read()).map(({ organization, samples }) => [organization, samples.length]).sort();
  await expect.poll(found).toEqual([
    ["acme", 2],
    ["other", 1],
  ]);
});

test("an instance that sends nothing that is wanted is not kept, and still counts as heard when it was", async () => {
  expect(await keep([])).toEqual({ late: 0, over: 0, kept: 0 });
  expect(await redis.zcard("wheelhouse:pushes")).toBe(0);
  await keep([one(1, 1_000_000)]);
  expect(await keep([])).toEqual({ late: 0, over: 0, kept: 1 });
});

test("a push of thousands of series is kept up to its limit, and what exceeds it is counted", async () => {
  const many = Array.from({ length: pushLimits.series + 10 }, (_, at) =>
    one(at, 1_000_000, { labels: new Map([["name", String(at)]]) }),
  );
  expect(await keep(many)).toMatchObject({ over: 10 });
  expect((await read())[0]?.samples).toHaveLength(pushLimits.series);
});

test("a reader reads what is new, and drops an instance a quarter of an hour after its last push", async () => {
  const reader = createPushReader({ redis, clock, everyMs: 0 });
  await keep([one(1, 1_000_000)]);
  const poked = async () => {
    await reader.poke();
    return reader.pushed();
  };
  await expect.poll(poked).toHaveLength(1);
  const [before] = reader.pushed();
  expect((await poked())[0]).toBe(before);
  await keep([one(2, 1_010_000)]);
  await expect.poll(async () => (await poked())[0]?.samples[0]?.value).toBe(2);
  nowMs += 14 * 60_000;
  expect(await poked()).toHaveLength(1);
  nowMs += 2 * 60_000;
  expect(await poked()).toEqual([]);
});
