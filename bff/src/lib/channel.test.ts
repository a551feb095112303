import { type Logger, pino } from "pino";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { z } from "zod";
import { createRedis } from "#lib/redis/redis.ts";
import { type OwnRedis, startOwnRedis } from "#testing/stack.ts";
import { createChannels } from "./channel.ts";

const silent = pino({ level: "silent" });
const ends: (() => void)[] = [];
let server: OwnRedis;

beforeAll(async () => {
  server = await startOwnRedis();
});
afterEach(() => {
  for (const end of ends.splice(0).reverse()) end();
});
afterAll(() => server.dispose());

/** A process that receives numbers; its handler throws for each text in the refused list. */
async function processOn(path: string, log: Logger = silent) {
  const redisUrl = server.url + path;
  const redis = createRedis({ url: redisUrl, name: "test-publisher", log: silent });
  const channels = createChannels({ redis, redisUrl, log });
  ends.push(
    () => redis.disconnect(),
    () => channels.disconnect(),
  );
  const heard: number[] = [];
  let listenings = 0;
  const channel = channels.subscribe({
    topic: "numbers",
    message: z.object({ number: z.number() }),
    onMessage({ number }) {
      if (number < 0) throw new Error("negative");
      heard.push(number);
    },
    onListening() {
      listenings += 1;
    },
  });
  await expect.poll(() => listenings).toBe(1);
  await expect.poll(() => redis.status).toBe("ready");
  return { ...channel, channels, redis, heard, listenings: () => listenings };
}

test("a message reaches every other process of the same database, however its URL names it, and no other", async () => {
  const teller = await processOn("/1");
  const same = [await processOn("/1"), await processOn("?db=1")];
  const others = [await processOn(""), await processOn("/2"), await processOn("?db=3")];
  for (const number of [1, 2]) teller.publish({ number });
  for (const { heard } of same) await expect.poll(() => heard).toEqual([1, 2]);
  // These messages arrive after any that they might have received by mistake.
  for (const { publish } of [...others, ...same]) publish({ number: 3 });
  await expect.poll(() => same[0]?.heard).toEqual([1, 2, 3]);
  await expect.poll(() => teller.heard).toEqual([3, 3]);
  for (const { heard } of others) expect(heard).toEqual([]);
});

test("malformed messages and a throwing handler end nothing, and are logged once a minute", async () => {
  const lines: string[] = [];
  const log = pino({ level: "warn" }, { write: (line: string) => lines.push(line) });
  const { name, heard, redis } = await processOn("", log);
  const bad = [
    "",
    "nonsense",
    "[]",
    '{"from":"x"}',
    '{"from":"x","message":{"number":"1"}}',
    "1".repeat(70_000),
  ];
  for (const text of bad) await redis.publish(name, text);
  await redis.publish(name, JSON.stringify({ from: "x", message: { number: -1 } }));
  await redis.publish(name, JSON.stringify({ from: "x", message: { number: 4 } }));
  await expect.poll(() => heard).toEqual([4]);
  expect(lines).toHaveLength(1);
  expect(JSON.parse(lines[0] ?? "")).toMatchObject({ channel: name, msg: "a malformed message was dropped" });
});

test("after a lost connection it subscribes again and reports it", async () => {
  const listener = await processOn("");
  const teller = await processOn("");
  await teller.redis.call("CLIENT", "KILL", "TYPE", "pubsub");
  await expect.poll(listener.listenings).toBe(2);
  teller.publish({ number: 5 });
  await expect.poll(() => listener.heard).toEqual([5]);
});

test("a process subscribes to a topic only once", async () => {
  const { channels } = await processOn("");
  const again = () => channels.subscribe({ topic: "numbers", message: z.unknown(), onMessage() {} });
  expect(again).toThrow(/subscription already/);
});
