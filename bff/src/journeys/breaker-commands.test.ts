import { operation } from "@wheelhouse/shared/operations.ts";
import { reportsKey } from "@wheelhouse/shared/reporter/report.ts";
import { createReporter } from "@wheelhouse/shared/reporter/reporter.ts";
import { Redis } from "ioredis";
import CircuitBreaker from "opossum";
import { pino } from "pino";
import { afterAll, beforeAll, beforeEach, expect, test, vi } from "vitest";
import { createChanges } from "#features/audit/writing/changes.ts";
import { createOperations } from "#features/operations/operations.ts";
import { createSecretBox } from "#lib/security/secret-box.ts";
import { systemClock } from "#lib/time/clock.ts";
import { createControlChannel } from "#observe/reports/reports.ts";
import type { TestApp } from "#testing/access-app.ts";
import { createTestRedis } from "#testing/stack.ts";
import { startWatchedApp, type WatchedPeople } from "#testing/watched-app.ts";

const log = pino({ level: "silent" });
const reason = "The bank asked us to stop";
const id = encodeURIComponent("payments~charge%20card");
let it: TestApp;
let people: WatchedPeople;
let redis: Redis;
let subscriber: Redis;
const instances = new Map<string, { breaker: CircuitBreaker<[], string>; close: () => Promise<void> }>();
// Unique across all the tests' Redis databases, so that the service belongs to this file alone.
const startInstance = (instance: string) => {
  const breaker = new CircuitBreaker(async () => "charged", { name: "charge card", enableSnapshots: false });
  const reporter = createReporter({ redis, subscriber, service: "payments", instance, intervalMs: 500 });
  reporter.opossum(breaker);
  instances.set(instance, { breaker, close: reporter.close });
};
const breakerOf = (instance: string) => instances.get(instance)?.breaker;

beforeAll(async () => {
  const { url } = await createTestRedis();
  ({ it, people } = await startWatchedApp(url));
  redis = new Redis(url);
  subscriber = new Redis(url);
  for (const instance of ["a", "b"]) startInstance(instance);
  await vi.waitFor(async () => expect(await redis.zcard(reportsKey)).toBe(2), { timeout: 10_000 });
});
afterAll(async () => {
  for (const { breaker, close } of instances.values()) {
    await close();
    breaker.shutdown();
  }
  redis.disconnect();
  subscriber.disconnect();
  await it.close();
});
beforeEach(async () => {
  await redis.zrem(reportsKey, "payments:dead");
});

const tell = (who: keyof typeof people, command: string, payload: object, breaker = id) =>
  people[who].call("POST", `/breakers/${breaker}/${command}`, { payload });
const acts = async () => {
  const answer = await people.admin.call("GET", "/audit/events?class=breakers&limit=2");
  return answer.json().items;
};

/** The operations of another process, which sweeps. */
const anotherProcess = () => {
  const { database } = it;
  const channel = createControlChannel(() => [{ id: "primary", organization: "northwind", redis }]);
  const box = createSecretBox(Buffer.alloc(32, 7).toString("base64"));
  const changes = createChanges({ database, log, box });
  return createOperations({ database, changes, log, clock: systemClock }, { channel });
};

test("every instance applies a command, and the trail records who, why and the outcome", async () => {
  const opened = await tell("operator", "open", { reason });
  expect(opened.statusCode, opened.body).toBe(200);
  const told = operation.parse(opened.json());
  expect(told).toMatchObject({ kind: "breaker.open", state: "done", reason });
  expect(told.outcomes.map(({ instance, outcome }) => `${instance} ${outcome}`)).toEqual([
    "a obeyed",
    "b obeyed",
  ]);
  expect(Date.parse(told.endedAt ?? "") - Date.parse(told.requestedAt)).toBeLessThan(2_000);
  expect([breakerOf("a")?.opened, breakerOf("b")?.opened]).toEqual([true, true]);
  const [outcome, accepted] = await acts();
  expect(accepted).toMatchObject({
    action: "breakers.breaker.open",
    outcome: "success",
    reason,
    actor: { id: people.operator.userId },
    targets: [{ type: "breaker", id: "payments~charge%20card", name: "charge card of payments" }],
    after: { operation: told.operationId, effect: "accepted", command: "open", instances: ["a", "b"] },
  });
  expect(outcome).toMatchObject({
    action: "breakers.breaker.outcome",
    outcome: "success",
    actor: { type: "system" },
    after: { operation: told.operationId, obeyed: ["a", "b"], refused: [], noAnswer: [] },
  });
});

