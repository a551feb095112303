import { afterAll, beforeAll, expect, test } from "vitest";
import { startTestApp, type TestApp } from "#testing/access-app.ts";
import { type OwnPostgres, type OwnRedis, startOwnPostgres, startOwnRedis } from "#testing/stack.ts";

let postgres: OwnPostgres;
let redis: OwnRedis;
let it: TestApp;
beforeAll(async () => {
  [postgres, redis] = await Promise.all([startOwnPostgres(), startOwnRedis()]);
  it = await startTestApp({ urls: postgres, redisUrl: redis.url });
});
afterAll(async () => {
  await it.close();
  await Promise.all([postgres.dispose(), redis.dispose()]);
});

const statusOf = async (path: string) => (await it.app.inject({ url: path })).statusCode;

test("a process serves from its first snapshot on, also while Postgres and Redis are stopped", async () => {
  expect(await statusOf("/health/serving")).toBe(503);
  await it.startRoles();
  const within = { timeout: 15_000 };
  await expect.poll(() => statusOf("/health/serving"), within).toBe(200);
  await expect.poll(() => statusOf("/health/readiness"), within).toBe(200);
  await postgres.stop();
  await expect.poll(() => statusOf("/health/readiness"), within).toBe(503);
  expect(await statusOf("/health/serving")).toBe(200);
  await redis.stop();
  expect(await statusOf("/health/serving")).toBe(200);
  await Promise.all([postgres.start(), redis.start()]);
  await expect.poll(() => statusOf("/health/readiness"), within).toBe(200);
  expect(await statusOf("/health/serving")).toBe(200);
}, 90_000);
