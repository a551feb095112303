import { once } from "node:events";
import { pino } from "pino";
import { afterEach, expect, test } from "vitest";
import { createChannels } from "#lib/channel.ts";
import { createRedis } from "#lib/redis/redis.ts";
import { systemClock } from "#lib/time/clock.ts";
import { makeAspects } from "#testing/aspects.ts";
import { startOwnRedis } from "#testing/stack.ts";
import { makeTick } from "#testing/tick.ts";
import { createReplication } from "./replication.ts";
import { createSnapshotStore } from "./snapshots.ts";

const log = pino({ level: "silent" });
const ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

/** A process of this version on its own Redis, and a connection that plays another version. */
async function setup() {
  const server = await startOwnRedis();
  ends.push(() => server.dispose());
  const connect = async (name: string) => {
    const redis = createRedis({ url: server.url, name, log });
    ends.push(() => redis.disconnect());
    if (redis.status !== "ready") await once(redis, "ready");
    return redis;
  };
  const [redis, other] = [await connect("own"), await connect("other")];
  const channels = createChannels({ redis, redisUrl: server.url, log });
  ends.push(() => channels.disconnect());
  const store = createSnapshotStore({
    aspects: makeAspects().aspects,
    clock: systemClock,
    intervalMs: 1_000,
  });
  const replication = createReplication({
    redis,
    subscribe: channels.subscribe,
    store,
    owner: "own",
    clock: systemClock,
    log,
  });
  const channel = "wheelhouse:0:ticks:2";
  await expect.poll(async () => other.pubsub("NUMSUB", channel)).toEqual([channel, 1]);
  return { store, replication, other, channel, connect };
}

test("a tick with another format version is ignored on every path", async () => {
  const { store, replication, other, channel } = await setup();
  const former = { version: 1, observer: "old", term: 9, observedAt: "2026-01-05T12:00:00.000Z", queues: [] };
  const send = (to: string, message: unknown) => other.publish(to, JSON.stringify({ from: "", message }));
  await send("wheelhouse:0:ticks", former);
  await other.publish("wheelhouse:snapshot:0:ticks", JSON.stringify(former));
  await other.set("wheelhouse:observe:kept", JSON.stringify({ tick: former, trends: {}, changes: [] }));
  await replication.restoreOnce();
  const tick = makeTick({ observer: "leader" });
  for (const message of [
    "nonsense",
    null,
    former,
    { ...former, version: 2 },
    { ...tick, version: 3 },
    { ...tick, rows: null },
    { ...tick, rows: { queues: 5 } },
  ])
    await send(channel, message);
  await send(channel, tick);
  await expect.poll(() => store.seq()).toBe(1);
  expect(store.tick()).toEqual(tick);
});

test("nothing is published or stored where a process of an earlier version reads", async () => {
  const { replication, other, connect } = await setup();
  const heard: string[] = [];
  const listener = await connect("listener");
  await listener.psubscribe("*");
  listener.on("pmessage", (_pattern, channel) => heard.push(channel));
  replication.publish(makeTick());
  await expect.poll(() => heard).toEqual(["wheelhouse:0:ticks:2"]);
  await expect.poll(() => other.keys("*")).toEqual(["wheelhouse:observe:kept:2"]);
});
