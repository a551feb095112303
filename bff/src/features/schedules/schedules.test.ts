import type { ScheduleList, ScheduleRow } from "@wheelhouse/shared/queues/schedules.ts";
import { Queue, Worker } from "bullmq";
import { Queue as Queue4 } from "bullmq4";
import { Redis } from "ioredis";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createTestRedis } from "#testing/stack.ts";
import { startWatchedApp, type WatchedPeople } from "#testing/watched-app.ts";

let it: Awaited<ReturnType<typeof startWatchedApp>>["it"];
let people: WatchedPeople;
let redis: Redis;
const closing: { close(): Promise<unknown> }[] = [];
let connection: { host: string; port: number; db: number; maxRetriesPerRequest: null };

const queueOf = (name: string) => {
  const queue = new Queue(name, { connection });
  closing.push(queue);
  return queue;
};
const work = (name: string, run: (job: { name: string; data: unknown }) => Promise<void>) =>
  closing.push(new Worker(name, run, { connection }));
const received: unknown[] = [];

/** All at once, so that the tests wait for the same readings. */
async function addSchedulers() {
  const legacy = new Queue4("legacy", { connection });
  closing.push(legacy);
  await legacy.add("export", {}, { repeat: { pattern: "0 2 * * *", tz: "Asia/Tokyo" } });
  const billing = queueOf("billing");
  const evening = { pattern: "0 18 * * 1-5", tz: "Europe/Berlin" };
  await billing.upsertJobScheduler("invoices", evening, { name: "invoice", data: { run: 1 } });
  await billing.upsertJobScheduler("dunning", { pattern: "0 9 * * *" }, { name: "dun", data: { level: 2 } });
  work("billing", async ({ data }) => void received.push(data));
  const quick = queueOf("quick");
  const opts = { removeOnFail: true, attempts: 1 };
  await quick.upsertJobScheduler("fails", { every: 1_000 }, { name: "fails", opts });
  await quick.upsertJobScheduler("works", { every: 1_000 }, { name: "works" });
  work("quick", async ({ name }) => {
    if (name === "fails") throw new Error("503 from the bank");
  });
  await queueOf("deserted").upsertJobScheduler("sweep", { every: 3_600_000 }, { name: "sweep" });
}

beforeAll(async () => {
  const { url } = await createTestRedis();
  const { hostname, port, pathname } = new URL(url);
  connection = {
    host: hostname,
    port: Number(port),
    db: Number(pathname.slice(1)),
    maxRetriesPerRequest: null,
  };
  redis = new Redis(url);
  ({ it, people } = await startWatchedApp(url));
  await addSchedulers();
  await it.startRoles();
});
afterAll(async () => {
  await Promise.all(closing.map((each) => each.close()));
  await it.close();
  redis.disconnect();
});

const list = async (person = people.viewer): Promise<ScheduleList> =>
  (await person.call("GET", "/schedules")).json();
const find = async (name: string, person = people.viewer): Promise<ScheduleRow | undefined> =>
  (await list(person)).items.find((row) => row.name === name);
const seen = (name: string) =>
  expect.poll(() => find(name), { timeout: 15_000, message: `schedule ${name}` });

test("a scheduler is listed with its pattern in words, its zone and its next run, and only to its organization", async () => {
  await seen("invoices").toMatchObject({
    kind: "bullmq",
    runs: "At 18:00, Monday through Friday",
    pattern: "0 18 * * 1-5",
    timeZone: "Europe/Berlin",
    label: "Not run yet",
    queue: { id: "billing", name: "billing" },
  });
  const row = await find("invoices");
  const score = await redis.zscore("bull:billing:repeat", "invoices");
  expect(Date.parse(row?.nextAt ?? "")).toBe(Number(score));
  expect((await list(people.other)).items).toEqual([]);
  const path = `/schedules/${encodeURIComponent(row?.id ?? "")}`;
  expect((await people.other.call("GET", path)).statusCode).toBe(404);
  const { next, zone } = (await people.viewer.call("GET", path)).json();
  expect(next).toHaveLength(5);
  expect(next[0]).toMatchObject({ at: row?.nextAt });
  expect(next[0].local).toMatch(/18:00 UTC\+[12]$/);
  expect(zone.changesAt).not.toBeNull();
});

test("repeatables of BullMQ 4 are schedules, too", async () => {
  await seen("export").toMatchObject({
    runs: "At 02:00",
    timeZone: "Asia/Tokyo",
    queue: { name: "legacy" },
  });
});

test("each run is kept with its outcome and duration, whether its job stays or goes", async () => {
  await seen("fails").toMatchObject({
    label: "Failed",
    state: "down",
    cause: "503 from the bank",
    runs: "Every 1 s",
  });
  await seen("works").toMatchObject({ state: "ok", usualMs: expect.any(Number) });
  expect((await find("works"))?.recent).toContain("completed");
});

test("a scheduler whose queue has no worker is missed, never shown as its next run", async () => {
  await seen("sweep").toMatchObject({ label: expect.any(String) });
  const past = Date.now() - 20 * 60_000;
  await redis.zadd("bull:deserted:repeat", past, "sweep");
  await seen("sweep").toMatchObject({
    label: "Missed",
    state: "degraded",
    overdueSince: new Date(past).toISOString(),
    cause: expect.stringContaining("No worker on its queue"),
  });
  const row = await find("sweep");
  expect(Date.parse(row?.nextAt ?? "")).toBeGreaterThan(Date.now());
  expect(row?.recent.at(-1)).toBe("missed");
  const overview = (await people.viewer.call("GET", "/overview")).json();
  expect(JSON.stringify(overview)).toContain("schedules?schedule=");
});

