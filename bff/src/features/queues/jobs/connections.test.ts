import { Queue, Worker } from "bullmq";
import { Redis } from "ioredis";
import { pino } from "pino";
import { afterAll, beforeAll, expect, onTestFinished, test, vi } from "vitest";
import { createServerFilter } from "#lib/security/address-filter.ts";
import { type OwnRedis, startOwnRedis } from "#testing/stack.ts";
import { createJobActs } from "./acts.ts";
import { createJobConnections, type JobServer } from "./connections.ts";
import type { QueuePlace } from "./places.ts";
import { listJobsOf } from "./source.ts";

let own: OwnRedis;
let admin: Redis;
let queue: Queue;
const log = pino({ level: "silent" });
const source = { id: "shop", name: "Redis shop", url: undefined, organization: "northwind", timeoutMs: 500 };

beforeAll(async () => {
  own = await startOwnRedis();
  admin = new Redis(own.url);
  queue = new Queue("email", { connection: { url: own.url } });
  await queue.add("send", {}, { jobId: "first" });
});
afterAll(async () => {
  await queue.close();
  admin.disconnect();
  await own.dispose();
});

const open = (options: { idleMs?: number } = {}) => {
  const connections = createJobConnections(Object.assign({ log, filter: createServerFilter([]) }, options));
  onTestFinished(() => connections.stop());
  return connections;
};
const placeOn = (server: JobServer): QueuePlace => ({
  id: "email",
  queue: { prefix: "bull", name: "email" },
  base: "bull:email:",
  server,
});
const list = (connections: ReturnType<typeof open>, at: QueuePlace) =>
  connections.use(at.server, (redis) =>
    listJobsOf(redis, at, { state: "waiting", order: "newest", limit: 10 }),
  );
const named = async () => String(await admin.call("CLIENT", "LIST")).includes("wheelhouse-jobs-shop");

test("a user who may only read reads jobs, and an act is refused in the server's words", async () => {
  await admin.call(
    "ACL",
    "SETUSER",
    "reader",
    "on",
    ">secret",
    "~*",
    "&*",
    "-@all",
    "+@read",
    "+@connection",
    "+time",
    "+info",
    "+eval_ro",
    "+evalsha_ro",
    "+script|load",
  );
  const url = own.url.replace("redis://", "redis://reader:secret@");
  const at = placeOn({ source, url });
  const connections = open();
  expect((await list(connections, at)).items.map(({ id }) => id)).toEqual(["first"]);
  const [outcome] = await createJobActs({ connections })(at, [{ id: "first" }], { do: "remove" });
  expect(outcome).toMatchObject({ outcome: "refused", detail: expect.stringMatching(/NOPERM/) });
  expect(await queue.getJobState("first")).toBe("waiting");
});

test("a source that is watched read-only refuses every act before anything is sent", async () => {
  const at = placeOn({ source: Object.assign({ readOnly: true }, source), url: own.url });
  const act = createJobActs({ connections: open() });
  await expect(act(at, [{ id: "first" }], { do: "remove" })).rejects.toThrow(
    "Redis shop is watched read-only. Nothing was changed.",
  );
});

test("a job that failed anew since it was chosen is left alone", async () => {
  const worker = new Worker(
    "again",
    async () => {
      throw new Error("no");
    },
    { connection: { url: own.url } },
  );
  worker.on("error", () => undefined);
  const other = new Queue("again", { connection: { url: own.url } });
  onTestFinished(async () => {
    await worker.close();
    await other.close();
  });
  const finished = () => admin.hget("bull:again:j", "finishedOn");
  await other.add("work", {}, { jobId: "j" });
  await vi.waitFor(async () => expect(await finished()).not.toBeNull());
  const chosen = Number(await finished());
  await (await other.getJob("j"))?.retry();
  await vi.waitFor(async () => expect(Number((await finished()) ?? chosen)).toBeGreaterThan(chosen));
  const at = Object.assign(placeOn({ source, url: own.url }), {
    id: "again",
    queue: { prefix: "bull", name: "again" },
    base: "bull:again:",
  });
  const act = createJobActs({ connections: open() });
  const asked = { id: "j", finishedOn: chosen };
  expect(await act(at, [asked], { do: "retry", resetAttempts: false })).toEqual([
    { id: "j", outcome: "refused", detail: "The job failed again since", made: null },
  ]);
});

test("a server that does not respond is named within its time-out, and others are not held up", async () => {
  const connections = open();
  const nowhere = placeOn({
    source: Object.assign({}, source, { id: "gone", name: "Redis gone" }),
    url: "redis://127.0.0.1:1",
  });
  const started = performance.now();
  await expect(list(connections, nowhere)).rejects.toThrow("Redis gone is not responding. Try again.");
  expect(performance.now() - started).toBeLessThan(2_000);
  expect((await list(connections, placeOn({ source, url: own.url }))).items).toHaveLength(1);
});

test("a connection that nobody uses is closed", async () => {
  const connections = open({ idleMs: 50 });
  await list(connections, placeOn({ source, url: own.url }));
  expect(await named()).toBe(true);
  await vi.waitFor(async () => expect(await named()).toBe(false), { timeout: 5_000 });
  expect((await list(connections, placeOn({ source, url: own.url }))).items).toHaveLength(1);
});
