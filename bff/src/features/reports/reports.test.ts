import { sql } from "kysely";
import { afterAll, beforeAll, expect, test } from "vitest";
import { ownScheduleList } from "#lib/own-schedules.ts";
import { startTestApp, type TestApp } from "#testing/access-app.ts";
import { signInAs } from "#testing/access-client.ts";
import { createTestDatabase, createTestRedis } from "#testing/stack.ts";

const apps: TestApp[] = [];
let watcher: TestApp;

/** Two collectors and three workers over one Postgres and one Redis. */
beforeAll(async () => {
  const [urls, redis] = await Promise.all([createTestDatabase(), createTestRedis()]);
  const start = async (roles: string) => {
    const app = await startTestApp({ urls, redisUrl: redis.url, environment: { WHEELHOUSE_ROLES: roles } });
    apps.push(app);
    return app;
  };
  watcher = await start("web,collector");
  await start("collector");
  for (let worker = 0; worker < 3; worker += 1) await start("worker");
  await Promise.all(apps.map((app) => app.startRoles()));
}, 60_000);
afterAll(() => Promise.all(apps.map((app) => app.close())));

const runs = () =>
  watcher.database.system
    .selectFrom("schedule_runs")
    .select(["schedule", "outcome", "detail", "attempts"])
    .where("schedule", "like", "own~%")
    // A time that falls due while the test runs is a run of its own.
    .where("trigger", "<>", "due")
    .execute();

test("with two collectors and three workers each own schedule fires once and completes, and the page shows it", {
  timeout: 60_000,
}, async () => {
  await expect
    .poll(async () => (await runs()).map(({ outcome }) => outcome), { timeout: 30_000 })
    .toEqual(ownScheduleList.map(() => "completed"));
  const found = await runs();
  expect(found.map(({ schedule }) => schedule).sort()).toEqual(
    ownScheduleList.map(({ name }) => `own~${name}`).sort(),
  );
  expect(found.every(({ attempts }) => attempts === 1)).toBe(true);

  const superadmin = await signInAs(watcher, "superadmin", "platform");
  await expect
    .poll(async () => (await superadmin.call("GET", "/schedules")).json().items, { timeout: 15_000 })
    .toHaveLength(ownScheduleList.length);
  const { items } = (await superadmin.call("GET", "/schedules")).json();
  for (const item of items) expect(item).toMatchObject({ kind: "own", state: "ok", timeZone: "UTC" });
  const workers = (await watcher.app.inject({ url: "/health/workers" })).json();
  expect(workers.schedules.map(({ name }: { name: string }) => name).sort()).toEqual(
    ownScheduleList.map(({ name }) => name).sort(),
  );
});

test("the database's statistics are a report of the platform alone", async () => {
  const [superadmin, auditor] = await Promise.all([
    signInAs(watcher, "superadmin", "platform"),
    signInAs(watcher, "auditor"),
  ]);
  const { reports } = (await superadmin.call("GET", "/reports/database")).json();
  expect(reports).toHaveLength(1);
  const names = reports[0].report.tables.map(({ name }: { name: string }) => name);
  expect(names).toContain("audit_events");
  expect(names.filter((name: string) => /_\d{4}/.test(name))).toEqual([]);
  expect((await auditor.call("GET", "/reports/database")).statusCode).toBe(404);
});

test("a day is counted per organization in UTC, again for three days, and keeps its counts when deliveries expire", async () => {
  const auditor = await signInAs(watcher, "auditor");
  const { system } = watcher.database;
  const org = auditor.organizationId;
  const yesterday = new Date(Date.now() - 86_400_000).toISOString().slice(0, 10);
  await sql`insert into audit_activity (org_id, hour, actor, action, outcome, events) values
    (${org}, ${`${yesterday}T00:00:00Z`}, 'a', 'x.y.z', 'success', 5),
    (${org}, ${`${yesterday}T23:00:00Z`}, 'b', 'x.y.z', 'denied', 2)`.execute(system);
  const superadmin = await signInAs(watcher, "superadmin", "platform");
  let times = 1;
  /** Asks for the aggregation, as a person does, and waits for the reports that follow it. */
  const again = async () => {
    const path = "/schedules/own~daily-aggregation/run";
    const answer = await superadmin.call("POST", path, { payload: { reason: "counted again" } });
    expect(answer.statusCode).toBe(200);
    times += 1;
    const isReport = ({ schedule, outcome }: { schedule: string; outcome: string }) =>
      schedule === "own~reports" && outcome === "completed";
    await expect.poll(async () => (await runs()).filter(isReport), { timeout: 15_000 }).toHaveLength(times);
  };
  await again();
  const figures = () =>
    system
      .selectFrom("daily_figures")
      .selectAll()
      .where("org_id", "=", org)
      .where("day", "=", sql<Date>`${yesterday}::date`)
      .executeTakeFirst();
  expect(await figures()).toMatchObject({ audit_events: 7, audit_refused: 2, audit_actors: 2 });
  await sql`delete from audit_activity where org_id = ${org}`.execute(system);
  await again();
  expect(await figures()).toMatchObject({ audit_events: 7 });
  const report = (await auditor.call("GET", "/reports/figures?days=27")).json();
  expect(report.days.at(-1)).toMatchObject({ day: yesterday, auditEvents: 7, auditRefused: 2 });
  expect(report.periods.length).toBeGreaterThan(1);
});
