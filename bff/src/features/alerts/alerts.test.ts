import { pino } from "pino";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { createDatabase, type Database } from "#lib/postgres/postgres.ts";
import { testContext } from "#testing/contexts.ts";
import { createTestDatabase } from "#testing/stack.ts";
import { createIncidentActs } from "./incidents/incidents.ts";
import {
  alerting,
  beginMs,
  makeOrganization,
  reading,
  serviceDown,
  type TestOrganization,
  told,
} from "./testing/alerting.fixture.ts";
import { runKilled } from "./testing/killed.fixture.ts";

let database: Database;
let organization: TestOrganization;
let read: ReturnType<typeof reading>;
const up = { up: 1 };
const down = { up: 0 };

beforeAll(async () => {
  database = createDatabase({
    ...(await createTestDatabase()),
    poolSize: 4,
    log: pino({ level: "silent" }),
  });
});
afterAll(() => database.close());
beforeEach(async () => {
  organization = await makeOrganization(database);
  read = reading(database, organization);
});

/** Acts of a person, without the trail. */
const acting = (atMs: () => number) => {
  const acts = createIncidentActs({
    changes: {
      run: (context, _, work) =>
        database.asOrganizations([context.organization.id], async (tx) => (await work(tx)).result),
      runAsSystem: () => Promise.reject(new Error("not used")),
    },
    events: { emit: () => {}, on: () => () => {} },
    clock: { now: atMs },
    notifications: told,
  });
  return { acts, context: testContext(organization) };
};

test("a condition that holds is pending, fires, is announced once, and resolves once it is known not to hold", async () => {
  const rule = { ...serviceDown, forMs: 3_000, resolveForMs: 2_000 };
  const it = alerting(database, organization, { rules: { "service-down": rule } });
  await it.tick(0, { values: { pay: up } });
  await it.tick(1, { values: { pay: down } });
  expect(await read.alerts()).toMatchObject([{ node: "service:pay", state: "pending" }]);
  expect(await read.incidents()).toEqual([]);
  await it.tick(4, { values: { pay: down } });
  expect(await read.incidents()).toMatchObject([
    { number: 1, status: "open", severity: "critical", subject: "pay", title: "is down", firing: 1 },
  ]);
  await it.tick(5, { values: { pay: down } });
  await it.tick(6, { values: { pay: up } });
  expect(await read.incidents()).toMatchObject([{ status: "open" }]);
  await it.tick(8, { values: { pay: up } });
  expect(await read.incidents()).toMatchObject([{ status: "resolved", resolved_by: null }]);
  expect(await read.announced()).toEqual(["fired", "resolved"]);
  expect((await read.entries()).map((entry) => entry.split(":")[0])).toEqual([
    "pending",
    "fired",
    "cleared",
    "resolved",
  ]);
});

test("500 services behind one dead dependency are one incident with one announcement, and so is their recovery", async () => {
  const services = Array.from({ length: 500 }, (_, at) => `s${at}`);
  const roots = Object.fromEntries(services.map((name) => [`service:${name}`, "service:redis"]));
  const all = (of: typeof up) => Object.fromEntries(["redis", ...services].map((name) => [name, of]));
  const it = alerting(database, organization);
  await it.tick(0, { values: all(up), roots });
  await it.tick(1, { values: all(down), roots });
  expect(await read.incidents()).toMatchObject([
    { subject: "redis", root: "service:redis", firing: 501, alerts: 501, affected_count: 500 },
  ]);
  // The cause recovers first: what still fails stays a part of its incident.
  await it.tick(2, { values: { ...all(down), redis: up }, roots });
  await it.tick(3, { values: all(up), roots });
  expect(await read.incidents()).toMatchObject([{ status: "resolved", firing: 0 }]);
  expect(await read.announced()).toEqual(["fired", "resolved"]);
});