test("a reset removes the override of the named instances only", async () => {
  expect((await tell("operator", "reset", { reason, instances: ["a"] })).statusCode).toBe(200);
  expect([breakerOf("a")?.opened, breakerOf("b")?.opened]).toEqual([false, true]);
  expect((await tell("operator", "reset", { reason })).statusCode).toBe(200);
  expect(breakerOf("b")?.opened).toBe(false);
});

test("an instance that does not answer within 2 s is named, now and permanently", async () => {
  await redis.zadd(reportsKey, Date.now(), "payments:dead");
  const startedMs = performance.now();
  const answer = await tell("operator", "close", { reason });
  expect(answer.statusCode, answer.body).toBe(202);
  expect(performance.now() - startedMs).toBeLessThan(4_000);
  const told = operation.parse(answer.json());
  expect(told.state).toBe("accepted");
  expect(told.outcomes.map(({ instance, outcome }) => `${instance} ${outcome}`)).toEqual([
    "a obeyed",
    "b obeyed",
    "dead no answer",
  ]);
  // Ten seconds later, in another process.
  const channel = createControlChannel(() => [{ id: "primary", organization: "northwind", redis }]);
  const changes = createChanges({
    database: it.database,
    log,
    box: createSecretBox(Buffer.alloc(32, 7).toString("base64")),
  });
  const clock = { now: () => Date.now() + 20_000 };
  const later = createOperations({ database: it.database, changes, log, clock }, { channel });
  await Promise.all([later.sweep(), later.sweep()]);
  const read = await people.viewer.call("GET", `/breakers/operations/${told.operationId}`);
  expect(operation.parse(read.json())).toMatchObject({ state: "done", outcomes: told.outcomes });
  const [outcome] = await acts();
  expect(outcome).toMatchObject({ outcome: "failure", after: { noAnswer: ["dead"], obeyed: ["a", "b"] } });
});

test("the newest applied command shows who holds a breaker; one that reached no instance does not", async () => {
  const operations = anotherProcess();
  const newest = async () => {
    const targets = ["payments~charge%20card", "payments~other"].map((targetId) => ({
      organizationId,
      targetId,
    }));
    return (await operations.newestToBreakers(targets)).map(({ operation }) => operation);
  };
  expect((await tell("operator", "open", { reason: "held by me" })).statusCode).toBe(200);
  const { organizationId } = await it.database.system
    .selectFrom("operations")
    .select("org_id as organizationId")
    .executeTakeFirstOrThrow();
  expect(await newest()).toMatchObject([{ kind: "breaker.open", reason: "held by me", state: "done" }]);
  await it.database.system
    .updateTable("operations")
    .set({ replies: "{}" })
    .where("reason", "=", "held by me")
    .execute();
  expect((await newest())[0]?.reason).not.toBe("held by me");
  expect((await tell("operator", "reset", { reason })).statusCode).toBe(200);
});

