import { FlowProducer, Queue, Worker } from "bullmq";
import { Redis } from "ioredis";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import type { TestApp } from "#testing/access-app.ts";
import { type OwnRedis, startOwnRedis } from "#testing/stack.ts";
import { startWatchedApp, type WatchedPeople } from "#testing/watched-app.ts";

let it: TestApp;
let server: OwnRedis;
let redis: Redis;
let people: WatchedPeople;
const queues = new Map<string, Queue>();

const connection = () => {
  const { hostname, port } = new URL(server.url);
  return { host: hostname, port: Number(port), maxRetriesPerRequest: null };
};
const open = (name: string) => {
  const queue = queues.get(name) ?? new Queue(name, { connection: connection() });
  queues.set(name, queue);
  return queue;
};

beforeAll(async () => {
  server = await startOwnRedis();
  redis = new Redis(server.url);
  for (const name of ["email", "reports", "empty"]) await open(name).waitUntilReady();
  await open("empty").add("seed", {}, { jobId: "seed" });
  ({ it, people } = await startWatchedApp(server.url));
  await it.startRoles();
  await vi.waitFor(
    async () => expect((await people.operator.call("GET", "/queues/email")).statusCode).toBe(200),
    { timeout: 15_000 },
  );
});
afterAll(async () => {
  await Promise.all([...queues.values()].map((queue) => queue.close()));
  await it.close();
  redis.disconnect();
  await server.dispose();
});

const get = (who: keyof typeof people, path: string) => people[who].call("GET", path);
const post = (who: keyof typeof people, path: string, payload: object) =>
  people[who].call("POST", path, { payload });
const at = (id: string) => encodeURIComponent(id);

/** Runs all jobs of a queue until none waits. */
async function run(name: string, work: (job: { name: string }) => Promise<unknown>) {
  const worker = new Worker(name, work, { connection: connection(), name: "core-1" });
  worker.on("error", () => undefined);
  await expect
    .poll(async () => {
      const counts = await open(name).getJobCounts("waiting", "active", "prioritized");
      return Object.values(counts).reduce((sum, count) => sum + count, 0);
    })
    .toBe(0);
  await worker.close();
}

test("a failed job is read, retried and completes; the trail has the act and its outcome", async () => {
  const queue = open("email");
  await queue.add("send-campaign", { user: { id: 71_902 } }, { jobId: "camp", attempts: 2 });
  let isBroken = true;
  const work = async () => {
    if (isBroken) throw new Error("429 Too Many Requests");
    return "sent";
  };
  await run("email", work);

  const list = await get("viewer", "/queues/email/jobs?state=failed");
  expect(list.json(), list.body).toMatchObject({
    items: [
      {
        id: "camp",
        name: { text: "send-campaign" },
        attemptsMade: 2,
        attempts: 2,
        failedReason: { text: "429 Too Many Requests" },
        worker: "core-1",
      },
    ],
    counts: { failed: 1 },
    nextCursor: null,
    readOnly: null,
  });
  expect(list.body).not.toContain("71902");
  const detail = await get("viewer", "/queues/email/jobs/camp");
  expect(detail.json(), detail.body).toMatchObject({ state: "failed", tracesLeft: 0, lineage: [] });
  expect(detail.json().traces.map(({ attempt }: { attempt: number }) => attempt)).toEqual([2, 1]);
  expect(detail.json().traces[0].text).toMatch(/^Error: 429 Too Many Requests\n {4}at /);
  const payload = await get("operator", "/queues/email/jobs/camp/payload");
  expect(payload.json().data).toEqual({
    text: '{"user":{"id":71902}}',
    bytes: 21,
    isCut: false,
    isJson: true,
  });

  isBroken = false;
  const retried = await post("operator", "/queues/email/jobs/retry", {
    jobs: ["camp"],
    reason: "Provider is back",
  });
  expect(retried.json(), retried.body).toMatchObject({
    kind: "queues.jobs.retry",
    state: "done",
    outcomes: [{ job: "camp", outcome: "done" }],
  });
  await run("email", work);
  const after = (await get("viewer", "/queues/email/jobs/camp")).json();
  expect(after).toMatchObject({
    state: "completed",
    lineage: [{ kind: "queues.jobs.retry", by: expect.any(String), outcome: "done" }],
  });

  const trail = await get("admin", "/audit/events?class=queues&limit=2");
  expect(trail.json().items, trail.body).toMatchObject([
    { action: "queues.operation.outcome", outcome: "success", after: { done: ["camp"], state: "done" } },
    {
      action: "queues.jobs.retry",
      reason: "Provider is back",
      targets: [
        { type: "queue", id: "email" },
        { type: "job", name: "camp" },
      ],
      after: { effect: "accepted", jobs: 1, command: "retry" },
    },
  ]);
});

