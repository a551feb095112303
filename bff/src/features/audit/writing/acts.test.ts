import type { AuditAction } from "@wheelhouse/shared/audit-actions.ts";
import { pino } from "pino";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { platformOrganization, type RequestContext } from "#lib/http/request-context.ts";
import { createDatabase, type Database } from "#lib/postgres/postgres.ts";
import { createSecretBox } from "#lib/security/secret-box.ts";
import { testContext } from "#testing/contexts.ts";
import { createTestDatabase, type TestDatabase } from "#testing/stack.ts";
import { createAuditStore } from "../reading/store.ts";
import { createChanges } from "./changes.ts";
import { createDenials } from "./denials.ts";

const log = pino({ level: "silent" });
const box = createSecretBox(Buffer.alloc(32, 1).toString("base64"));
const action: AuditAction = "webhooks.endpoint.create";

let urls: TestDatabase;
let database: Database;
let told: string[];
let changes: ReturnType<typeof createChanges>;
let newest: (limit?: number) => ReturnType<typeof listed>;

const listed = async (limit: number) =>
  (await createAuditStore({ database }).list([platformOrganization.id], {}, undefined, limit)).map(
    ({ event }) => event,
  );

beforeAll(async () => {
  urls = await createTestDatabase();
  database = createDatabase({ ...urls, poolSize: 5, log });
  newest = (limit = 50) => listed(limit);
  changes = createChanges({ database, box, onAuditCommitted: (_, id) => told.push(id), log });
});
beforeEach(() => {
  told = [];
});
afterAll(() => database.close());

const work =
  (result: unknown, name = "orders") =>
  async () => ({
    result,
    audit: {
      targets: [{ type: "webhook-endpoint", id: "01", name }],
      before: null,
      after: { url: "https://example.com" },
      reason: "because",
    },
  });

describe("a change", () => {
  test("is recorded with who, what, where and why, and listeners are notified after the commit", async () => {
    expect(await changes.run(testContext(), action, work({ id: "01" }))).toEqual({ id: "01" });
    const [event] = await newest(1);
    expect(event).toMatchObject({
      action,
      outcome: "success",
      reason: "because",
      address: "127.0.0.1",
      requestId: "req_test",
      actor: { type: "user", display: "Test Person", authMethod: "password" },
      targets: [{ type: "webhook-endpoint", id: "01", name: "orders" }],
      before: null,
      after: { url: "https://example.com" },
    });
    expect(told).toEqual([event?.id]);
  });

  test("by Wheelhouse itself names the part that acted", async () => {
    await changes.runAsSystem(
      platformOrganization.id,
      "delivery worker",
      "webhooks.endpoint.disable",
      work(1),
    );
    const [event] = await newest(1);
    expect(event).toMatchObject({
      actor: { type: "system", display: "delivery worker" },
      organizationName: "Platform",
    });
  });

  test("sanitizes text that Postgres cannot store, and truncates long text", async () => {
    await changes.run(testContext(), action, work(null, `a\u0000b\ud800c${"x".repeat(5_000)}`));
    const [event] = await newest(1);
    expect(event?.targets[0]?.name).toMatch(/^a\ufffdb\ufffdcx{294,}$/);
    const huge = Array.from({ length: 100 }, (_, n) => ({
      type: "thing",
      id: `${n}`,
      name: "y".repeat(5_000),
    }));
    const eventTypes = Array.from({ length: 500 }, () => "z".repeat(500));
    await changes.run(testContext(), action, async () => ({
      result: null,
      audit: { targets: huge, before: { eventTypes }, after: { eventTypes } },
    }));
    expect((await newest(1))[0]?.after).toEqual({ tooLarge: true });
  });

  test("drops fields that are not allowed for the action before it is hashed", async () => {
    const fields = { name: "orders", body: "a customer's words", endedSessions: 2 };
    const entry = { targets: [], before: fields, after: fields };
    await changes.run(testContext(), action, async () => ({ result: null, audit: entry }));
    expect((await newest(1))[0]).toMatchObject({ before: { name: "orders" }, after: { name: "orders" } });
    const { content } = await database.system
      .selectFrom("audit_events")
      .select("content")
      .orderBy("recorded_at", "desc")
      .limit(1)
      .executeTakeFirstOrThrow();
    expect(content).not.toContain("a customer's words");
    expect(JSON.parse(content).after).toEqual({ name: "orders" });
  });

  test("shows a session as a hash that gives no access", async () => {
    await changes.run(testContext(), action, work(null));
    const { content } = await database.system
      .selectFrom("audit_events")
      .select("content")
      .orderBy("recorded_at", "desc")
      .limit(1)
      .executeTakeFirstOrThrow();
    expect(content).not.toContain(testContext().actor.sessionId);
    expect(JSON.parse(content).actor.session).toMatch(/^[0-9a-f]{16}$/);
  });
});