test("effects that are noticed before their cause become one incident, which is named after the cause", async () => {
  const roots = { "service:a": "service:redis", "service:b": "service:redis" };
  const it = alerting(database, organization);
  await it.tick(0, { values: { a: up, b: up, redis: up }, roots });
  await it.tick(1, { values: { a: down, b: up, redis: up }, roots });
  await it.tick(2, { values: { a: down, b: down, redis: up }, roots });
  expect(await read.incidents()).toHaveLength(2);
  await it.tick(3, { values: { a: down, b: down, redis: down }, roots });
  expect(await read.incidents()).toMatchObject([
    { number: 1, status: "open", root: "service:redis", subject: "redis", firing: 3 },
    { number: 2, status: "resolved" },
  ]);
  await it.tick(4, { values: { a: up, b: up, redis: up }, roots });
  expect(await read.announced()).toEqual(["fired", "fired", "resolved"]);
});

describe("no data", () => {
  test("a feed that dies never resolves what fires: it says that there is no data", async () => {
    const it = alerting(database, organization);
    await it.tick(0, { values: { pay: up } });
    await it.tick(1, { values: { pay: down } });
    await it.tick(2, { values: { pay: null } });
    // Later it is not even listed any more.
    for (const second of [60, 600, 3_600, 7_200]) await it.tick(second, { values: {} });
    expect(await read.incidents()).toMatchObject([{ status: "open", has_data: false }]);
    expect(await read.announced()).toEqual(["fired"]);
    expect((await read.entries()).at(-1)).toBe("no-data: No data: pay. It stays open until there is");
    await it.tick(7_201, { values: { pay: up } });
    expect(await read.incidents()).toMatchObject([{ status: "resolved", has_data: true }]);
  });

  test("what is pending does not fire without data", async () => {
    const it = alerting(database, organization, { rules: { down: { ...serviceDown, forMs: 5_000 } } });
    await it.tick(0, { values: { pay: up } });
    await it.tick(1, { values: { pay: down } });
    await it.tick(10, { values: { pay: null } });
    expect(await read.incidents()).toEqual([]);
  });

  test("absence is a condition of its own", async () => {
    const it = alerting(database, organization, {
      rules: {
        silent: {
          name: "No data",
          condition: { kind: "absence", of: "service", metric: "up" },
          severity: "warning",
          forMs: 2_000,
        },
      },
    });
    await it.tick(0, { values: { pay: up } });
    await it.tick(1, { values: { pay: null } });
    await it.tick(3, { values: { pay: null } });
    expect(await read.incidents()).toMatchObject([{ subject: "pay", title: "no data", status: "open" }]);
    await it.tick(4, { values: { pay: up } });
    expect(await read.incidents()).toMatchObject([{ status: "resolved" }]);
  });
});

describe("people", () => {
  test("an acknowledgement withdraws what is pending, holds until it clears, and is armed again when it returns", async () => {
    const it = alerting(database, organization);
    await it.tick(0, { values: { pay: up } });
    await it.tick(1, { values: { pay: down } });
    const { acts, context } = acting(() => beginMs + 2_000);
    await acts.acknowledge(1, context);
    await acts.acknowledge(1, context);
    await it.tick(30, { values: { pay: down } });
    expect(await read.announced()).toEqual(["fired", "acknowledged"]);
    await it.tick(31, { values: { pay: up } });
    await it.tick(60, { values: { pay: down } });
    const [incident, ...others] = await read.incidents();
    expect(others).toEqual([]);
    expect(incident).toMatchObject({ status: "open", acknowledged_at: null });
    expect(await read.announced()).toEqual(["fired", "acknowledged", "resolved", "reopened"]);
  });

  test("what is resolved by hand stays quiet until it has cleared, and then fires anew", async () => {
    const it = alerting(database, organization);
    await it.tick(0, { values: { pay: up } });
    await it.tick(1, { values: { pay: down } });
    const { acts, context } = acting(() => beginMs + 2_000);
    await acts.resolve(1, "replaced the machine", context);
    await it.tick(10, { values: { pay: down } });
    await it.tick(20, { values: { pay: up } });
    expect(await read.announced()).toEqual(["fired", "resolved"]);
    await it.tick(30, { values: { pay: down } });
    expect(await read.incidents()).toMatchObject([
      { number: 1, status: "resolved", resolved_by: "Test Person" },
      { number: 2, status: "open" },
    ]);
    expect(await read.announced()).toEqual(["fired", "resolved", "fired"]);
  });

  test("a snooze tells nobody until it ends, and again if it still fires then", async () => {
    const it = alerting(database, organization);
    await it.tick(0, { values: { pay: up } });
    await it.tick(1, { values: { pay: down } });
    const { acts, context } = acting(() => beginMs + 2_000);
    await acts.snooze(1, new Date(beginMs + 60_000).toISOString(), context);
    await it.tick(30, { values: { pay: down } });
    expect(await read.announced()).toEqual(["fired"]);
    await it.tick(61, { values: { pay: down } });
    await it.tick(64, { values: { pay: down } });
    expect(await read.announced()).toEqual(["fired", "reopened"]);
  });
});

