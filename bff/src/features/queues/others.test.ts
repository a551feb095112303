import { Queue, Worker } from "bullmq";
import { Redis } from "ioredis";
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test } from "vitest";
import { systemClock } from "#lib/time/clock.ts";
import { type OwnRedis, startOwnRedis } from "#testing/stack.ts";
import { createQueuesSource } from "./source.ts";

let server: OwnRedis;
let redis: Redis;
beforeAll(async () => {
  server = await startOwnRedis();
  redis = new Redis(server.url);
});
beforeEach(() => redis.flushdb());
afterAll(async () => {
  redis.disconnect();
  await server.dispose();
});

const source = (connection = redis, clock = systemClock) =>
  createQueuesSource({ redis: connection, sourceId: "primary", database: 0, clock });
/** What one sample lists of other systems, as `system name depth`. */
const namesOf = async (watched = source()) => {
  const { others } = await watched.sample();
  return others?.items.map(({ system, name, depth }) => `${system} ${name} ${depth}`).sort();
};
const separator = "\x06\x16";

// The keys that each library wrote in a trial, or that its documentation names.
const written: readonly (readonly [string, () => Promise<unknown>, readonly string[]])[] = [
  [
    "Bull 3 and 4 with a waiting and a delayed job",
    async () => {
      await redis.mset("bull:mail:id", "2", "shop:prod:pay:id", "1");
      await redis.hset("bull:mail:1", "name", "__default__", "data", "{}");
      await redis.lpush("bull:mail:wait", "1");
      await redis.zadd("bull:mail:delayed", 4_096, "2");
      await redis.lpush("shop:prod:pay:wait", "1");
    },
    ["Bull 3 or 4 mail null", "Bull 3 or 4 pay null"],
  ],
  [
    "Bull whose jobs are all done",
    async () => {
      await redis.mset("bull:mail:id", "1", "bull:mail:stalled-check", "1");
      await redis.zadd("bull:mail:completed", 1, "1");
    },
    ["Bull 3 or 4 mail null"],
  ],
  [
    "Bee-Queue",
    async () => {
      await redis.set("bq:resize:id", "1");
      await redis.hset("bq:resize:jobs", "1", "{}");
      await redis.lpush("bq:resize:waiting", "1");
    },
    ["Bee-Queue resize null"],
  ],
  [
    "GroupMQ",
    async () => {
      await redis.zadd("groupmq:orders:ready", 1, "u1");
      await redis.zadd("groupmq:orders:g:u1", 1, "job");
      await redis.sadd("groupmq:orders:groups", "u1");
    },
    ["GroupMQ orders null"],
  ],
  [
    "Kue",
    async () => {
      await redis.sadd("q:job:types", "email");
      await redis.zadd("q:jobs", 0, "01|1");
      await redis.zadd("q:jobs:email:inactive", 0, "01|1");
      await redis.lpush("q:email:jobs", "1");
      await redis.set("q:ids", "1");
    },
    ["Kue email null"],
  ],
  [
    "RSMQ and arq",
    async () => {
      await redis.sadd("rsmq:QUEUES", "m");
      await redis.hset("rsmq:m:Q", "vt", "30");
      await redis.zadd("rsmq:m", 1, "id");
      await redis.zadd("arq:queue", 1, "id");
    },
    ["RSMQ m null", "arq arq:queue null"],
  ],
  [
    "Celery, with priorities and queues of its own, of which one is empty",
    async () => {
      await redis.lpush("celery", "{}", "{}");
      await redis.lpush(`celery${separator}3`, "{}");
      await redis.lpush("reports", "{}");
      await redis.sadd(
        "_kombu.binding.reports",
        ["reports", "", "reports"].join(separator),
        ["idle", "", "idle"].join(separator),
      );
      await redis.sadd("_kombu.binding.celery.pidbox", ["", "", "celery@host.celery.pidbox"].join(separator));
    },
    ["Celery celery 2", "Celery celery, priority 3 1", "Celery idle 0", "Celery reports 1"],
  ],
  [
    "Resque, Sidekiq and RQ, with their empty queues",
    async () => {
      await redis.sadd("resque:queues", "images", "none");
      await redis.lpush("resque:queue:images", "{}");
      await redis.sadd("queues", "default", "low");
      await redis.lpush("queue:default", "{}", "{}", "{}");
      await redis.sadd("rq:queues", "rq:queue:high");
      await redis.lpush("rq:queue:high", "id");
    },
    ["RQ high 1", "Resque images 1", "Resque none 0", "Sidekiq default 3", "Sidekiq low 0"],
  ],
  [
    "Asynq, Dramatiq, Huey and Hangfire",
    async () => {
      await redis.sadd("asynq:queues", "default");
      await redis.lpush("asynq:{default}:pending", "id");
      await redis.lpush("dramatiq:default", "id");
      await redis.hset("dramatiq:default.msgs", "id", "{}");
      await redis.lpush("huey.redis.app", "x", "y");
      await redis.lpush("hangfire:queue:default", "id");
    },
    ["Asynq default 1", "Dramatiq default 1", "Hangfire default 1", "Huey app 2"],
  ],
  [
    "plain lists",
    async () => {
      for (const key of [
        "jobs:mail",
        "queue:email",
        "mail_queue",
        "app:queues:default",
        "tasks",
        "work-queue",
      ])
        await redis.lpush(key, "{}");
    },
    [
      "List app:queues:default 1",
      "List jobs:mail 1",
      "List mail_queue 1",
      "List queue:email 1",
      "List tasks 1",
      "List work-queue 1",
    ],
  ],
  [
    "a stream with consumer groups",
    async () => {
      await redis.xadd("orders", "*", "a", "1");
      await redis.xgroup("CREATE", "orders", "billing", "0");
      await redis.xadd("clicks", "*", "a", "1");
    },
    ["Stream orders null"],
  ],
];