test("an override with an end is reset by Wheelhouse then, once, with its audit row, and shown until when it lasts", async () => {
  const { database } = it;
  const held = await tell("operator", "close", { reason: "Load test", holdMs: 900_000 });
  expect(held.statusCode, held.body).toBe(200);
  const told = operation.parse(held.json());
  expect(Date.parse(told.holdUntil ?? "") - Date.parse(told.requestedAt)).toBe(900_000);
  expect((await acts())[1]).toMatchObject({ after: { until: told.holdUntil } });
  const operations = anotherProcess();
  await operations.sweep();
  expect((await acts())[1]).toMatchObject({ action: "breakers.breaker.close" });
  const due = { hold_until: new Date(Date.now() - 1_000) };
  await database.system.updateTable("operations").set(due).where("id", "=", told.operationId).execute();
  await Promise.all([operations.sweep(), operations.sweep()]);
  const resets = async () => {
    const answer = await people.admin.call("GET", "/audit/events?action=breakers.breaker.reset&limit=5");
    return answer.json().items.filter(({ actor }: { actor: { type: string } }) => actor.type === "system");
  };
  expect(await resets()).toMatchObject([
    {
      reason: expect.stringContaining("Load test"),
      after: { command: "reset", effect: "accepted", instances: ["a", "b"] },
    },
  ]);
  const outcome = async () => {
    await operations.sweep();
    return (await acts())[0];
  };
  await expect.poll(outcome, { timeout: 8_000 }).toMatchObject({
    action: "breakers.breaker.outcome",
    after: { command: "breaker.reset", obeyed: ["a", "b"] },
  });
});

test("an override that was replaced by a newer command is not reset at its end", async () => {
  const { database } = it;
  const first = await tell("operator", "close", { reason: "Load test again", holdMs: 900_000 });
  expect((await tell("operator", "open", { reason: "The bank is down" })).statusCode).toBe(200);
  const { operationId } = operation.parse(first.json());
  const operations = anotherProcess();
  const due = { hold_until: new Date(Date.now() - 1_000) };
  await database.system.updateTable("operations").set(due).where("id", "=", operationId).execute();
  const released = async () => {
    await operations.sweep();
    const row = await database.system
      .selectFrom("operations")
      .select("released_at")
      .where("id", "=", operationId)
      .executeTakeFirstOrThrow();
    return row.released_at;
  };
  await expect.poll(released, { timeout: 8_000 }).not.toBeNull();
  expect(breakerOf("a")?.opened).toBe(true);
  expect((await tell("operator", "reset", { reason })).statusCode).toBe(200);
});

test("an instance that comes back before the command expires still receives it", async () => {
  await redis.zadd(reportsKey, Date.now(), "payments:dead");
  const answer = await tell("operator", "open", { reason, instances: ["dead"] });
  expect(answer.statusCode).toBe(202);
  startInstance("dead");
  const { operationId } = operation.parse(answer.json());
  const outcome = async () => {
    const read = await people.viewer.call("GET", `/breakers/operations/${operationId}`);
    return operation.parse(read.json()).outcomes[0]?.outcome;
  };
  await expect.poll(outcome, { timeout: 5_000 }).toBe("obeyed");
  expect(breakerOf("dead")?.opened).toBe(true);
  await instances.get("dead")?.close();
});

test("a command without the right, from another organization or without a reason changes no instance", async () => {
  const before = await redis.zcard("wheelhouse:control:payments");
  expect((await tell("viewer", "open", { reason })).statusCode).toBe(403);
  expect((await tell("other", "open", { reason })).statusCode).toBe(404);
  expect((await tell("operator", "open", { reason: " " })).json().error.details[0].field).toBe("body.reason");
  const unknown = await tell("operator", "open", { reason, instances: ["a", "z"] });
  expect(unknown.json().error.details[0].field).toBe("body.instances.1");
  expect((await tell("operator", "open", { reason }, "payments~other")).statusCode).toBe(404);
  const elsewhere = await people.other.call(
    "GET",
    "/breakers/operations/01900000-0000-7000-8000-0000000000aa",
  );
  expect(elsewhere.statusCode).toBe(404);
  expect(await redis.zcard("wheelhouse:control:payments")).toBe(before);
  expect(breakerOf("a")?.opened).toBe(false);
});
