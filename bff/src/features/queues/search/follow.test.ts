import { type Job, Queue, Worker } from "bullmq";
import { Queue as Queue2 } from "bullmq2";
import { Queue as Queue4 } from "bullmq4";
import { Queue as Queue5 } from "bullmq5";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { LeaseLost } from "#lib/postgres/lease.ts";
import { type OwnRedis, startOwnRedis } from "#testing/stack.ts";
import { startIndex, type TestIndex } from "./testing/index.fixture.ts";

let server: OwnRedis;
let index: TestIndex;
let queues: Queue[] = [];
const workers: Worker[] = [];
let made = 0;

const connection = () => {
  const { hostname, port } = new URL(server.url);
  return { host: hostname, port: Number(port), maxRetriesPerRequest: null };
};
function makeQueue() {
  made += 1;
  const name = `orders-${made}`;
  const queue = new Queue(name, { connection: connection() });
  const worker = new Worker(name, null, { connection: connection(), autorun: false });
  queues.push(queue);
  workers.push(worker);
  return { queue, worker, name };
}
/** Takes the next job, as a worker does. */
async function take(worker: Worker): Promise<Job> {
  const job = await worker.getNextJob("token", { block: false });
  if (!job) throw new Error("no job is waiting");
  return job;
}
const fail = (job: Job, text: string) => job.moveToFailed(new Error(text), "token", false);
const complete = (job: Job) => job.moveToCompleted("done", "token", false);

let laterMs = 0;
beforeAll(async () => {
  server = await startOwnRedis();
  index = await startIndex(server.url, { clock: { now: () => Date.now() + laterMs } });
});
beforeEach(() => index.empty());
afterAll(async () => {
  await index.close();
  await Promise.all([...workers, ...queues].map((each) => each.close()));
  queues = [];
  await server.dispose();
});

/** What BullMQ says of each job, and what the index does. */
async function compared(queue: Queue, ids: readonly string[]) {
  const { items } = await index.find({ queue: queue.name, limit: 200 });
  const inRedis = await Promise.all(ids.map(async (id) => [id, await queue.getJobState(id)] as const));
  return {
    bullmq: inRedis.filter(([, state]) => state !== "unknown").sort(),
    index: items
      .filter(
        ({ id, state }) =>
          state !== "removed" && inRedis.some(([known, now]) => known === id && now !== "unknown"),
      )
      .map(({ id, state }) => [id, state])
      .sort(),
    gone: items.filter(({ id }) => inRedis.some(([known, now]) => known === id && now === "unknown")),
    items,
  };
}