test.each(written)("queues of other systems are named: %s", async (_, write, expected) => {
  await write();
  const watched = source();
  await expect.poll(() => namesOf(watched)).toEqual([...expected].sort());
});

test("what is not known of them is said, and only lists have a depth", async () => {
  await redis.mset("bull:mail:id", "1", "bull:mail:stalled-check", "1");
  await redis.lpush("jobs:mail", "{}");
  const watched = source();
  await expect.poll(() => namesOf(watched)).toHaveLength(2);
  const { others, queues } = await watched.sample();
  expect(queues).toEqual([]);
  expect(others?.items).toMatchObject([
    { key: "bull:mail:*", depth: null, reason: expect.stringMatching(/^Found, not read/) },
    { key: "jobs:mail", depth: 1, reason: expect.stringMatching(/^Length only/) },
  ]);
});

test("keys that only look like it are no queues", async () => {
  const queue = new Queue("jobs", { connection: { url: server.url }, prefix: "queue" });
  await queue.addBulk([1, 2, 3].map((n) => ({ name: "a", data: { n } })));
  await queue.add("later", {}, { delay: 60_000 });
  await redis.rpush("queue:jobs:1:logs", "line");
  await redis.set("queue:length", "4");
  await redis.hset("jobs:latest", "id", "1");
  await redis.mset("user:7:id", "7", "order:9:completed", "yes");
  await redis.zadd("scores:week:completed", 1, "a");
  await redis.lpush("wheelhouse:jobs:own", "x");
  await redis.xadd("queue:events", "*", "a", "1");
  const watched = source();
  // The second round is a wide one at the latest.
  for (let turn = 0; turn < 3; turn += 1) await watched.sample();
  expect(await namesOf(watched)).toEqual([]);
  expect((await watched.sample()).queues.map(({ name }) => name)).toEqual(["jobs"]);
  await queue.close();
});

