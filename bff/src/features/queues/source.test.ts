import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import type { SourceView } from "@wheelhouse/shared/health/health.ts";
import { Queue, Worker } from "bullmq";
import { Queue as Queue2 } from "bullmq2";
import { Queue as Queue3 } from "bullmq3";
import { Queue as Queue4 } from "bullmq4";
import { Queue as Queue5 } from "bullmq5";
import { Redis } from "ioredis";
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test, vi } from "vitest";
import { systemClock } from "#lib/time/clock.ts";
import { aspectKey } from "#observe/aspect.ts";
import { type OwnRedis, startOwnRedis } from "#testing/stack.ts";
import { makeSeen } from "#testing/tick.ts";
import { createQueuesBoard } from "./aspect.ts";
import type { QueueReading } from "./rows.ts";
import { createQueuesSource } from "./source.ts";

// Its own server: commands are counted for a server as a whole.
let server: OwnRedis;
let url: string;
let redis: Redis;
const database = () => Number(new URL(url).pathname.slice(1) || 0);
const open = () => {
  const { hostname, port } = new URL(url);
  return { host: hostname, port: Number(port), db: database(), maxRetriesPerRequest: null };
};
const source = (clock = systemClock) =>
  createQueuesSource({ redis, sourceId: "primary", database: database(), clock });
const pick = (queues: readonly QueueReading[], id: string) => {
  const found = queues.find((queue) => queue.id === id);
  if (!found) throw new Error(`no queue ${id} among ${queues.map((queue) => queue.id).join(", ")}`);
  return found;
};

/** A program of its own that adds jobs with BullMQ and says so on its output. */
const otherProgram = `
  import { Queue } from "bullmq";
  const { connection, queues } = JSON.parse(process.argv[1]);
  for (const { name, prefix } of queues) {
    const queue = new Queue(name, { connection, prefix });
    await queue.addBulk([1, 2, 3].map((n) => ({ name: "work", data: { n } })));
    await queue.add("later", {}, { delay: 3_600_000 });
    await queue.add("important", {}, { priority: 5 });
    await queue.close();
  }
  console.log("added");
`;

beforeAll(async () => {
  server = await startOwnRedis();
  ({ url } = server);
  redis = new Redis(url, { connectionName: "wheelhouse-test" });
});
beforeEach(() => redis.flushdb());
afterAll(async () => {
  redis.disconnect();
  await server.stop();
});

describe("discovery", () => {
  test("a queue that another program makes appears within 3 s with right counts, whatever its name and prefix", async () => {
    const queues = [
      { name: "orders", prefix: "bull" },
      { name: "a b ü{x}", prefix: "bull" },
      { name: "mail", prefix: "shop:prod" },
      { name: "a b ü{x}~", prefix: "{shop:prod}" },
    ];
    const watched = source();
    expect((await watched.sample()).queues).toEqual([]);

    const child = spawn(
      process.execPath,
      ["--input-type=module", "-e", otherProgram, JSON.stringify({ connection: open(), queues })],
      {
        cwd: fileURLToPath(new URL("../../../", import.meta.url)),
        stdio: ["ignore", "pipe", "inherit"],
      },
    );
    const [line] = await once(createInterface({ input: child.stdout }), "line");
    expect(line).toBe("added");
    const appearedBy = Date.now() + 3_000;
    const found = await vi.waitFor(
      async () => {
        const sample = await watched.sample();
        expect(sample.queues).toHaveLength(4);
        return sample.queues;
      },
      { timeout: 3_000, interval: 200 },
    );
    expect(Date.now()).toBeLessThan(appearedBy);
    expect(found.map((queue) => queue.id).sort()).toEqual(
      [
        "orders",
        "a b ü{x}",
        "primary~shop%3Aprod~mail",
        "primary~%7Bshop%3Aprod%7D~a%20b%20%C3%BC%7Bx%7D%7E",
      ].sort(),
    );
    for (const queue of found) {
      expect(queue.counts).toEqual({
        waiting: 3,
        prioritized: 1,
        active: 0,
        delayed: 1,
        waitingChildren: 0,
        failed: 0,
        completed: 0,
      });
      expect(queue.paused).toBe(false);
      expect(queue.workers).toBe(0);
      expect(queue.oldestWaitingMs).toBeGreaterThanOrEqual(0);
      expect(queue.oldestWaitingMs).toBeLessThan(10_000);
    }
  });

  test("hashes of other programs that happen to be called meta are no queues, nor do they stop the sampling", async () => {
    await redis.hset("blog:posts:meta", "title", "hello");
    await redis.set("cache:meta", "text");
    await redis.hset("half:meta", "version", "bullmq:6.7.0");
    await redis.set("half:wait", "not a list");
    await redis.hset("x:half:meta", "version", "bullmq:6.7.0");
    await redis.set("x:half:wait", "not a list");
    const { queues } = await source().sample();
    expect(queues.map((queue) => queue.id)).toEqual(["primary~x~half"]);
    expect(queues[0]?.counts.waiting).toBe(0);
  });

  test("a queue that was removed disappears, and comes back when it is made again", async () => {
    const queue = new Queue("short-lived", { connection: open() });
    await queue.add("a", {});
    const watched = source();
    expect((await watched.sample()).queues).toHaveLength(1);
    await queue.obliterate({ force: true });
    expect((await watched.sample()).queues).toHaveLength(0);
    await queue.close();
    const again = new Queue("short-lived", { connection: open() });
    await again.add("a", {});
    expect((await watched.sample()).queues).toHaveLength(1);
    await again.close();
  });

  test("a large keyspace is gone through in bounded steps", async () => {
    const pipeline = redis.pipeline();
    for (let n = 0; n < 30_000; n += 1) pipeline.set(`session:${n}`, "x");
    await pipeline.exec();
    const queue = new Queue("needle", { connection: open() });
    await queue.add("a", {});
    const before = await calls(redis, "scan");
    const watched = source();
    await watched.sample();
    expect((await calls(redis, "scan")) - before).toBeLessThanOrEqual(10);
    await vi.waitFor(async () => expect((await watched.sample()).queues).toHaveLength(1));
    await queue.close();
  });
});

