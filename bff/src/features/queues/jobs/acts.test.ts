import { Queue, Worker } from "bullmq";
import { Queue as FormerQueue, Worker as FormerWorker } from "bullmq-before-6";
import { Queue as Queue4, Worker as Worker4 } from "bullmq4";
import { Queue as Queue5, Worker as Worker5 } from "bullmq5";
import { Redis } from "ioredis";
import { pino } from "pino";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { createServerFilter } from "#lib/security/address-filter.ts";
import { createTestRedis } from "#testing/stack.ts";
import { createJobActs, type JobAct } from "./acts.ts";
import { createJobConnections, type JobServer } from "./connections.ts";
import type { QueuePlace } from "./places.ts";
import { actOnQueue, type QueueWideAct } from "./queue-acts.ts";

/*
 * What an act leaves behind is compared with what the queue's own BullMQ leaves behind in a queue with the same jobs:
 * ids by state and in order, what is stored of each job, and what its workers then run.
 */
let redis: Redis;
let server: JobServer;
let connections: ReturnType<typeof createJobConnections>;

const log = pino({ level: "silent" });
const source = { id: "primary", name: "Redis", url: undefined, organization: "northwind" };

beforeAll(async () => {
  const { url } = await createTestRedis();
  redis = new Redis(url);
  server = { source, url };
  connections = createJobConnections({ log, filter: createServerFilter([]) });
});
beforeEach(() => redis.flushdb());
afterAll(() => {
  connections.stop();
  redis.disconnect();
});

const placeOf = (name: string, prefix = "bull"): QueuePlace => ({
  id: name,
  queue: { prefix, name },
  base: `${prefix}:${name}:`,
  server,
});
const act = (name: string, ids: readonly string[], what: JobAct) =>
  createJobActs({ connections })(
    placeOf(name),
    ids.map((id) => ({ id })),
    what,
  );
const actOnAll = (name: string, what: QueueWideAct) =>
  connections.use(server, (own) => actOnQueue(own, placeOf(name), what));

const versions = [
  { version: "4", Queue: Queue4 as unknown as typeof Queue, Worker: Worker4 as unknown as typeof Worker },
  { version: "5.1", Queue: Queue5 as unknown as typeof Queue, Worker: Worker5 as unknown as typeof Worker },
  {
    version: "5",
    Queue: FormerQueue as unknown as typeof Queue,
    Worker: FormerWorker as unknown as typeof Worker,
  },
  { version: "6", Queue, Worker },
];

const connection = () => {
  const { hostname, port, pathname } = new URL(server.url);
  return {
    host: hostname,
    port: Number(port),
    db: Number(pathname.slice(1) || 0),
    maxRetriesPerRequest: null,
  };
};

const isMarker = (id: string) => /^0(:\d+)?$/.test(id);

/** Where every job of a queue is, in order, and what its hash says besides the times. */
async function stateOf(name: string) {
  const base = `bull:${name}:`;
  const lists = await Promise.all(
    ["wait", "paused", "active"].map(async (list) =>
      (await redis.lrange(`${base}${list}`, "0", "-1")).filter((id) => !isMarker(id)),
    ),
  );
  // Jobs that ended in the same millisecond have no order.
  const sets = await Promise.all(
    ["prioritized", "delayed", "failed", "completed"].map(async (set) => {
      const ids = await redis.zrange(`${base}${set}`, "0", "-1");
      return set === "failed" || set === "completed" ? ids.sort() : ids;
    }),
  );
  const ids = [...lists, ...sets].flat().sort();
  const jobs = await Promise.all(
    ids.map((id) =>
      redis.hmget(`${base}${id}`, "name", "data", "priority", "delay", "failedReason", "attemptsMade", "atm"),
    ),
  );
  const paused = await redis.hexists(`${base}meta`, "paused");
  return { lists, sets, jobs: Object.fromEntries(ids.map((id, index) => [id, jobs[index]])), paused };
}

