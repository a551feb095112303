import { Redis } from "ioredis";
import { pino } from "pino";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { createRedis } from "#lib/redis/redis.ts";
import { systemClock } from "#lib/time/clock.ts";
import { type Answer, bulk, startRedisProxy } from "#testing/redis-proxy.fixture.ts";
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
  await server.dispose();
});

const watch = (url: string) => {
  const redis = createRedis({ url, name: "test", log: pino({ level: "silent" }), timeoutMs: 3_000 });
  onTestFinished(() => redis.disconnect());
  return createRedisSource({ redis, clock: systemClock });
};
const readingOf = (url: string) => {
  const source = watch(url);
  return expect.poll(() => source.sample().catch(() => null), { timeout: 5_000 });
};
const as = (credentials: string) => `redis://${credentials}@${new URL(server.url).host}`;
/** A server that answers some commands in its own way. */
const behind = async (answer: Answer) => {
  const proxy = await startRedisProxy(server.url, answer);
  onTestFinished(() => proxy.stop());
  return proxy.url;
};
/** What the real server tells, with some fields changed. */
const informing = async (fields: Record<string, string>) => {
  const told = await admin.info();
  const changed = Object.entries(fields).reduce(
    (text, [name, value]) =>
      new RegExp(`^${name}:`, "m").test(text)
        ? text.replace(new RegExp(`^${name}:[^\r]*`, "m"), `${name}:${value}`)
        : `${text}${name}:${value}\r\n`,
    told,
  );
  return behind(([name]) => (name?.toUpperCase() === "INFO" ? bulk(changed) : null));
};

test("a server that refuses INFO is unknown with its own reason, not down", async () => {
  await readingOf(as(`watcher:${encodeURIComponent("p@ss/w:#%1")}`)).toMatchObject({
    state: "unknown",
    cause: expect.stringMatching(/^Access refused: NOPERM .*info/i),
    roundTripMs: null,
    figures: { connectedClients: null, evictionPolicy: null, persistenceOk: null },
  });
});

test("a server that refuses a password is unknown, and the password is named as the reason", async () => {
  await readingOf(as("watcher:wrong")).toMatchObject({
    state: "unknown",
    cause: expect.stringMatching(/^Wrong user or password: WRONGPASS/),
  });
});

test("a database that does not exist is unknown with the server's words", async () => {
  await readingOf(`${server.url}/99999`).toMatchObject({
    state: "unknown",
    cause: expect.stringMatching(/^The database cannot be selected: Database 99999: ERR/),
  });
});

test.each([
  ["LOADING Redis is loading the dataset in memory", "degraded", "Loading its data"],
  ["MASTERDOWN Link with MASTER is down", "degraded", "The connection to the primary is lost"],
  ["CLUSTERDOWN The cluster is down", "degraded", "The cluster is down"],
  ["MISCONF Redis is configured to save RDB snapshots", "degraded", "Writes are refused"],
  ["READONLY You can't write against a read only replica.", "degraded", "Writes are refused"],
  ["OOM command not allowed when used memory > 'maxmemory'.", "degraded", "Writes are refused"],
  ["BUSY Redis is busy running a script.", "degraded", "A script blocks it"],
  ["ERR Command is not available: 'INFO'", "unknown", "Access refused"],
])("a server that answers %s is %s in its own words, never silent", async (words, state, meaning) => {
  const url = await behind(([name]) => (name?.toUpperCase() === "INFO" ? `-${words}\r\n` : null));
  await readingOf(url).toMatchObject({ state, cause: `${meaning}: ${words}`, roundTripMs: null });
});

test("a server that loads its data is degraded and says so, though it takes no other command", async () => {
  const url = await informing({ loading: "1" });
  await readingOf(url).toMatchObject({ state: "degraded", cause: "Loading its data after a restart" });
});

test.each([
  [
    { maxmemory: "1000", maxmemory_policy: "noeviction" },
    "Writes are refused: the memory limit is reached and nothing is evicted",
  ],
  [
    { aof_enabled: "1", aof_last_write_status: "err" },
    "Writes are refused: the append-only file cannot be written",
  ],
  [{ rdb_last_bgsave_status: "err" }, "Writes are refused: the last snapshot to disk failed"],
])("a server that refuses writes is noticed by what it reports: %j", async (fields, cause) => {
  await readingOf(await informing(fields)).toMatchObject({ state: "degraded", cause });
});

test("after a failed snapshot, a server that does not say whether it takes writes is not said to refuse them", async () => {
  const told = `${await admin.info()}rdb_last_bgsave_status:err\r\n`;
  const url = await behind(([name]) => {
    if (name?.toUpperCase() === "INFO") return bulk(told);
    return name?.toUpperCase() === "CONFIG" ? "-NOPERM User default has no permissions\r\n" : null;
  });
  await readingOf(url).toMatchObject({
    cause: "The last snapshot to disk failed: writes are refused unless stop-writes-on-bgsave-error is off",
  });
});

test("a replica that takes no writes is ok and says so, and nothing is written to any server", async () => {
  const url = await informing({ role: "slave", slave_read_only: "1", master_link_status: "up" });
  await admin.config("RESETSTAT");
  await readingOf(url).toMatchObject({ state: "ok", notice: "A read-only replica: it refuses writes" });
  expect(await admin.info("commandstats")).not.toMatch(/cmdstat_(set|del|hset|eval)/);
});

test("an INFO without any field that is judged gives no verdict", async () => {
  const url = await behind(([name]) =>
    name?.toUpperCase() === "INFO" ? bulk("# Vendor\r\nvendor_build:7\r\n") : null,
  );
  await readingOf(url).toMatchObject({
    state: "unknown",
    cause: "INFO reports none of the fields that are judged",
    figures: { version: null, usedMemoryBytes: null },
  });
});

test("a server that wants a password and got none is unknown with its own reason", async () => {
  await admin.config("SET", "requirepass", "secret");
  await readingOf(server.url).toMatchObject({
    state: "unknown",
    cause: expect.stringMatching(/^Access refused: NOAUTH/),
  });
});