test("of 5,000 new queues among other keys all are listed within 10 s at one sample a second", async () => {
  const pipeline = redis.pipeline();
  for (let n = 0; n < 5_000; n += 1) {
    pipeline.hset(`bull:new${n}:meta`, "version", "bullmq:6.7.0");
    for (const part of ["id", "events", "completed"]) pipeline.set(`bull:new${n}:${part}`, "1");
  }
  const watched = source();
  await watched.sample();
  await pipeline.exec();
  await expect
    .poll(async () => (await watched.sample()).queues.length, { interval: 1_000, timeout: 10_000 })
    .toBe(5_000);
}, 30_000);

describe("figures", () => {
  test("the sampler issues one script call per 250 queues and reads no key by itself", async () => {
    const pipeline = redis.pipeline();
    for (let n = 0; n < 501; n += 1) pipeline.hset(`bull:q${n}:meta`, "version", "bullmq:6.7.0");
    await pipeline.exec();
    const watched = source();
    // A round of discovery may take more than one tick, and the next one begins with the tick after it.
    await expect.poll(async () => (await watched.sample()).queues.length).toBe(501);
    await redis.config("RESETSTAT");
    expect((await watched.sample()).queues).toHaveLength(501);
    expect(await calls(redis, "evalsha_ro")).toBe(3);
    const outside = ["scan", "client|list", "evalsha_ro"];
    const inScript = ["time", "hmget", "llen", "zcard", "hget", "xlen", "get"];
    const seen = (await commandStats(redis)).map(({ name }) => name);
    expect(
      seen.filter((name) => ![...outside, ...inScript, "config|resetstat", "info"].includes(name)),
    ).toEqual([]);
  });

  test("the oldest waiting job counts since it could run, in every list it may wait in", async () => {
    const clock = systemClock;
    const queue = new Queue("ages", { connection: open() });
    const age = async () => pick((await source(clock).sample()).queues, "ages").oldestWaitingMs;
    const ago = (ms: number) => Date.now() - ms;
    await queue.add("young", {});
    expect(await age()).toBeLessThan(5_000);
    await queue.add("lifo", {}, { lifo: true, timestamp: ago(1_000) });
    await queue.add("starved", {}, { priority: 9, timestamp: ago(60_000) });
    await queue.add("urgent", {}, { priority: 1 });
    expect(await age()).toBeGreaterThanOrEqual(60_000);
    expect(await age()).toBeLessThan(65_000);
    await queue.pause();
    const job = await queue.add("promoted", {}, { delay: 600_000, timestamp: ago(601_000) });
    await job.promote();
    expect(await age()).toBeLessThan(65_000);
    await queue.drain(true);
    expect(await age()).toBeNull();
    await queue.close();
  });

  test("a paused queue says so", async () => {
    const queue = new Queue("held", { connection: open() });
    await queue.pause();
    await queue.add("a", {});
    const held = pick((await source().sample()).queues, "held");
    expect(held).toMatchObject({ paused: true, counts: { waiting: 1 } });
    await queue.close();
  });

  test("workers are counted per queue of the same logical database alone", async () => {
    const names = ["alpha", "beta"] as const;
    const workers = [names[0], names[0], names[1]].map(
      (name) => new Worker(name, async () => {}, { connection: open(), name: "w 1".replace(" ", "-") }),
    );
    const queues = names.map((name) => new Queue(name, { connection: open() }));
    await Promise.all([...workers, ...queues].map((part) => part.waitUntilReady()));
    const { queues: found, hosts } = await source().sample();
    expect(names.map((name) => pick(found, name).workers)).toEqual([2, 1]);
    expect(hosts).toEqual([{ host: "127.0.0.1", workers: { alpha: 2, beta: 1 } }]);
    const other = createQueuesSource({ redis, sourceId: "primary", database: 1_023, clock: systemClock });
    expect(pick((await other.sample()).queues, "alpha").workers).toBe(0);
    await Promise.all([...workers, ...queues].map((part) => part.close()));
  });

  test("jobs that are removed on completion are counted in the rates", async () => {
    const connection = open();
    const queue = new Queue("fast", { connection });
    const watched = source();
    await queue.add("first", {});
    await watched.sample();
    await watched.sample();
    const worker = new Worker(
      "fast",
      async (job) => {
        if (job.name === "bad") throw new Error("no");
      },
      { connection, removeOnComplete: { count: 0 }, removeOnFail: { count: 0 } },
    );
    let left = 21;
    const finished = new Promise<void>((resolve) => {
      const one = () => {
        left -= 1;
        if (left === 0) resolve();
      };
      worker.on("completed", one);
      worker.on("failed", one);
    });
    await queue.addBulk([
      ...Array.from({ length: 15 }, () => ({ name: "good", data: {} })),
      ...Array.from({ length: 5 }, () => ({ name: "bad", data: {} })),
    ]);
    await finished;
    // 10 s must be covered before a rate is said: the script's server time moves by itself, so wait for it here.
    const figures = await vi.waitFor(
      async () => {
        const fast = pick((await watched.sample()).queues, "fast");
        expect(fast.completedPerMinute).not.toBeNull();
        return fast;
      },
      { timeout: 14_000, interval: 1_000 },
    );
    expect(figures.counts).toMatchObject({ waiting: 0, completed: 0, failed: 0 });
    const ratio = (figures.failedPerMinute ?? 0) / (figures.completedPerMinute ?? 1);
    expect(ratio).toBeCloseTo(5 / 16, 1);
    await worker.close();
    await queue.close();
  });
});