describe("what the index holds", () => {
  test("equals BullMQ's own API after random traffic", async () => {
    const { queue, worker } = makeQueue();
    const reader = await index.follow();
    await queue.add("before", { user: { id: 1 } });
    await reader.read({ name: queue.name });
    const ids = ["1"];
    let seed = 7;
    const random = (below: number) => {
      seed = (seed * 1_103_515_245 + 12_345) % 2 ** 31;
      return seed % below;
    };
    for (let step = 0; step < 150; step += 1) {
      const dice = random(10);
      if (dice < 4) {
        const options = [{}, { delay: 60_000 }, { priority: 3 }, { attempts: 2 }, { removeOnComplete: true }][
          random(5)
        ];
        const job = await queue.add(["mail", "bill"][random(2)] ?? "", { user: { id: step } }, options);
        ids.push(job.id ?? "");
      } else if (dice < 8) {
        const job = await worker.getNextJob("token", { block: false });
        if (job) await (random(3) === 0 ? fail(job, `no answer from ${random(3)}`) : complete(job));
      } else {
        const job = await queue.getJob(ids[random(ids.length)] ?? "");
        const state = await job?.getState();
        if (state === "failed") await job?.retry();
        else if (state === "delayed" && random(2) === 0) await job?.promote();
        else if (state !== "active" && state !== undefined && state !== "unknown") await job?.remove();
      }
      if (step % 13 === 0) await reader.read({ name: queue.name });
    }
    await reader.read({ name: queue.name });
    const { bullmq, index: found, gone, items } = await compared(queue, ids);
    expect(found).toEqual(bullmq);
    expect(new Set(gone.map(({ state }) => state))).toEqual(new Set(["completed", "removed"]));
    const counts = await queue.getJobCounts();
    const { summary } = await index.find({ queue: queue.name });
    for (const { state, jobs } of summary?.states ?? [])
      if (state !== "completed" && state !== "removed") expect([state, jobs]).toEqual([state, counts[state]]);
    expect(summary?.count).toBe(items.length);
  });

  test("jobs of BullMQ 2 to 5 have the state that BullMQ says", async () => {
    for (const [version, Older] of [
      [2, Queue2],
      [4, Queue4],
      [5, Queue5],
    ] as const) {
      const name = `older-${version}`;
      const queue = new Older(name, { connection: connection() });
      const reader = await index.follow();
      await reader.read({ name });
      await queue.add("mail", { user: { id: 42 } });
      await queue.add("mail", {}, { delay: 60_000 });
      await queue.add("mail", {}, { priority: 2 });
      await reader.read({ name });
      const { items } = await index.find({ queue: name });
      const states = await Promise.all(
        items.map(async ({ id }) => (await (await queue.getJob(id))?.getState()) ?? "unknown"),
      );
      expect(items).toHaveLength(3);
      expect(items.map(({ state }) => state)).toEqual(states);
      expect(items.find(({ id }) => id === "1")?.matched).toEqual([{ path: "user.id", value: "42" }]);
      await queue.close();
      await reader.release();
    }
  });

  test("a job that is removed on completion is known by its name, and that its fields are not", async () => {
    const { queue, worker } = makeQueue();
    const reader = await index.follow();
    await reader.read({ name: queue.name });
    await queue.add("quick", { user: { id: 7 } }, { removeOnComplete: true });
    await complete(await take(worker));
    await queue.add("slow", { user: { id: 8 } }, { removeOnComplete: true });
    await reader.read({ name: queue.name });
    await complete(await take(worker));
    await reader.read({ name: queue.name });
    const { items } = await index.find({ queue: queue.name });
    expect(items.map(({ id, name, state, fields }) => [id, name, state, fields])).toEqual([
      ["2", "slow", "completed", "whole"],
      ["1", "quick", "completed", "none"],
    ]);
    expect((await index.find({ data: "user.id:8" })).items.map(({ id }) => id)).toEqual(["2"]);
    expect((await index.index()).bare.jobs).toBe(1);
  });

  test("what clean, drain and obliterate remove without naming it is found by the back-fill", async () => {
    const { queue, worker } = makeQueue();
    const reader = await index.follow();
    await queue.addBulk([1, 2, 3, 4].map((n) => ({ name: "mail", data: { n } })));
    await fail(await take(worker), "first");
    await fail(await take(worker), "second");
    await reader.read({ name: queue.name });
    await queue.clean(0, 10, "failed");
    await reader.read({ name: queue.name });
    const statesOf = async () =>
      (await index.find({ queue: queue.name })).items.map(({ id, state }) => `${id} ${state}`).sort();
    expect(await statesOf()).toEqual(["1 removed", "2 removed", "3 waiting", "4 waiting"]);

    await queue.drain();
    // A drain says nothing: the counts differ, and after 10 s that is no movement.
    for (const waitMs of [6_000, 6_000, 6_000]) {
      await reader.read({ name: queue.name });
      laterMs += waitMs;
    }
    await reader.read({ name: queue.name });
    expect(await statesOf()).toEqual(["1 removed", "2 removed", "3 removed", "4 removed"]);
    expect((await index.causes()).total).toBe(0);
  });

  test("counts by cause follow failures, retries and removals", async () => {
    const { queue, worker } = makeQueue();
    const reader = await index.follow();
    await queue.addBulk([1, 2, 3, 4, 5].map((n) => ({ name: "pay", data: { n } })));
    for (const n of [1, 2, 3, 4]) await fail(await take(worker), `order ${7_000 + n} has no card`);
    await fail(await take(worker), "429 Too Many Requests");
    await reader.read({ name: queue.name });
    const before = await index.causes();
    expect(before).toMatchObject({
      total: 5,
      explained: { causes: 2, jobs: 5 },
      others: { causes: 0, jobs: 0 },
    });
    expect(before.causes.map(({ message, name, jobs, share }) => [message, name, jobs, share])).toEqual([
      ["order # has no card", "pay", 4, 0.8],
      ["429 Too Many Requests", "pay", 1, 0.2],
    ]);
    expect(before.bars.counts.flat().reduce((sum, count) => sum + count, 0)).toBe(5);
    await (await queue.getJob("1"))?.retry();
    await (await queue.getJob("2"))?.remove();
    await reader.read({ name: queue.name });
    expect((await index.causes()).causes.map(({ jobs }) => jobs)).toEqual([2, 1]);
  });
});

