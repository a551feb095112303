import {
  cancelJobRun,
  type JobRunDetail,
  type JobRunFilter,
  listJobRuns,
  pauseJobRun,
  planJobRun,
  readJobRun,
  resumeJobRun,
  startJobRun,
} from "@wheelhouse/shared/queues/runs.ts";
import { type JobsOptions, Queue, Worker } from "bullmq";
import { Queue as Queue4, Worker as Worker4 } from "bullmq4";
import { Queue as Queue5, Worker as Worker5 } from "bullmq5";
import { Redis } from "ioredis";
import { sql } from "kysely";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { createTestDatabase, createTestRedis } from "#testing/stack.ts";
import { type Desk, openDesk, startWorker } from "../testing/job-runs.fixture.ts";

let urls: { appUrl: string; systemUrl: string; redisUrl: string };
let desk: Desk;
let redis: Redis;
let stop: () => Promise<void>;
const closes: (() => Promise<unknown>)[] = [];

beforeAll(async () => {
  const [database, { url }] = await Promise.all([createTestDatabase(), createTestRedis()]);
  urls = { ...database, redisUrl: url };
  redis = new Redis(url);
  desk = await openDesk(urls);
});
beforeEach(async () => {
  await redis.flushdb();
  await desk.leave();
  desk.audited.length = 0;
  stop = await desk.work();
});
afterEach(async () => {
  await stop();
  for (const close of closes.splice(0).reverse()) await close();
});
afterAll(async () => {
  await desk.close();
  redis.disconnect();
});

const connection = () => {
  const { hostname, port, pathname } = new URL(urls.redisUrl);
  return {
    host: hostname,
    port: Number(port),
    db: Number(pathname.slice(1) || 0),
    maxRetriesPerRequest: null,
  };
};
const versions = [
  { version: "4", Queue: Queue4 as unknown as typeof Queue, Worker: Worker4 as unknown as typeof Worker },
  { version: "5", Queue: Queue5 as unknown as typeof Queue, Worker: Worker5 as unknown as typeof Worker },
  { version: "6", Queue, Worker },
];
type Kit = (typeof versions)[number];
const newest: Kit = { version: "6", Queue, Worker };

const open = (name: string, kit = newest) => {
  const queue = new kit.Queue(name, { connection: connection() });
  closes.push(() => queue.close());
  return queue;
};
/** Runs the jobs of a queue in this process, and remembers which. */
function runJobs(name: string, work: (job: { id?: string | undefined }) => Promise<unknown>, kit = newest) {
  const done: string[] = [];
  const worker = new kit.Worker(
    name,
    async (job) => {
      done.push(String(job.id));
      return work(job);
    },
    { connection: connection(), concurrency: 50, drainDelay: 1 },
  );
  worker.on("error", () => undefined);
  closes.push(() => worker.close());
  return done;
}
const well = async () => "well";

/** Failed jobs as a worker would have left them: added, and failed with BullMQ's own scripts. */
async function failedJobs(queue: Queue, count: number, kit = newest, error = "429 Too Many Requests") {
  const before = await queue.getFailedCount();
  await queue.addBulk(Array.from({ length: count }, (_, at) => ({ name: "send", data: { at } })));
  const worker = new kit.Worker(
    queue.name,
    async () => {
      throw new Error(error);
    },
    { connection: connection(), concurrency: 50 },
  );
  worker.on("error", () => undefined);
  await expect.poll(() => queue.getFailedCount(), { timeout: 20_000, interval: 50 }).toBe(before + count);
  await worker.close();
}

const plan = (filter: JobRunFilter) => desk.call(planJobRun, { body: filter });
const start = (planId: string, more: { ratePerSecond?: number; canary?: number } = {}) =>
  desk.call(startJobRun, { body: { planId, reason: "provider is back", ratePerSecond: null, ...more } });