describe("what a user may not read", () => {
  const as = (user: string) => {
    const { host } = new URL(url);
    const connection = new Redis(`redis://${user}:${user}@${host}/${database()}`);
    onTestFinished(() => connection.disconnect());
    return createQueuesSource({
      redis: connection,
      sourceId: "primary",
      database: database(),
      clock: systemClock,
    });
  };
  const allow = (user: string, ...rules: string[]) =>
    redis.acl("SETUSER", user, "on", `>${user}`, "~*", "+@read", "+@connection", "+info", "+scan", ...rules);

  test("queues that may not be read are listed as unknown with the server's reason, never missing", async () => {
    await allow("nolua");
    const queue = new Queue("secretive", { connection: open() });
    await queue.add("a", {});
    await queue.close();
    const secretive = pick((await as("nolua").sample()).queues, "secretive");
    expect(secretive).toMatchObject({ state: "unknown", isUnread: true, workers: null, drainsInMs: null });
    expect(secretive.cause).toMatch(/cannot be read: NOPERM .*evalsha_ro/i);
  });

  test("where scanning is refused later, known queues are read on, and the refusal is told", async () => {
    await allow("watcher", "+evalsha_ro", "+eval_ro", "+time");
    const queue = new Queue("watched", { connection: open() });
    await queue.add("a", {});
    const watched = as("watcher");
    expect((await watched.sample()).undiscovered).toBeNull();
    await allow("watcher", "-scan");
    await queue.add("b", {});
    await queue.close();
    const { queues, undiscovered } = await watched.sample();
    expect(pick(queues, "watched").counts.waiting).toBe(2);
    expect(undiscovered).toMatch(/NOPERM .*scan/);
    await allow("watcher", "+scan");
    expect((await watched.sample()).undiscovered).toBeNull();
  });

  test("queues whose reading keeps failing become unknown with the reason, and recover with it", async () => {
    const queue = new Queue("failing", { connection: open() });
    await queue.add("a", {});
    await queue.close();
    const read = source();
    let fault: Error | null = null;
    let nowMs = Date.now();
    const sample = () => (fault === null ? read.sample() : Promise.reject(fault));
    const board = createQueuesBoard({
      sources: [{ sourceId: "primary", organizationOf: () => "acme", sample }],
      servers: aspectKey<SourceView & { organization: string }>("servers"),
      intervalMs: 1_000,
      clock: { now: () => nowMs },
    });
    const look = async (afterMs: number) => {
      nowMs += afterMs;
      const seen = makeSeen(nowMs);
      await board.poke?.(seen.organizations);
      return board.observe(seen).rows.find(({ name }) => name === "failing");
    };
    expect(await look(0)).toMatchObject({ counts: { waiting: 1 } });
    const readAt = new Date(nowMs).toISOString();
    fault = new Error("MASTERDOWN Link with MASTER is down");
    expect((await look(1_000))?.state).not.toBe("unknown");
    const lost = await look(5_000);
    expect(lost).toMatchObject({ state: "unknown", label: "Unknown", since: readAt });
    expect(lost?.cause).toMatch(/^No data since then: MASTERDOWN/);
    fault = null;
    expect((await look(1_000))?.cause ?? "").not.toMatch(/No data/);
  });

  test("a server that refuses read-only scripts alone is read with plain ones", async () => {
    await allow("writer", "+evalsha", "+eval", "+time", "-evalsha_ro", "-eval_ro");
    const queue = new Queue("older", { connection: open() });
    await queue.add("a", {});
    await queue.close();
    const older = pick((await as("writer").sample()).queues, "older");
    expect(older.counts.waiting).toBe(1);
    expect(older.isUnread).toBeUndefined();
  });
});