describe("nothing is lost that Redis still has", () => {
  test("when the process ends, the next one goes on where it stopped", async () => {
    const { queue, worker } = makeQueue();
    const first = await index.follow();
    await first.read({ name: queue.name });
    await queue.add("mail", { n: 1 });
    await first.read({ name: queue.name });
    await first.release();
    await complete(await take(worker));
    await queue.add("mail", { n: 2 });
    const second = await index.follow();
    await second.read({ name: queue.name });
    const { items, summary } = await index.find({ queue: queue.name });
    expect(items.map(({ id, state }) => `${id} ${state}`)).toEqual(["2 waiting", "1 completed"]);
    expect(summary?.count).toBe(2);
    // The former one may still believe that it writes.
    await queue.add("mail", { n: 3 });
    await expect(first.read({ name: queue.name })).rejects.toThrow(LeaseLost);
    expect((await index.find({ queue: queue.name })).items).toHaveLength(2);
    await second.read({ name: queue.name });
    expect((await index.find({ queue: queue.name })).items).toHaveLength(3);
  });

  test("when events were trimmed before they were read, the back-fill finds the jobs and the index says so", async () => {
    const { queue, worker } = makeQueue();
    const reader = await index.follow();
    await queue.add("mail", { n: 1 });
    await reader.read({ name: queue.name });
    expect((await index.index()).gaps).toEqual([]);
    await queue.addBulk([2, 3, 4].map((n) => ({ name: "mail", data: { n } })));
    await complete(await take(worker));
    await fail(await take(worker), "no answer");
    await queue.trimEvents(0);
    await reader.read({ name: queue.name });
    const { items } = await index.find({ queue: queue.name });
    expect(items.map(({ id, state }) => `${id} ${state}`).sort()).toEqual([
      "1 completed",
      "2 failed",
      "3 waiting",
      "4 waiting",
    ]);
    expect((await index.index()).gaps).toMatchObject([{ queue: queue.name, times: 1 }]);
  });

  test("a back-fill reads every job of a queue that was full before", async () => {
    const { queue, worker } = makeQueue();
    await queue.addBulk(
      Array.from({ length: 700 }, (_, n) => ({
        name: "mail",
        data: { n },
        opts: n % 3 === 0 ? { delay: 3_600_000 } : n % 3 === 1 ? { priority: 1 } : {},
      })),
    );
    await fail(await take(worker), "no answer");
    await queue.trimEvents(0);
    const reader = await index.follow();
    await reader.read({ name: queue.name });
    expect(await index.index()).toMatchObject({ jobs: 700, fill: { running: 0 }, skipped: 0 });
    const { summary } = await index.find({ queue: queue.name });
    const counts = await queue.getJobCounts();
    for (const { state, jobs } of summary?.states ?? [])
      expect([state, jobs]).toEqual([state, counts[state]]);
  });

  test("a job that was added before the kept time has no place, which is counted", async () => {
    const { queue } = makeQueue();
    await queue.add("old", {}, { timestamp: Date.now() - 30 * 86_400_000 });
    await queue.add("new", {});
    const reader = await index.follow();
    await reader.read({ name: queue.name });
    expect(await index.index()).toMatchObject({ jobs: 1, skipped: 1 });
  });

  test("data that is no JSON, huge, or holds a zero byte is no reason to stop", async () => {
    const { queue } = makeQueue();
    const reader = await index.follow();
    await reader.read({ name: queue.name });
    await queue.add("huge", { user: { id: 5 }, image: "x".repeat(3_000_000) });
    await queue.add("long", { user: { id: 6 }, image: "x".repeat(100_000) });
    await queue.add("zero", { text: "a\u0000b", lone: "\ud800" }, { jobId: "a/b c\u0000" });
    await queue.add("n".repeat(100_000), { user: { id: 9 } });
    const { id = "" } = await queue.add("text", {});
    await index.redis.hset(`bull:${queue.name}:${id}`, "data", "no json {");
    await reader.read({ name: queue.name });
    expect((await index.find({ queue: queue.name })).items).toHaveLength(5);
    expect((await index.find({ data: "user.id:6" })).items.map(({ name }) => name)).toEqual(["long"]);
    expect((await index.find({ data: "user.id:9" })).items).toHaveLength(1);
    const { cut } = await index.index();
    expect(cut).toMatchObject({ jobs: 3, largest: { id: "1" } });
  });
});