test("a more severe alert of the same cause is told, even after an acknowledgement", async () => {
  const it = alerting(database, organization, {
    rules: {
      load: {
        name: "Load",
        condition: { kind: "series", of: "service", metric: "load", when: "over", threshold: 5 },
        severity: "warning",
      },
      down: serviceDown,
    },
  });
  await it.tick(0, { values: { pay: { up: 1, load: 1 } } });
  await it.tick(1, { values: { pay: { up: 1, load: 9 } } });
  const { acts, context } = acting(() => beginMs + 2_000);
  await acts.acknowledge(1, context);
  await it.tick(3, { values: { pay: { up: 0, load: 9 } } });
  expect(await read.incidents()).toMatchObject([{ severity: "critical", acknowledged_at: null, firing: 2 }]);
  expect(await read.announced()).toEqual(["fired", "acknowledged", "escalated"]);
});

test("a new leader goes on where the last one was killed: it neither fires again nor forgets, nor does the last one write", async () => {
  const rules = { down: { ...serviceDown, forMs: 10_000, resolveForMs: 10_000 } };
  const first = alerting(database, organization, { rules });
  await first.tick(0, { values: { pay: up } });
  await first.tick(1, { values: { pay: down } });
  await first.kill();
  const second = alerting(database, organization, { rules });
  await second.tick(5, { values: { pay: down } });
  await second.tick(11, { values: { pay: down } });
  expect(await read.announced()).toEqual(["fired"]);
  // The first one has not noticed yet.
  await first.tick(12, { values: { pay: down } });
  await second.kill();
  const third = alerting(database, organization, { rules });
  await third.tick(13, { values: { pay: down } });
  await third.tick(14, { values: { pay: down } });
  await third.tick(15, { values: { pay: up } });
  await third.kill();
  const fourth = alerting(database, organization, { rules });
  await fourth.tick(20, { values: { pay: up } });
  await fourth.tick(25, { values: { pay: up } });
  expect(await read.announced()).toEqual(["fired", "resolved"]);
  expect(await read.incidents()).toMatchObject([{ status: "resolved" }]);
});

test("leaders are killed at random moments: nothing is lost, told twice, or told of what is resolved", async () => {
  for (const seed of [1, 2, 3]) await runKilled(database, { seed, kills: 5 });
});