test("a list that is emptied stays with depth 0, and its depth follows within 5 s", async () => {
  let nowMs = Date.now();
  const watched = source(redis, { now: () => nowMs });
  await redis.lpush("jobs:mail", "1", "2");
  await expect.poll(() => namesOf(watched)).toEqual(["List jobs:mail 2"]);
  await redis.del("jobs:mail");
  nowMs += 5_000;
  expect(await namesOf(watched)).toEqual(["List jobs:mail 0"]);
  nowMs += 3_700_000;
  await watched.sample();
  expect(await namesOf(watched)).toEqual([]);
});

test("of many lists a bounded number is listed and the rest counted, in few commands a sample", async () => {
  const pipeline = redis.pipeline();
  for (let n = 0; n < 400; n += 1) pipeline.lpush(`jobs:${n}`, "1");
  await pipeline.exec();
  const watched = source();
  await redis.config("RESETSTAT");
  await watched.sample();
  const stats = await redis.info("commandstats");
  expect(Number(/cmdstat_type:calls=(\d+)/.exec(stats)?.[1])).toBeLessThanOrEqual(50 * 9);
  await expect
    .poll(async () => {
      const { others } = await watched.sample();
      return [others?.items.length, others?.more];
    })
    .toEqual([200, 200]);
});

describe("a user with few rights", () => {
  const as = async (user: string, ...rules: string[]) => {
    await redis.acl("SETUSER", user, "reset", "on", `>${user}`, "+@read", "+@connection", "+info", ...rules);
    const connection = new Redis(`redis://${user}:${user}@${new URL(server.url).host}`);
    onTestFinished(() => connection.disconnect());
    return source(connection);
  };

  test("that may not scan: it says so with the server's reason, and queues of workers are found nevertheless", async () => {
    const connection = { url: server.url, maxRetriesPerRequest: null };
    const [queue, worker] = [
      new Queue("busy", { connection }),
      new Worker("busy", async () => {}, { connection }),
    ];
    await Promise.all([queue.waitUntilReady(), worker.waitUntilReady()]);
    const watched = await as("noscan", "~*", "-scan", "+evalsha_ro", "+eval_ro", "+time", "+client|list");
    const { queues, undiscovered } = await watched.sample();
    expect(queues).toMatchObject([{ name: "busy", workers: 1 }]);
    await Promise.all([queue.close(), worker.close()]);
    expect(undiscovered).toMatch(/^Not all queues can be found: NOPERM .*scan/);
    expect(watched.notice()).toBe(undiscovered);
  });

  test("that may not read the hash of a queue: the queue is listed as unknown, never missing", async () => {
    const queue = new Queue("hidden", { connection: { url: server.url } });
    await queue.add("a", {});
    await queue.close();
    await redis.set("cache:meta", "no hash");
    const watched = await as("nohash", "~*", "-hmget", "+evalsha_ro", "+eval_ro", "+time");
    for (let turn = 0; turn < 3; turn += 1) {
      const { queues } = await watched.sample();
      expect(queues).toMatchObject([{ name: "hidden", state: "unknown", isUnread: true }].slice(0, 1));
      expect(queues[0]?.cause).toMatch(/cannot be read: NOPERM .*hmget/);
    }
  });

  test("that may not read parts of a queue: it is unknown with the reason, its figures never 0", async () => {
    const queue = new Queue("partly", { connection: { url: server.url } });
    await queue.add("a", {});
    await queue.close();
    const watched = await as("nolen", "~*", "-llen", "+evalsha_ro", "+eval_ro", "+script", "+time");
    const { queues } = await watched.sample();
    expect(queues).toMatchObject([{ name: "partly", state: "unknown", isUnread: true }]);
    expect(queues[0]?.cause).toMatch(/cannot be read: .*llen/i);
  });

  test("that may not ask for types: it says that other systems cannot be recognised", async () => {
    await redis.lpush("jobs:mail", "1");
    const watched = await as("notype", "~*", "-type", "+evalsha_ro", "+eval_ro", "+time");
    await expect.poll(async () => (await watched.sample()).undiscovered).toMatch(/NOPERM .*type/);
    expect((await watched.sample()).others?.items).toEqual([]);
  });
});