const read = (id: string) => desk.call(readJobRun, { id });
async function until(id: string, is: (run: JobRunDetail) => boolean): Promise<JobRunDetail> {
  await expect.poll(async () => is(await read(id)), { timeout: 20_000, interval: 25 }).toBe(true);
  return read(id);
}
const isOver = ({ state }: JobRunDetail) => state === "completed";
const acts = () => desk.audited.map(({ action }) => action.replace("queues.run.", ""));

describe.each(versions)("a run on jobs of BullMQ $version", (kit) => {
  test("retries its snapshot, each job once, a canary first, and leaves later failures alone", async () => {
    const queue = open("email", kit);
    await failedJobs(queue, 30, kit);
    const planned = await plan({ act: "retry", queue: "email", state: "failed" });
    expect(planned).toMatchObject({
      state: "planned",
      total: 30,
      plan: { matched: 30, isCut: false, excluded: [], canary: 4, asksStepUp: false },
      lanes: [{ jobName: "send", error: "429 Too Many Requests", total: 30, phase: "canary" }],
    });
    expect(await queue.getFailedCount()).toBe(30);
    await failedJobs(queue, 2, kit);
    const done = runJobs("email", well, kit);
    await start(planned.id);
    const ended = await until(planned.id, isOver);
    expect(ended).toMatchObject({ total: 30, sent: 30, succeeded: 30, failed: 0, skipped: 0, rest: [] });
    expect(ended.journal.map(({ what }) => what)).toEqual([
      "completed",
      "lane_done",
      "canary_passed",
      "started",
      "planned",
    ]);
    expect(new Set(done).size).toBe(30);
    expect(done).toHaveLength(30);
    expect(await queue.getFailedCount()).toBe(2);
    expect(acts()).toEqual(["plan", "start", "complete"]);
    expect(await redis.exists(`wheelhouse:run:${planned.id}`)).toBe(0);
  });

  test("removes, promotes and moves, and priorities, delays and schedules survive", async () => {
    const queue = open("email", kit);
    const other = open("other", kit);
    await other.add("first", {});
    const dueIn = 3_600_000;
    await queue.addBulk(
      [1, 2, 3].map((n) => ({ name: "later", data: { n }, opts: { delay: dueIn, priority: n } })),
    );
    const pattern = "0 0 1 1 *";
    if (kit.version === "6") await queue.upsertJobScheduler("tick", { pattern });
    else await queue.add("tick", {}, { repeat: { pattern } } as JobsOptions);
    await queue.addBulk([1, 2, 3].map((n) => ({ name: "now", data: { n } })));

    const moved = await plan({ act: "move", queue: "email", state: "delayed", to: "other", name: ["later"] });
    expect(moved).toMatchObject({ total: 3, to: { id: "other" } });
    await start(moved.id);
    await until(moved.id, isOver);
    const delayed = await other.getDelayed();
    expect(
      delayed.map(({ data, opts }) => ({ n: data.n, priority: opts.priority })).sort((a, b) => a.n - b.n),
    ).toEqual([1, 2, 3].map((n) => ({ n, priority: n })));
    for (const { timestamp, delay } of delayed)
      expect(Math.abs(timestamp + delay - Date.now() - dueIn)).toBeLessThan(60_000);

    const all = await plan({ act: "remove", queue: "email", state: "delayed" });
    expect(all).toMatchObject({ total: 0, plan: { excluded: [{ why: "schedule", count: 1 }] } });
    const promoted = await plan({ act: "promote", queue: "other", state: "delayed" });
    await start(promoted.id);
    await until(promoted.id, isOver);
    expect(await other.getDelayedCount()).toBe(0);
    expect((await other.getPrioritized()).map(({ data }) => data.n)).toEqual([1, 2, 3]);

    const removed = await plan({ act: "remove", queue: "email", state: "waiting" });
    expect(removed.total).toBe(3);
    await start(removed.id);
    expect(await until(removed.id, isOver)).toMatchObject({ succeeded: 3, skipped: 0 });
    expect(await queue.getWaitingCount()).toBe(0);
    expect(await queue.getDelayedCount()).toBe(1);
  });
});

