import { Redis } from "ioredis";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startTestApp, type TestApp } from "#testing/access-app.ts";
import { createTestDatabase, type OwnRedis, startOwnRedis } from "#testing/stack.ts";

/* Messages published on our channels by any client, and their receivers. */
const roles = { WHEELHOUSE_ROLES: "web,collector,worker" };
/** Commands to a reporting service, such as Wheelhouse itself: these names are a contract with other programs. */
const isContract = (channel: string) => channel.startsWith("wheelhouse:control:");

let server: OwnRedis;
let probe: Redis;
const apps: TestApp[] = [];
const crashes: unknown[] = [];
const crashed = (error: unknown) => crashes.push(error);

beforeAll(async () => {
  server = await startOwnRedis();
  probe = new Redis(server.url);
  for (const redisUrl of [server.url, `${server.url}/1`]) {
    const app = await startTestApp({ urls: await createTestDatabase(), redisUrl, environment: roles });
    apps.push(app);
    await app.startRoles();
  }
  process.on("uncaughtException", crashed);
}, 60_000);
afterAll(async () => {
  process.off("uncaughtException", crashed);
  probe.disconnect();
  for (const app of apps) await app.close();
  await server.dispose();
});

const channelsNow = async () => (await probe.pubsub("CHANNELS", "*")).map(String).sort();
const topicsOf = (database: number, channels: readonly string[]) =>
  channels.flatMap((channel) => channel.split(`wheelhouse:${database}:`)[1] ?? []);

/**
 * Channels with subscribers, once both installations have settled. Redis cuts a subscriber that falls too far behind,
 * so after a huge message they may have to subscribe again.
 */
async function channelsHeard(): Promise<string[]> {
  const isSettled = async () => {
    const channels = await channelsNow();
    const topics = topicsOf(0, channels);
    return topics.length >= 8 && topics.join() === topicsOf(1, channels).join();
  };
  await expect.poll(isSettled, { timeout: 15_000 }).toBe(true);
  return channelsNow();
}

const shapes: unknown[] = [
  null,
  42,
  "text",
  [],
  {},
  { id: 5 },
  { id: {}, breaker: "open" },
  { organizationId: 1, ids: "all", created: "many" },
  { sessionId: "nobody", userId: null },
  { version: 1, observer: "stranger", term: 1, observedAt: "2026-01-01T00:00:00.000Z" },
  { version: 1, observer: "stranger", term: 1, observedAt: "never", services: {}, queues: 7 },
  { __proto__: null, constructor: { prototype: {} } },
];
const garbage: [name: string, message: string | Buffer][] = [
  ["nothing", ""],
  ["no JSON", "nonsense"],
  ["cut JSON", '{"from":"x","message":{"id":'],
  ["binary", Buffer.from([0, 0xff, 0xfe, 0x80, 0x0a, 0xc3, 0x28])],
  ["huge", "x".repeat(8 * 1024 * 1024)],
  ["huge JSON", JSON.stringify({ from: "x", message: { id: "x".repeat(8 * 1024 * 1024) } })],
  ["deep JSON", "[".repeat(100_000) + "]".repeat(100_000)],
  ...shapes.flatMap((shape): [string, string][] => [
    [`bare ${JSON.stringify(shape)}`, JSON.stringify(shape)],
    [`wrapped ${JSON.stringify(shape)}`, JSON.stringify({ from: "stranger", message: shape })],
  ]),
];

test.each(garbage)("%s on any channel ends no process, and everything still answers", async (_, message) => {
  const channels = [...(await channelsHeard()), "wheelhouse:deliveries:x", "wheelhouse:breakers:changes"];
  const [it] = apps;
  for (const channel of channels) await probe.publish(channel, message);
  // Messages arrive in order: this one comes after the others.
  await probe.publish(channels[0] ?? "", "last");
  const paths = ["/health/liveness", "/health/workers", "/metrics"];
  for (const path of paths) expect((await it?.app.inject(path))?.statusCode, path).toBe(200);
  expect(crashes.splice(0)).toEqual([]);
  expect(await channelsHeard()).toEqual(channels.slice(0, -2).sort());
});

test("two installations in different databases of one Redis do not receive each other's messages", async () => {
  const channels = (await channelsHeard()).filter((channel) => !isContract(channel));
  const counted = await probe.pubsub("NUMSUB", ...channels);
  const listeners = channels.map((channel, at) => `${channel}: ${counted[2 * at + 1]}`);
  expect(listeners).toEqual(channels.map((channel) => `${channel}: 1`));
  // A pattern reaches across databases unless it names its own: one installation hears of a person's notification.
  for (const database of [0, 1])
    expect(await probe.publish(`wheelhouse:${database}:notifications:nobody`, "last")).toBe(1);
  expect(await probe.pubsub("NUMPAT")).toBe(apps.length);
});