describe.each(versions)("a queue of BullMQ $version", ({ version, Queue: OwnQueue, Worker: OwnWorker }) => {
  /** Two queues with the same jobs: waiting, prioritized, delayed and failed ones. */
  async function makeTwins() {
    const names = ["ours", "theirs"] as const;
    const queues = names.map((name) => new OwnQueue(name, { connection: connection() }));
    for (const queue of queues) {
      await queue.waitUntilReady();
      for (const jobId of ["f1", "f2", "f3"])
        await queue.add("breaks", { n: jobId }, { jobId, ...(jobId === "f2" ? { priority: 3 } : {}) });
      await run(queue.name, async () => {
        throw new Error("no such template");
      });
      for (const jobId of ["w1", "w2", "w3"]) await queue.add("works", { n: jobId }, { jobId });
      for (const jobId of ["p1", "p2"]) await queue.add("works", {}, { jobId, priority: 5 });
      for (const jobId of ["d1", "d2"]) await queue.add("works", {}, { jobId, delay: 3_600_000 });
      await queue.add("works", {}, { jobId: "d3", delay: 3_600_000, priority: 2 });
    }
    const [ours, theirs] = queues;
    if (!ours || !theirs) throw new Error("no queues");
    return { ours, theirs, close: () => Promise.all(queues.map((queue) => queue.close())) };
  }

  /** Runs all jobs that can run now, one at a time. @returns their ids in order. */
  async function run(name: string, work: () => Promise<void> = async () => undefined, count = Infinity) {
    const done: string[] = [];
    const worker = new OwnWorker(
      name,
      async ({ id }) => {
        done.push(String(id));
        await work();
      },
      { connection: connection(), drainDelay: 1 },
    );
    worker.on("error", () => undefined);
    await expect
      .poll(
        async () => {
          const { lists, sets } = await stateOf(name);
          return done.length >= count || lists.flat().length + (sets[0]?.length ?? 0) === 0;
        },
        { timeout: 20_000, interval: 20 },
      )
      .toBe(true);
    await worker.close();
    return done;
  }

  test("acts on jobs leave what its own BullMQ leaves, and its workers run the same in the same order", async () => {
    const { ours, theirs, close } = await makeTwins();
    expect(await stateOf("ours")).toEqual(await stateOf("theirs"));
    const own = async (id: string) => {
      const job = await theirs.getJob(id);
      if (!job) throw new Error(`no job ${id}`);
      return job;
    };
    type Step = [string, JobAct, () => Promise<unknown>];
    const steps: Step[] = [
      ["f1", { do: "retry", resetAttempts: false }, async () => (await own("f1")).retry("failed")],
      ["f2", { do: "retry", resetAttempts: false }, async () => (await own("f2")).retry("failed")],
      ["d1", { do: "promote" }, async () => (await own("d1")).promote()],
      ["d3", { do: "promote" }, async () => (await own("d3")).promote()],
      ["w2", { do: "remove" }, async () => (await own("w2")).remove()],
      ["f3", { do: "remove" }, async () => (await own("f3")).remove()],
      ["p2", { do: "priority", priority: 1 }, async () => (await own("p2")).changePriority({ priority: 1 })],
      ["w3", { do: "priority", priority: 4 }, async () => (await own("w3")).changePriority({ priority: 4 })],
      // Before 5.4 BullMQ left a job without priority among those with one.
      ...(version === "4" || version === "5.1"
        ? []
        : [
            [
              "p1",
              { do: "priority", priority: 0 },
              async () => (await own("p1")).changePriority({ priority: 0 }),
            ] satisfies Step,
          ]),
      ["d2", { do: "delay", delayMs: 60_000 }, async () => (await own("d2")).changeDelay(60_000)],
    ];
    for (const [id, what, theirAct] of steps) {
      expect(await act("ours", [id], what)).toEqual([{ id, outcome: "done", detail: null, made: null }]);
      await theirAct();
      expect(await stateOf("ours"), `${what.do} ${id}`).toEqual(await stateOf("theirs"));
    }
    const due = async (name: string) => Number(await redis.zscore(`bull:${name}:delayed`, "d2")) / 4096;
    expect(Math.abs((await due("ours")) - (await due("theirs")))).toBeLessThan(1_000);
    expect(await run("ours")).toEqual(await run("theirs"));
    await close();
    expect([ours.name, version]).toBeTruthy();
  });

  test("acts on the queue leave what its own BullMQ leaves; a paused queue hands out nothing", async () => {
    const { theirs, close } = await makeTwins();
    const steps: [QueueWideAct, () => Promise<unknown>, number | null][] = [
      [{ do: "pause" }, () => theirs.pause(), null],
      [{ do: "clean", state: "failed", olderThanMs: 0 }, () => theirs.clean(0, 1000, "failed"), 3],
      [{ do: "resume" }, () => theirs.resume(), null],
      [{ do: "clean", state: "prioritized", olderThanMs: 3_600_000 }, async () => undefined, 0],
      [{ do: "drain", delayed: false }, () => theirs.drain(), 5],
    ];
    for (const [what, theirAct, count] of steps) {
      expect((await actOnAll("ours", what)).count, what.do).toBe(count);
      await theirAct();
      expect(await stateOf("ours"), what.do).toEqual(await stateOf("theirs"));
      if (what.do === "pause") {
        const worker = new OwnWorker("ours", async () => undefined, {
          connection: connection(),
          drainDelay: 1,
        });
        worker.on("error", () => undefined);
        const before = await stateOf("ours");
        await worker.waitUntilReady();
        // Whatever the worker would take, it takes at once; a second job of another queue shows that time has passed.
        const other = new OwnQueue("other", { connection: connection() });
        await other.add("works", {});
        await run("other");
        await other.close();
        expect(await stateOf("ours")).toEqual(before);
        await worker.close();
      }
    }
    expect((await actOnAll("ours", { do: "obliterate", force: false })).count).toBe(3);
    await theirs.obliterate();
    expect(await redis.keys("bull:ours:*")).toEqual([]);
    await close();
  });

  test("cleaning and draining delayed jobs never ends a schedule, and its next run cannot be removed", async () => {
    const queue = new OwnQueue("ours", { connection: connection() });
    await queue.waitUntilReady();
    if (version === "6")
      await queue.upsertJobScheduler("nightly", { pattern: "0 3 * * *" }, { name: "report" });
    else if (version === "5")
      await queue.upsertJobScheduler("nightly", { pattern: "0 3 * * *" }, { name: "report" });
    else await queue.add("report", {}, { repeat: { pattern: "0 3 * * *" } } as never);
    await queue.add("later", {}, { delay: 3_600_000, jobId: "later" });
    const [next = "", ...others] = (await redis.zrange("bull:ours:delayed", "0", "-1")).filter(
      (id) => id !== "later",
    );
    expect(others).toEqual([]);
    const [refused] = await act("ours", [next], { do: "remove" });
    expect(refused).toMatchObject({
      outcome: "refused",
      detail: expect.stringMatching(/next run of the schedule/),
    });
    expect((await actOnAll("ours", { do: "clean", state: "delayed", olderThanMs: 0 })).count).toBe(1);
    expect(await redis.zrange("bull:ours:delayed", "0", "-1")).toEqual([next]);
    await queue.add("later", {}, { delay: 3_600_000 });
    expect((await actOnAll("ours", { do: "drain", delayed: true })).count).toBe(1);
    expect(await redis.zrange("bull:ours:delayed", "0", "-1")).toEqual([next]);
    // Its run is due, and waits for a worker that plans the one after it.
    await act("ours", [next], { do: "promote" });
    await queue.add("soon", {});
    if (version === "4" || version === "5.1") {
      expect((await actOnAll("ours", { do: "clean", state: "waiting", olderThanMs: 0 })).count).toBe(1);
      await queue.add("soon", {});
    }
    expect((await actOnAll("ours", { do: "drain", delayed: true })).count).toBe(1);
    expect((await redis.lrange("bull:ours:wait", "0", "-1")).filter((id) => !isMarker(id))).toEqual([next]);
    expect(await redis.zcard("bull:ours:repeat")).toBe(1);
    await queue.close();
  });

  test("jobs that were added after a pause are kept when the queue is resumed", async () => {
    const queue = new OwnQueue("ours", { connection: connection() });
    await queue.waitUntilReady();
    await queue.add("works", {}, { jobId: "before" });
    await actOnAll("ours", { do: "pause" });
    // As a program with another version of BullMQ does.
    await redis.rpush("bull:ours:paused", "of another");
    await redis.lpush("bull:ours:wait", "during");
    await redis.hset("bull:ours:during", { name: "works", data: "{}", opts: "{}", timestamp: "1" });
    await redis.hset("bull:ours:of another", { name: "works", data: "{}", opts: "{}", timestamp: "1" });
    await actOnAll("ours", { do: "resume" });
    expect((await run("ours")).sort()).toEqual(["before", "during", "of another"]);
    await queue.close();
  });

  test("a move keeps data, priority, options and the remaining delay", async () => {
    const { ours, close } = await makeTwins();
    const target = new OwnQueue("target", { connection: connection() });
    await target.waitUntilReady();
    const dueMs = Number(await redis.zscore("bull:ours:delayed", "d3")) / 4096;
    const moved = await act("ours", ["w1", "p1", "d3"], { do: "move", to: placeOf("target") });
    expect(moved.map(({ outcome }) => outcome)).toEqual(["done", "done", "done"]);
    for (const id of ["w1", "p1", "d3"]) expect(await redis.exists(`bull:ours:${id}`)).toBe(0);
    const [wait, prioritized, delayed] = await Promise.all([
      redis.lrange("bull:target:wait", "0", "-1"),
      redis.zrange("bull:target:prioritized", "0", "-1"),
      redis.zrange("bull:target:delayed", "0", "-1", "WITHSCORES"),
    ]);
    expect(wait.filter((id) => !isMarker(id))).toEqual([moved[0]?.made?.id]);
    expect(prioritized).toEqual([moved[1]?.made?.id]);
    expect(delayed[0]).toBe(moved[2]?.made?.id);
    expect(Math.abs(Number(delayed[1]) / 4096 - dueMs)).toBeLessThan(1_500);
    expect(await redis.hmget(`bull:target:${moved[0]?.made?.id}`, "name", "data")).toEqual([
      "works",
      '{"n":"w1"}',
    ]);
    expect(await redis.hget(`bull:target:${moved[2]?.made?.id}`, "priority")).toBe("2");
    await target.close();
    await close();
    expect(ours.name).toBe("ours");
  });
});