describe("silences", () => {
  const silence = async (until: number, from = 0) =>
    database.asOrganizations([organization.id], (tx) =>
      tx
        .insertInto("silences")
        .values({
          org_id: organization.id,
          matchers: JSON.stringify([{ label: "service", pattern: "pay", isNot: false }]),
          reason: "moving",
          starts_at: new Date(beginMs + from * 1_000),
          ends_at: new Date(beginMs + until * 1_000),
          created_by: "Test Person",
        })
        .execute(),
    );

  test("hold the notification, not the incident, outlive a resolve, and tell what still fires when they end", async () => {
    const it = alerting(database, organization);
    await silence(100);
    await it.tick(0, { values: { pay: up } });
    await it.tick(1, { values: { pay: down } });
    expect(await read.incidents()).toMatchObject([{ status: "open", held_by: "Silenced: moving" }]);
    await it.tick(10, { values: { pay: up } });
    await it.tick(20, { values: { pay: down } });
    expect(await read.announced()).toEqual([]);
    await it.tick(101, { values: { pay: down } });
    await it.tick(104, { values: { pay: down } });
    expect(await read.announced()).toEqual(["reopened"]);
    expect(await read.incidents()).toMatchObject([{ held_by: null }]);
  });

  test("hold nothing when they are over or still to come, or when something else fires in the incident", async () => {
    const it = alerting(database, organization);
    await silence(-10, -20);
    await silence(1_000, 500);
    await it.tick(0, { values: { pay: up } });
    await it.tick(1, { values: { pay: down } });
    expect(await read.announced()).toEqual(["fired"]);
    await silence(400);
    const roots = { "service:pay": "service:redis", "service:mail": "service:redis" };
    await it.tick(10, { values: { pay: up, mail: up, redis: up }, roots });
    await it.tick(20, {
      values: { pay: down, mail: down, redis: up },
      roots: { "service:pay": "service:redis" },
    });
    expect((await read.announced()).slice(1)).toEqual(["resolved", "fired"]);
  });

  test("take back what is pending of an incident that they cover", async () => {
    const it = alerting(database, organization);
    await it.tick(0, { values: { pay: up } });
    await it.tick(1, { values: { pay: down } });
    const { acts } = acting(() => beginMs + 2_000);
    await silence(100);
    await database.asOrganizations([organization.id], (tx) => acts.hold(tx, organization.id));
    expect(await read.told()).toEqual(["fired", "withdrawn"]);
  });
});

test("a clock that is set neither fires nor resolves anything early", async () => {
  const rules = { down: { ...serviceDown, forMs: 10_000, resolveForMs: 10_000 } };
  for (const clockMs of [3_600_000, -3_600_000]) {
    organization = await makeOrganization(database);
    read = reading(database, organization);
    const it = alerting(database, organization, { rules });
    await it.tick(0, { values: { pay: up } });
    await it.tick(1, { values: { pay: down } });
    await it.tick(5, { values: { pay: down } }, clockMs);
    await it.tick(9, { values: { pay: down } }, clockMs);
    expect(await read.incidents()).toEqual([]);
    await it.tick(12, { values: { pay: down } }, clockMs);
    expect(await read.incidents()).toMatchObject([{ status: "open" }]);
  }
});

test("flapping is said, and resolves only after a longer calm", async () => {
  const it = alerting(database, organization, { rules: { down: { ...serviceDown, flapHoldMs: 60_000 } } });
  for (const second of [0, 10, 20]) {
    await it.tick(second, { values: { pay: up } });
    await it.tick(second + 5, { values: { pay: down } });
  }
  await it.tick(30, { values: { pay: up } });
  await it.tick(80, { values: { pay: up } });
  expect(await read.incidents()).toMatchObject([{ status: "open", is_flapping: true }]);
  await it.tick(91, { values: { pay: up } });
  expect(await read.incidents()).toMatchObject([{ status: "resolved" }]);
});

test("what is in maintenance begins nothing, and what fires already may still resolve", async () => {
  const it = alerting(database, organization);
  await it.tick(0, { values: { pay: up, mail: up } });
  await it.tick(1, { values: { pay: down, mail: up } });
  const maintenance = ["service:pay", "service:mail"];
  await it.tick(2, { values: { pay: down, mail: down }, maintenance });
  expect(await read.incidents()).toHaveLength(1);
  await it.tick(3, { values: { pay: up, mail: down }, maintenance });
  expect(await read.incidents()).toMatchObject([{ status: "resolved" }]);
});