test("a job that was retried, removed or failed anew since the plan is left alone, and said so", async () => {
  const queue = open("email");
  await failedJobs(queue, 6);
  const planned = await plan({ act: "retry", queue: "email", state: "failed" });
  const [one, two, three] = await queue.getFailed(0, 5);
  await one?.remove();
  await two?.retry();
  await three?.retry();
  const worker = new Worker("email", async () => Promise.reject(new Error("again")), {
    connection: connection(),
  });
  await expect.poll(() => queue.getFailedCount()).toBe(5);
  await worker.close();
  const done = runJobs("email", well);
  await start(planned.id);
  const ended = await until(planned.id, isOver);
  expect(ended).toMatchObject({ sent: 3, succeeded: 3, skipped: 3 });
  expect(ended.rest).toEqual([
    { outcome: "skipped", why: "changed", jobName: "send", count: 2 },
    { outcome: "skipped", why: "gone", jobName: "send", count: 1 },
  ]);
  expect(done).toHaveLength(3);
});

test("survives the kill of its process in the middle: each job runs exactly once", async () => {
  const queue = open("email");
  await failedJobs(queue, 240);
  await stop();
  const done = runJobs("email", well);
  const planned = await plan({ act: "retry", queue: "email", state: "failed" });
  await start(planned.id, { ratePerSecond: 80 });
  for (const part of [40, 120]) {
    const worker = await startWorker(urls);
    await until(planned.id, ({ sent }) => sent >= part).finally(worker.kill);
  }
  expect((await read(planned.id)).sent).toBeLessThan(240);
  stop = await desk.work();
  const ended = await until(planned.id, isOver);
  expect(ended).toMatchObject({ total: 240, sent: 240, succeeded: 240, failed: 0, skipped: 0 });
  expect([new Set(done).size, done.length]).toEqual([240, 240]);
});

test("an act whose answer was lost is found again by its receipt and not repeated", async () => {
  const queue = open("email");
  await failedJobs(queue, 3);
  await stop();
  const planned = await plan({ act: "retry", queue: "email", state: "failed" });
  await start(planned.id, { canary: 0 });
  // As a process leaves it that was killed between the act and the note of it.
  const [job] = await queue.getFailed(0, 0);
  await sql`update job_run_items set state = 'begun', begun_at = now() - interval '1 minute'
    where run_id = ${planned.id}::uuid and job_id = ${job?.id}`.execute(desk.database.system);
  await sql`update job_run_lanes set sent = 1 where run_id = ${planned.id}::uuid`.execute(
    desk.database.system,
  );
  await sql`update job_runs set sent = 1 where id = ${planned.id}::uuid`.execute(desk.database.system);
  await job?.retry();
  await redis.sadd(`wheelhouse:run:${planned.id}`, String(job?.id));
  const failsOnce = new Set([job?.id]);
  const done = runJobs("email", async ({ id }) => {
    if (failsOnce.delete(id)) throw new Error("again");
  });
  await expect.poll(() => done.length).toBe(1);
  stop = await desk.work();
  const ended = await until(planned.id, isOver);
  expect(ended).toMatchObject({ sent: 3, succeeded: 2, failed: 1, skipped: 0 });
  expect(done).toHaveLength(3);
});

test("keeps its rate within 5 %, whatever the number of causes", async () => {
  const queue = open("email");
  await failedJobs(queue, 120, newest, "429 Too Many Requests");
  await failedJobs(queue, 120, newest, "no template");
  const times: number[] = [];
  runJobs("email", async () => times.push(performance.now()));
  const planned = await plan({ act: "retry", queue: "email", state: "failed" });
  expect(planned.lanes.map(({ error }) => error).sort()).toEqual(["429 Too Many Requests", "no template"]);
  await start(planned.id, { ratePerSecond: 60, canary: 0 });
  await until(planned.id, isOver);
  const [first = 0, last = 0] = [times[20], times[220]];
  expect(Math.abs(200 / ((last - first) / 1000) - 60)).toBeLessThan(3);
});