describe("an Idempotency-Key", () => {
  const keyed = (idempotencyKey: string, body: string): RequestContext =>
    testContext(platformOrganization, { idempotencyKey, requestHash: Buffer.from(body.padEnd(32)) });

  test("returns the first response again and changes nothing more", async () => {
    const before = (await newest(200)).length;
    const first = await changes.run(keyed("k1", "a"), action, work({ secret: "whsec_once" }));
    const again = await changes.run(keyed("k1", "a"), action, async () => {
      throw new Error("must not run");
    });
    expect(again).toEqual(first);
    expect((await newest(200)).length).toBe(before + 1);
    expect(told).toHaveLength(1);
    const rows = await database.system.selectFrom("idempotency_keys").selectAll().execute();
    expect(Buffer.concat(rows.map(({ result }) => result ?? Buffer.alloc(0))).toString()).not.toContain(
      "whsec",
    );
  });

  test("sent twice at the same time does the work once", async () => {
    let runs = 0;
    const answers = await Promise.all(
      Array.from({ length: 5 }, () =>
        changes.run(keyed("k2", "a"), action, async () => {
          runs += 1;
          return work({ run: runs })();
        }),
      ),
    );
    expect(runs).toBe(1);
    expect(answers).toEqual(Array(5).fill({ run: 1 }));
  });

  test("reused for another request gets 409", async () => {
    await changes.run(keyed("k3", "a"), action, work(1));
    await expect(changes.run(keyed("k3", "b"), action, work(2))).rejects.toMatchObject({ code: "conflict" });
  });

  test("is free again after a failure, after a day, and for another caller", async () => {
    const failing = async () => {
      throw new Error("no");
    };
    await expect(changes.run(keyed("k4", "a"), action, failing)).rejects.toThrow("no");
    expect(await changes.run(keyed("k4", "a"), action, work(1))).toBe(1);
    await database.system
      .updateTable("idempotency_keys")
      .set({ created_at: new Date(Date.now() - 25 * 3_600_000) })
      .where("key", "=", "k4")
      .execute();
    expect(await changes.run(keyed("k4", "b"), action, work(2))).toBe(2);
    const somebody = keyed("k4", "c");
    const other = { ...somebody, actor: { ...somebody.actor, id: "01900000-0000-7000-8000-00000000000c" } };
    expect(await changes.run(other, action, work(3))).toBe(3);
  });
});

describe("a refused attempt", () => {
  const denied = { action: "webhooks:replay", outcome: "denied", reason: "POST was refused" } as const;
  const refused = async () => (await newest(200)).filter(({ outcome }) => outcome === "denied");
  const as = (id: string) => ({ ...testContext(), actor: { ...testContext().actor, id } });

  test("is written immediately, and its repeats as one event at the end of the minute", async () => {
    let now = Date.now();
    const denials = createDenials({ database, clock: { now: () => now }, log });
    await denials.record(as("flood"), denied);
    expect(await refused()).toHaveLength(1);
    for (let n = 0; n < 20; n += 1) await denials.record(as("flood"), denied);
    await denials.record(as("somebody else"), denied);
    expect(await refused()).toHaveLength(2);
    now += 61_000;
    await denials.record(as("flood"), denied);
    const events = await refused();
    expect(events).toHaveLength(4);
    expect(events.filter(({ after }) => after !== null).map(({ after }) => after)).toEqual([{ repeats: 20 }]);
    await denials.close();
  });

  test("is not lost if the process stops before the end of the minute", async () => {
    const before = (await refused()).length;
    const denials = createDenials({ database, clock: { now: () => Date.now() }, log });
    for (let n = 0; n < 3; n += 1) await denials.record(as("stopped"), denied);
    await denials.close();
    expect((await refused()).length).toBe(before + 2);
  });
});
