import { Redis } from "ioredis";
import { pino } from "pino";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { createRedis } from "#lib/redis/redis.ts";
import { systemClock } from "#lib/time/clock.ts";
import { type OwnRedis, startOwnRedis } from "#testing/stack.ts";
import { createRedisSource } from "./redis-source.ts";

let server: OwnRedis;
let admin: Redis;
beforeAll(async () => {
  server = await startOwnRedis();
  admin = new Redis(server.url);
  await admin.acl("SETUSER", "watcher", "on", ">p@ss/w:#%1", "~*", "+@read", "+@connection", "-info");
});
afterAll(async () => {
  admin.disconnect();
  await server.stop();
});

const watch = (credentials: string) => {
  const redis = createRedis({
    url: `redis://${credentials}@${new URL(server.url).host}`,
    name: "test",
    log: pino({ level: "silent" }),
  });
  onTestFinished(() => redis.disconnect());
  return createRedisSource({ redis, clock: systemClock });
};
const readingOf = (credentials: string) => {
  const source = watch(credentials);
  return expect.poll(() => source.sample().catch(() => null), { timeout: 5_000 });
};

test("a server that refuses INFO is unknown with its own reason, not down", async () => {
  await readingOf(`watcher:${encodeURIComponent("p@ss/w:#%1")}`).toMatchObject({
    state: "unknown",
    cause: expect.stringMatching(/^Access refused: NOPERM .*info/i),
    roundTripMs: null,
    figures: { connectedClients: null, evictionPolicy: null, persistenceOk: null },
  });
});

test("a server that refuses a password is unknown, and the password is named as the reason", async () => {
  await readingOf("watcher:wrong").toMatchObject({
    state: "unknown",
    cause: expect.stringMatching(/^Wrong user or password: WRONGPASS/),
  });
});