test("is held when more than 5 % fail again, pauses, and goes on when a person resumes it", async () => {
  const queue = open("email");
  await failedJobs(queue, 90);
  let isBroken = true;
  let ran = 0;
  runJobs("email", async () => {
    ran += 1;
    if (isBroken && ran > 10) throw new Error("429 Too Many Requests");
  });
  const planned = await plan({ act: "retry", queue: "email", state: "failed" });
  await start(planned.id, { ratePerSecond: 200 });
  const paused = await until(planned.id, ({ state }) => state === "paused");
  expect(paused.cause).toMatch(/failed/);
  expect(paused.lanes).toMatchObject([{ phase: "held" }]);
  const settled = await until(planned.id, ({ sent, succeeded, failed }) => sent === succeeded + failed);
  expect(settled.sent).toBeLessThan(90);
  expect(settled.rest).toMatchObject([{ outcome: "failed", why: "429 Too Many Requests" }]);
  isBroken = false;
  await desk.call(resumeJobRun, { id: planned.id });
  const ended = await until(planned.id, isOver);
  expect(ended).toMatchObject({ sent: 90, failed: settled.failed });
  expect(acts()).toEqual(["plan", "start", "pause", "resume", "complete"]);
});

test("is paused, resumed and cancelled by people, each with one audit event; a paused run does nothing", async () => {
  const queue = open("email");
  await failedJobs(queue, 60);
  runJobs("email", well);
  const { id } = await plan({ act: "retry", queue: "email", state: "failed" });
  await start(id, { ratePerSecond: 20, canary: 2 });
  await until(id, ({ sent }) => sent >= 6);
  await desk.call(pauseJobRun, { id });
  const paused = await until(id, ({ sent, succeeded, failed }) => sent === succeeded + failed);
  expect(await queue.getFailedCount()).toBe(60 - paused.sent);
  const again = await desk.send("POST", `/queues/runs/${id}/pause`);
  expect(again).toMatchObject({
    status: 409,
    body: { error: { message: expect.stringContaining("paused") } },
  });
  await desk.call(resumeJobRun, { id });
  await until(id, ({ sent }) => sent > paused.sent);
  await desk.call(cancelJobRun, { id });
  const left = await until(id, ({ sent, succeeded, failed }) => sent === succeeded + failed);
  expect(left.state).toBe("cancelled");
  expect(await queue.getFailedCount()).toBe(60 - left.sent);
  expect(acts()).toEqual(["plan", "start", "pause", "resume", "cancel"]);
});

test("one cause is paused, resumed, slowed and left out; what comes too late says what happened instead", async () => {
  const queue = open("email");
  await failedJobs(queue, 40, newest, "429 Too Many Requests");
  await failedJobs(queue, 40, newest, "no template");
  runJobs("email", well);
  const planned = await plan({ act: "retry", queue: "email", state: "failed" });
  const lane = (error: string, run = planned) => run.lanes.find((each) => each.error === error);
  const steer = (error: string, body: object) =>
    desk.send("POST", `/queues/runs/${planned.id}/lanes/${lane(error)?.laneId}`, body);
  await start(planned.id, { ratePerSecond: 40, canary: 0 });
  expect((await steer("429 Too Many Requests", { do: "pause" })).status).toBe(200);
  expect((await steer("429 Too Many Requests", { do: "pause" })).body.error.message).toContain(
    "on hold already",
  );
  await until(planned.id, (run) => lane("no template", run)?.phase === "done");
  const held = await read(planned.id);
  expect(lane("429 Too Many Requests", held)).toMatchObject({
    phase: "held",
    cause: "Paused by Test Person",
  });
  expect(lane("429 Too Many Requests", held)?.sent).toBeLessThan(40);
  expect((await steer("no template", { do: "skip" })).body.error.message).toContain(
    "is done, 40 of 40 succeeded",
  );
  expect((await steer("429 Too Many Requests", { do: "rate", ratePerSecond: 10 })).status).toBe(200);
  await desk.call(resumeJobRun, { id: planned.id }).catch(() => undefined);
  await until(planned.id, (run) => (lane("429 Too Many Requests", run)?.ratePerSecond ?? 99) <= 10);
  expect((await steer("429 Too Many Requests", { do: "skip" })).status).toBe(200);
  const ended = await until(planned.id, isOver);
  expect(ended.skipped).toBeGreaterThan(0);
  expect(ended.sent + ended.skipped).toBe(80);
  expect(await queue.getFailedCount()).toBe(ended.skipped);
  expect(ended.rest).toMatchObject([{ outcome: "skipped", why: "left_out", count: ended.skipped }]);
  expect(ended.rates.length).toBeGreaterThan(0);
  const late = await desk.send("POST", `/queues/runs/${planned.id}/pause`);
  expect(late.body.error.message).toMatch(/this one completed at .*, \d+ of 80 succeeded/);
  const csv = await desk.text(`/queues/runs/${planned.id}/result`);
  expect(csv.split("\r\n")).toHaveLength(82);
});

