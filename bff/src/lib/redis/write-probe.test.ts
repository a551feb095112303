import { Redis } from "ioredis";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { type OwnRedis, startOwnRedis } from "#testing/stack.ts";
import { probeWrite } from "./write-probe.ts";

let server: OwnRedis;
let redis: Redis;
beforeAll(async () => {
  server = await startOwnRedis();
  redis = new Redis(server.url);
});
beforeEach(async () => {
  await redis.replicaof("NO", "ONE");
  await redis.config("SET", "maxmemory", "0");
});
afterAll(async () => {
  redis.disconnect();
  await server.stop();
});

test("a server that takes writes passes, and the key of the probe expires", async () => {
  await probeWrite(redis);
  expect(await redis.pttl("wheelhouse:write-probe")).toBeGreaterThan(0);
});

test("a full server is noticed although it answers PING", async () => {
  await redis.config("SET", "maxmemory-policy", "noeviction");
  await redis.config("SET", "maxmemory", "1");
  expect(await redis.ping()).toBe("PONG");
  await expect(probeWrite(redis)).rejects.toThrow(/^OOM/);
});

test("a read-only replica is noticed although it answers PING", async () => {
  await redis.replicaof("127.0.0.1", "1");
  expect(await redis.ping()).toBe("PONG");
  await expect(probeWrite(redis)).rejects.toThrow(/^READONLY/);
});