test("an act that comes too late is a conflict that says what happened instead, and changes nothing", async () => {
  const queue = open("email");
  await queue.add("send", {}, { jobId: "early" });
  const late = await post("operator", "/queues/email/jobs/retry", { jobs: ["early"] });
  expect([late.statusCode, late.json().error.message]).toEqual([
    409,
    "The job is waiting. Nothing was changed.",
  ]);
  const gone = await post("operator", "/queues/email/jobs/remove", { jobs: ["never"] });
  expect(gone.statusCode).toBe(404);
  const some = await post("operator", "/queues/email/jobs/remove", { jobs: ["never", "early"] });
  expect(some.json().outcomes, some.body).toMatchObject([
    { job: "never", outcome: "refused", detail: "The job no longer exists" },
    { job: "early", outcome: "done" },
  ]);
  const unknown = await get("operator", "/queues/email/jobs/early");
  expect(unknown.statusCode).toBe(404);
});

test("a viewer and another organization act on nothing, and read no payload", async () => {
  await open("email").add("send", {}, { jobId: "kept" });
  const acts: [string, object][] = [
    ["/queues/email/jobs/remove", { jobs: ["kept"] }],
    ["/queues/email/pause", { reason: "not mine" }],
    ["/queues/email/jobs", { name: "x", data: "{}" }],
  ];
  for (const [path, body] of acts) {
    expect((await post("viewer", path, body)).statusCode, path).toBe(403);
    expect((await post("other", path, body)).statusCode, path).toBe(404);
  }
  expect((await get("viewer", "/queues/email/jobs/kept/payload")).statusCode).toBe(403);
  expect((await get("other", "/queues/email/jobs/kept")).statusCode).toBe(404);
  expect((await get("other", "/queues/email/jobs?state=waiting")).statusCode).toBe(404);
  expect(await redis.exists("bull:email:kept")).toBe(1);
});

test("pages go on after the last job seen, in both orders, while jobs come, go and fail again", async () => {
  const queue = open("reports");
  await queue.addBulk(
    Array.from({ length: 7 }, (_, n) => ({ name: "build", data: { n }, opts: { jobId: `r${n}` } })),
  );
  const read = async (state: string, order: string) => {
    const seen: string[] = [];
    let cursor = "";
    for (let page = 0; page < 9; page += 1) {
      const query = new URLSearchParams({ state, order, limit: "2", ...(cursor === "" ? {} : { cursor }) });
      const answer = (await get("viewer", `/queues/reports/jobs?${query}`)).json();
      seen.push(...answer.items.map(({ id }: { id: string }) => id));
      if (page === 0) await queue.add("build", {}, { jobId: `${order}-late`, lifo: order === "oldest" });
      if (page === 1) await queue.remove(seen.at(-1) ?? "");
      cursor = answer.nextCursor ?? "";
      if (cursor === "") break;
    }
    return seen;
  };
  expect(await read("waiting", "newest")).toEqual(["r6", "r5", "r4", "r3", "r2", "r1", "r0"]);
  const oldest = await read("waiting", "oldest");
  expect(oldest).toEqual(["r0", "r1", "r2", "r4", "r5", "r6", "newest-late"]);
  await run("reports", async () => {
    throw new Error("no data");
  });
  const failed = await read("failed", "newest");
  expect(new Set(failed).size).toBe(failed.length);
  const bad = await get("viewer", "/queues/reports/jobs?state=failed&cursor=nonsense");
  expect([bad.statusCode, bad.json().error.details[0].field]).toEqual([400, "query.cursor"]);
});

test("odd jobs have a clear state: a huge payload, no JSON, endless names, ids with : and /", async () => {
  const queue = open("email");
  const big = { text: "x".repeat(3 * 1024 * 1024) };
  await queue.add("big", big, { jobId: "big" });
  await queue.add("n".repeat(100_000), {}, { jobId: "named" });
  const odd = "order/7:eu?#%25 ü";
  await redis.hset(`bull:email:${odd}`, {
    name: "odd",
    data: "{not json",
    opts: "{}",
    timestamp: "1764400000000",
  });
  await redis.lpush("bull:email:wait", odd);

  const payload = (await get("operator", "/queues/email/jobs/big/payload")).json().data;
  expect(payload).toMatchObject({ bytes: JSON.stringify(big).length, isCut: true, isJson: false });
  expect(payload.text.length).toBe(1024 * 1024);
  const list = await get("viewer", "/queues/email/jobs?state=waiting&limit=200");
  expect(list.body.length).toBeLessThan(20_000);
  const named = list.json().items.find(({ id }: { id: string }) => id === "named");
  expect(named.name).toMatchObject({ bytes: 100_000, isCut: true });
  const detail = await get("viewer", `/queues/email/jobs/${at(odd)}`);
  expect(detail.json(), detail.body).toMatchObject({ id: odd, state: "waiting", name: { text: "odd" } });
  const text = await get("operator", `/queues/email/jobs/${at(odd)}/payload`);
  expect(text.json().data).toMatchObject({ text: "{not json", isJson: false });
  const moved = await post("operator", "/queues/email/jobs/move", { jobs: [odd], to: "reports" });
  expect([moved.statusCode, moved.json().error.message]).toEqual([
    409,
    "Its data is not JSON. Nothing was changed.",
  ]);
  const removed = await post("operator", "/queues/email/jobs/remove", { jobs: [odd] });
  expect(removed.json(), removed.body).toMatchObject({ outcomes: [{ outcome: "done" }] });
  expect(await redis.exists(`bull:email:${odd}`)).toBe(0);
});

