import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type CacheRow, cacheList } from "@wheelhouse/shared/caches/caches.ts";
import { serviceDetail } from "@wheelhouse/shared/health/health.ts";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startTestApp, type TestApp } from "#testing/access-app.ts";
import { signInAs } from "#testing/access-client.ts";
import { createTestDatabase, type OwnRedis, startOwnRedis } from "#testing/stack.ts";

const known = "/audit/facets?key=action&limit=20";
const id = "wheelhouse~audit%20values";
let it: TestApp;
let server: OwnRedis;
let people: Record<"superadmin" | "admin", Awaited<ReturnType<typeof signInAs>>>;

beforeAll(async () => {
  const [urls, own] = await Promise.all([createTestDatabase(), startOwnRedis()]);
  server = own;
  // Its Redis belongs to another organization, as in the demo.
  const sources = join(mkdtempSync(join(tmpdir(), "wheelhouse-sources-")), "wheelhouse.yaml");
  writeFileSync(sources, "redis:\n  - id: primary\n    organization: northwind\n");
  const environment = { WHEELHOUSE_CONFIG: sources, WHEELHOUSE_SAMPLE_INTERVAL_MS: "200" };
  it = await startTestApp({ urls, redisUrl: server.url, environment });
  await it.startRoles();
  const [superadmin, admin] = await Promise.all([
    signInAs(it, "superadmin", "platform"),
    signInAs(it, "admin"),
  ]);
  people = { superadmin, admin };
});
afterAll(async () => {
  await it.close();
  await server.dispose();
});

const rowsOf = async (who: keyof typeof people): Promise<CacheRow[]> => {
  const answer = await people[who].call("GET", "/caches");
  return cacheList.parse(answer.json()).items;
};
const own = async () => (await rowsOf("superadmin")).find((row) => row.id === id);

test("Wheelhouse's own caches are shown to the platform like any others, and to nobody else", async () => {
  for (let time = 0; time < 3; time += 1)
    expect((await people.admin.call("GET", known)).statusCode).toBe(200);
  await expect.poll(async () => (await own())?.hitRatio, { timeout: 15_000 }).toBeCloseTo(2 / 3);
  const row = await own();
  expect(row).toMatchObject({ name: "audit values", service: "wheelhouse", state: "ok", tags: ["action"] });
  expect(row?.levels[0]).toMatchObject({ level: "memory", entries: expect.any(Number) });
  expect((await rowsOf("superadmin")).map(({ name }) => name).sort()).toEqual([
    "audit values",
    "history series",
    "reports",
  ]);
  expect(await rowsOf("admin")).toEqual([]);
});

test("its processes are a service of the platform, each with its event loop, also for probes and Prometheus", async () => {
  const path = "/health/wheelhouse";
  const detail = async () => serviceDetail.parse((await people.superadmin.call("GET", path)).json());
  await expect.poll(async () => (await detail()).service.state, { timeout: 15_000 }).toBe("ok");
  expect((await detail()).instances).toMatchObject([
    {
      id: expect.stringMatching(/\/\d+ \(web, collector, worker\)$/),
      components: [{ name: "event loop", detail: expect.stringMatching(/^p99 [\d.]+ m?s, max/) }],
    },
  ]);
  expect((await people.admin.call("GET", path)).statusCode).toBe(404);
  const workers = async () => (await it.app.inject("/health/workers")).json();
  await expect.poll(workers, { timeout: 10_000 }).toMatchObject({
    eventLoop: { delayMsP99: expect.any(Number), busyRatio: expect.any(Number) },
    processes: [{ state: "ok" }],
  });
  const metrics = (await it.app.inject("/metrics")).body;
  for (const name of ["delay_p99_seconds", "delay_max_seconds", "busy_ratio"])
    expect(metrics).toMatch(new RegExp(`^wheelhouse_event_loop_${name} [0-9.]+`, "m"));
});

test("they are invalidated like any others, by the platform only", async () => {
  const path = `/caches/${encodeURIComponent(id)}`;
  const asked = (who: keyof typeof people) =>
    people[who].call("GET", `${path}/invalidation?by=tag&value=action`);
  await people.admin.call("GET", known);
  expect((await asked("admin")).statusCode).toBe(404);
  const counted = await asked("superadmin");
  expect(counted.json(), counted.body).toMatchObject({ count: 1 });
  const payload = { by: "tag", value: "action", count: 1, reason: "A class of actions was renamed" };
  const done = await people.superadmin.call("POST", `${path}/invalidate`, { payload });
  expect(done.json(), done.body).toMatchObject({
    state: "done",
    outcomes: [{ outcome: "obeyed", count: 1 }],
  });
  expect((await asked("superadmin")).json()).toMatchObject({ count: 0 });
});

test("without Redis they serve from memory, and the page shows it", async () => {
  await people.admin.call("GET", known);
  await server.kill();
  expect((await people.admin.call("GET", known)).statusCode).toBe(200);
  await expect.poll(async () => (await own())?.state, { timeout: 20_000 }).toBe("degraded");
  expect((await own())?.cause).toMatch(/^Redis does not answer: each process serves from its own memory/);
  await server.start();
  await expect.poll(async () => (await own())?.state, { timeout: 30_000 }).toBe("ok");
});