const act = async (verb: string, name: string, payload: object, person = people.operator) => {
  const id = encodeURIComponent((await find(name))?.id ?? "");
  const [method, path] =
    verb === "edit"
      ? (["PATCH", ""] as const)
      : verb === "remove"
        ? (["DELETE", ""] as const)
        : (["POST", `/${verb}`] as const);
  return person.call(method, `/schedules/${id}${path}`, { payload });
};
const reason = "tried in a test";

test("run now adds one job with the data of the template, and its outcome is kept with who asked", async () => {
  await seen("dunning").toBeDefined();
  expect((await act("run", "dunning", { reason }, people.viewer)).statusCode).toBe(403);
  expect((await act("run", "dunning", { reason }, people.other)).statusCode).toBe(404);
  const answer = await act("run", "dunning", { reason });
  expect([answer.statusCode, answer.json().state]).toEqual([200, "done"]);
  await expect.poll(() => received).toContainEqual({ level: 2 });
  await seen("dunning").toMatchObject({ label: "Completed", last: { trigger: "person" } });
  const id = encodeURIComponent((await find("dunning"))?.id ?? "");
  await expect
    .poll(async () => (await people.viewer.call("GET", `/schedules/${id}/runs`)).json().items)
    .toMatchObject([{ outcome: "completed", trigger: "person", askedBy: "Jonas Weber" }]);
  expect(received.filter((data) => JSON.stringify(data) === '{"level":2}')).toHaveLength(1);
});

test("an edit changes pattern and zone in Redis, refuses what is no pattern, and loses no other edit", async () => {
  await seen("invoices").toBeDefined();
  const before = { pattern: "0 18 * * 1-5", everyMs: null };
  const bad = await act("edit", "invoices", { reason, pattern: "61 * * * *", before });
  expect([bad.statusCode, bad.json().error.details[0].field]).toEqual([400, "body.pattern"]);
  const zone = await act("edit", "invoices", {
    reason,
    pattern: "0 7 * * *",
    timeZone: "Mars/Olympus",
    before,
  });
  expect(zone.json().error.details[0].field).toBe("body.timeZone");
  const stale = await act("edit", "invoices", {
    reason,
    pattern: "0 7 * * *",
    before: { pattern: "1 1 1 1 1", everyMs: null },
  });
  expect(stale.statusCode).toBe(409);
  const done = await act("edit", "invoices", {
    reason,
    pattern: "0 7 * * *",
    timeZone: "Asia/Tokyo",
    before,
  });
  expect([done.statusCode, done.json().state]).toEqual([200, "done"]);
  expect(await redis.hmget("bull:billing:repeat:invoices", "pattern", "tz", "data")).toEqual([
    "0 7 * * *",
    "Asia/Tokyo",
    '{"run":1}',
  ]);
  await seen("invoices").toMatchObject({ runs: "At 07:00", timeZone: "Asia/Tokyo" });
});

test("a paused scheduler leaves its Redis and keeps its template here; created again by its program, it is said so", async () => {
  await seen("invoices").toBeDefined();
  const pattern = await redis.hget("bull:billing:repeat:invoices", "pattern");
  expect((await act("pause", "invoices", { reason })).json()).toMatchObject({ state: "done" });
  expect(await redis.zscore("bull:billing:repeat", "invoices")).toBeNull();
  await seen("invoices").toMatchObject({
    label: "Paused",
    nextAt: null,
    paused: { by: "Jonas Weber" },
  });
  expect((await act("pause", "invoices", { reason })).statusCode).toBe(409);

  await queueOf("billing").upsertJobScheduler("invoices", { pattern: "0 5 * * *" }, { name: "invoice" });
  await it.database.system
    .updateTable("schedule_states")
    .set({ paused_at: new Date(Date.now() - 60_000) })
    .where("name", "=", "invoices")
    .execute();
  await seen("invoices").toMatchObject({ paused: { recreatedAt: expect.any(String) }, pattern: "0 5 * * *" });

  expect((await act("resume", "invoices", { reason })).json()).toMatchObject({ state: "done" });
  expect(await redis.hmget("bull:billing:repeat:invoices", "pattern", "data")).toEqual([
    pattern,
    '{"run":1}',
  ]);
  await seen("invoices").toMatchObject({ paused: null, pattern });
  const events = (await people.admin.call("GET", "/audit/events?limit=50")).json().items;
  const told = events.map(({ action }: { action: string }) => action);
  expect(told).toContain("schedules.schedule.pause");
  expect(told).toContain("schedules.schedule.outcome");
});

test("a removed scheduler is gone with its next job, and repeatables of BullMQ 4 are refused", async () => {
  await seen("sweep").toBeDefined();
  expect((await act("remove", "sweep", { reason })).json()).toMatchObject({ state: "done" });
  expect(await redis.zcard("bull:deserted:repeat")).toBe(0);
  await seen("sweep").toBeUndefined();
  await seen("export").toBeDefined();
  const refused = await act("pause", "export", { reason });
  expect([refused.statusCode, refused.json().error.message]).toEqual([
    409,
    expect.stringContaining("BullMQ 4"),
  ]);
});