const formerQueues = { 2: Queue2, 3: Queue3, 4: Queue4, 5: Queue5 };
type FormerVersion = keyof typeof formerQueues;

describe.each([2, 3, 4, 5] satisfies FormerVersion[])("queues of BullMQ %d", (version) => {
  const make = (name: string) => {
    const queue = new formerQueues[version](name, { connection: open() });
    onTestFinished(() => queue.close());
    return queue;
  };

  test("with delayed jobs only have none waiting", async () => {
    await make("later").add("a", {}, { delay: 3_600_000 });
    const later = pick((await source().sample()).queues, "later");
    expect(later).toMatchObject({ state: "ok", counts: { waiting: 0, prioritized: 0, delayed: 1 } });
    expect(later.oldestWaitingMs).toBeNull();
  });

  test("count jobs and no markers, wherever these stand in the list", async () => {
    const options = [{ delay: 3_600_000 }, { priority: 2 }, {}];
    const queue = make("mixed");
    for (const opts of [...options, ...options]) await queue.add("n", {}, opts);
    const { counts } = pick((await source().sample()).queues, "mixed");
    expect({ waiting: counts.waiting + counts.prioritized, delayed: counts.delayed }).toEqual({
      waiting: 4,
      delayed: 2,
    });
  });
});

test("markers that BullMQ 4 left among the active jobs are no jobs", async () => {
  const queue = new Queue4("left", { connection: open() });
  onTestFinished(() => queue.close());
  await queue.waitUntilReady();
  await redis.rpush("bull:left:active", "0:1", "0:2", "7", "0:3");
  expect(pick((await source().sample()).queues, "left").counts.active).toBe(1);
});

async function commandStats(client: Redis) {
  const text = await client.info("commandstats");
  return [...text.matchAll(/^cmdstat_([^:]+):calls=(\d+)/gm)].map(([, name = "", count]) => ({
    name,
    count: Number(count),
  }));
}
const calls = async (client: Redis, name: string) =>
  (await commandStats(client)).find((stat) => stat.name === name)?.count ?? 0;