test("a plan narrows by name, cause and id, and says what is wrong with it", async () => {
  const queue = open("email");
  await failedJobs(queue, 3);
  await failedJobs(queue, 2, newest, "Order 1234567 not found");
  const ids = (await queue.getFailed(0, 1)).map(({ id }) => String(id));
  const failed = { act: "retry", queue: "email", state: "failed" } as const;
  expect((await plan({ ...failed, error: ["429 Too Many Requests"] })).total).toBe(3);
  expect((await plan({ ...failed, name: ["nothing"] })).total).toBe(0);
  expect(await plan({ ...failed, ids: [...ids, "gone"] })).toMatchObject({
    total: 2,
    plan: { matched: 3, excluded: [{ why: "elsewhere", count: 1 }] },
  });
  const wrong = async (body: object) => {
    const reply = await desk.send("POST", "/queues/runs/plan", body);
    return [reply.status, reply.body.error.message.split(":")[0]];
  };
  expect(await wrong({ act: "retry", queue: "email", state: "delayed" })).toEqual([400, "body.state"]);
  expect(await wrong({ act: "move", queue: "email", state: "failed" })).toEqual([400, "body.to"]);
  expect(await wrong({ act: "move", queue: "email", state: "failed", to: "email" })).toEqual([
    400,
    "body.to",
  ]);
  expect((await wrong({ act: "retry", queue: "no-such", state: "failed" }))[0]).toBe(404);
  const empty = await plan({ ...failed, name: ["nothing"] });
  const begun = await desk.send("POST", "/queues/runs", {
    planId: empty.id,
    reason: "try it",
    ratePerSecond: null,
  });
  expect(begun.status).toBe(409);
});

test("requires a step-up above 100 jobs, and is visible to its own organization only", async () => {
  const queue = open("email");
  await queue.addBulk(Array.from({ length: 101 }, () => ({ name: "now", data: {} })));
  const large = await plan({ act: "remove", queue: "email", state: "waiting" });
  expect(large.plan.asksStepUp).toBe(true);
  const body = { planId: large.id, reason: "no longer needed", ratePerSecond: null };
  desk.setConfirmed(false);
  expect(await desk.send("POST", "/queues/runs", body)).toMatchObject({
    status: 403,
    body: { error: { code: "step_up_required" } },
  });
  desk.setConfirmed(true);
  expect(await queue.getWaitingCount()).toBe(101);
  const back = await desk.leave();
  expect((await desk.send("GET", `/queues/runs/${large.id}`)).status).toBe(404);
  expect((await desk.send("POST", `/queues/runs/${large.id}/cancel`)).status).toBe(404);
  expect((await desk.send("POST", "/queues/runs", body)).status).toBe(404);
  back();
  await start(large.id);
  await until(large.id, isOver);
  expect(await queue.getWaitingCount()).toBe(0);
  expect((await desk.call(listJobRuns)).items).toMatchObject([{ id: large.id, act: "remove" }]);
});
