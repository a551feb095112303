import type { ScheduleList, ScheduleRow } from "@wheelhouse/shared/schedules.ts";
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

const queueOf = (name: string) => {
  const queue = new Queue(name, { connection });
  closing.push(queue);
  return queue;
};

test("a scheduler is listed with its pattern in words, its zone and its next run, and only to its organization", async () => {
  await queueOf("billing").upsertJobScheduler(
    "invoices",
    { pattern: "0 18 * * 1-5", tz: "Europe/Berlin" },
    { name: "invoice", data: { run: 1 } },
  );
  await seen("invoices").toMatchObject({
    kind: "bullmq",
    runs: "At 18:00, Monday through Friday",
    pattern: "0 18 * * 1-5",
    timeZone: "Europe/Berlin",
    label: "Not run yet",
    queue: { id: "billing", name: "billing" },
  });
  const row = await find("invoices");
  const [score] = (await redis.zrange("bull:billing:repeat", "0", "-1", "WITHSCORES")).slice(1);
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
  const queue = new Queue4("legacy", { connection });
  closing.push(queue);
  await queue.add("export", {}, { repeat: { pattern: "0 2 * * *", tz: "Asia/Tokyo" } });
  await seen("export").toMatchObject({
    runs: "At 02:00",
    timeZone: "Asia/Tokyo",
    queue: { name: "legacy" },
  });
});

test("each run is kept with its outcome and duration, whether its job stays or goes", async () => {
  const queue = queueOf("quick");
  await queue.upsertJobScheduler(
    "fails",
    { every: 1_000 },
    { name: "fails", opts: { removeOnFail: true, attempts: 1 } },
  );
  await queue.upsertJobScheduler("works", { every: 1_000 }, { name: "works" });
  const worker = new Worker(
    "quick",
    async ({ name }) => {
      if (name === "fails") throw new Error("503 from the bank");
    },
    { connection },
  );
  closing.push(worker);
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
  await queueOf("deserted").upsertJobScheduler("sweep", { every: 3_600_000 }, { name: "sweep" });
  await seen("sweep").toMatchObject({ label: expect.any(String) });
  const [key] = await redis.zrange("bull:deserted:repeat", "0", "-1");
  const past = Date.now() - 20 * 60_000;
  await redis.zadd("bull:deserted:repeat", past, key ?? "");
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