test("a flow shows its parent and children, with the queue of each", async () => {
  const flows = new FlowProducer({ connection: connection() });
  await flows.add({
    name: "campaign-batch",
    queueName: "reports",
    opts: { jobId: "batch" },
    children: [
      { name: "render", queueName: "email", opts: { jobId: "child-1" } },
      { name: "render", queueName: "elsewhere", opts: { jobId: "child-2" } },
    ],
  });
  await flows.close();
  const parent = (await get("viewer", "/queues/reports/jobs/batch")).json();
  expect(parent).toMatchObject({ state: "waiting-children", childCounts: { unfinished: 2, failed: 0 } });
  expect(parent.children.map(({ id, name }: { id: string; name: string }) => [id, name])).toEqual(
    expect.arrayContaining([["child-1", "render"]]),
  );
  const child = (await get("viewer", "/queues/email/jobs/child-1")).json();
  expect(child.parent).toMatchObject({ queue: "reports", id: "batch", name: "campaign-batch" });
});

test("jobs are added, copied with other data, and known by where they came from", async () => {
  await open("email").waitUntilReady();
  await open("email").add("keep", {}, { jobId: "keep" });
  const body = { name: "greet", data: '{"to":1}', options: { jobId: "hello", priority: 4, attempts: 3 } };
  const added = await post("operator", "/queues/email/jobs", body);
  expect(added.json(), added.body).toMatchObject({ outcomes: [{ made: { queue: "email", id: "hello" } }] });
  const again = await post("operator", "/queues/email/jobs", body);
  expect([again.statusCode, again.json().error.message]).toEqual([
    409,
    "The queue has a job with the id hello already. Nothing was changed.",
  ]);
  const wrong = await post("operator", "/queues/email/jobs", { name: "greet", data: "{" });
  expect(wrong.json().error.details).toEqual([{ field: "body.data", message: "must be JSON" }]);
  const copied = await post("operator", "/queues/email/jobs/copy", {
    job: "hello",
    data: '{"to":2}',
    removeOriginal: true,
  });
  const made = copied.json().outcomes[0].made.id;
  expect(await redis.hmget(`bull:email:${made}`, "name", "data", "priority")).toEqual([
    "greet",
    '{"to":2}',
    "4",
  ]);
  expect(await redis.exists("bull:email:hello")).toBe(0);
  const lineage = (await get("viewer", `/queues/email/jobs/${made}`)).json().lineage;
  expect(lineage).toMatchObject([{ kind: "queues.job.copy", copyOf: { queue: "email", id: "hello" } }]);
});

test("a queue is paused, limited, cleaned and obliterated, each with its count; a queue that is gone says so", async () => {
  const queue = open("empty");
  await queue.waitUntilReady();
  await queue.addBulk(Array.from({ length: 30 }, (_, n) => ({ name: "w", data: { n } })));
  await queue.setGlobalConcurrency(5);
  const reason = "Provider is away";
  await expect.poll(async () => (await get("viewer", "/queues/empty")).statusCode).toBe(200);
  expect((await post("operator", "/queues/empty/pause", { reason })).json()).toMatchObject({ state: "done" });
  expect((await post("operator", "/queues/empty/pause", { reason })).json().outcomes[0]).toMatchObject({
    outcome: "done",
    detail: "It was paused already",
  });
  const limits = { concurrency: null, rateLimit: { max: 10, durationMs: 1_000 }, reason };
  expect((await post("operator", "/queues/empty/limits", limits)).statusCode).toBe(200);
  expect((await get("viewer", "/queues/empty/jobs?state=waiting&limit=1")).json()).toMatchObject({
    paused: true,
    concurrency: null,
    rateLimit: { max: 10, durationMs: 1_000 },
  });
  const few = await post("operator", "/queues/empty/drain", { count: 3, reason });
  expect([few.statusCode, few.json().error.message]).toEqual([
    409,
    "There are now 31 jobs, not 3. Nothing was removed; look again.",
  ]);
  const cleaned = await post("operator", "/queues/empty/clean", {
    state: "waiting",
    olderThanMs: 0,
    count: 31,
    reason,
  });
  expect(cleaned.json().outcomes, cleaned.body).toMatchObject([{ outcome: "done", count: 31 }]);
  await queue.add("last", {});
  const gone = await post("operator", "/queues/empty/obliterate", { count: 1, reason });
  expect(gone.json(), gone.body).toMatchObject({ outcomes: [{ outcome: "done", count: 1 }] });
  const list = await get("viewer", "/queues/empty/jobs?state=waiting");
  expect(list.statusCode).toBe(404);
});
