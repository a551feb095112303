import { type AuditEvent, listAuditEvents } from "@wheelhouse/shared/audit/audit.ts";
import { sql } from "kysely";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startTestApp, type TestApp } from "#testing/access-app.ts";
import { signInAs } from "#testing/access-client.ts";
import { createTestDatabase, createTestRedis } from "#testing/stack.ts";

type Person = Awaited<ReturnType<typeof signInAs>>;
type Item = {
  index: number;
  status: string;
  id: string | null;
  errors: { field: string; message: string }[];
};

let it: TestApp;
let admin: Person;
let auditor: Person;
beforeAll(async () => {
  const [urls, redis] = await Promise.all([createTestDatabase(), createTestRedis()]);
  it = await startTestApp({ urls, redisUrl: redis.url });
  [admin, auditor] = await Promise.all([signInAs(it, "admin"), signInAs(it, "auditor")]);
});
afterAll(() => it.close());

let keys = 0;
const refund = (changed: Record<string, unknown> = {}) => {
  keys += 1;
  return {
    idempotencyKey: `refund-${keys}`,
    action: "orders.refund.approve",
    occurredAt: "2026-01-02T03:04:05.678Z",
    actor: { id: "agent-7", name: "Mia Berg", authMethod: "oidc" },
    targets: [{ type: "order", id: "o-1", name: "Order 1" }],
    before: { status: "open" },
    after: { status: "refunded", amount: 12.5 },
    ...changed,
  };
};

const post = async (events: unknown[], person = admin) => {
  const answer = await person.call("POST", "/audit/events", { payload: { events } });
  expect(answer.statusCode, answer.body).toBe(200);
  const { items, ...counts } = answer.json<{
    recorded: number;
    duplicates: number;
    rejected: number;
    items: Item[];
  }>();
  return { items, counts };
};

const found = async (query: string): Promise<AuditEvent[]> => {
  const answer = await auditor.call("GET", `/audit/events?limit=200&${query}`);
  expect(answer.statusCode, answer.body).toBe(200);
  const page: unknown = answer.json();
  expect(listAuditEvents.response.parse(page)).toEqual(page);
  return listAuditEvents.response.parse(page).items;
};

test("a platform's event is in the trail in its own words, with its reporter", async () => {
  const { items, counts } = await post([
    refund({ impersonator: { id: "s-1", name: "Support" }, address: "203.0.113.9", requestId: "r-1" }),
  ]);
  expect(counts).toEqual({ recorded: 1, duplicates: 0, rejected: 0 });
  const [event] = await found("action=app:orders.refund.approve");
  expect(event).toMatchObject({
    id: items[0]?.id,
    action: "app:orders.refund.approve",
    class: "app",
    occurredAt: "2026-01-02T03:04:05.678Z",
    actor: { type: "external", id: "agent-7", display: "Mia Berg", authMethod: "oidc" },
    impersonator: { id: "s-1", display: "Support" },
    reportedBy: { type: "user", id: admin.userId, display: "Priya Raman" },
    before: { status: "open" },
    after: { status: "refunded", amount: 12.5 },
    address: "203.0.113.9",
    requestId: "r-1",
  });
  expect(event?.recordedAt).not.toBe(event?.occurredAt);
});

test("an invalid event is reported with field and position, and the others are recorded", async () => {
  const { items, counts } = await post([
    refund(),
    refund({ actor: { name: "" } }),
    "nonsense",
    refund({ occurredAt: "2999-01-01T00:00:00Z" }),
    refund({ password: "x" }),
    refund(),
  ]);
  expect(counts).toEqual({ recorded: 2, duplicates: 0, rejected: 4 });
  expect(items.map(({ status }) => status)).toEqual([
    "recorded",
    ...Array.from({ length: 4 }, () => "rejected"),
    "recorded",
  ]);
  expect(items.slice(1, 5).map(({ errors }) => errors[0]?.field)).toEqual([
    "body.events.1.actor.name",
    "body.events.2",
    "body.events.3.occurredAt",
    "body.events.4",
  ]);
});

test("an action of Wheelhouse itself cannot be imitated", async () => {
  const { items } = await post([
    refund({ action: "audit.trail.verify" }),
    refund({ action: "app:x.y" }),
    refund({ action: "session" }),
  ]);
  expect(items.map(({ status }) => status)).toEqual(["recorded", "rejected", "rejected"]);
  const verified = await found("action=audit.trail.verify");
  expect(verified.filter(({ actor }) => actor.type === "external")).toEqual([]);
  expect(await found("action=app:audit.trail.verify")).toHaveLength(1);
});

test("a batch sent twice, or twice at the same time, is recorded once, and another event under a known key is rejected", async () => {
  const batch = Array.from({ length: 300 }, () => refund({ action: "orders.batch.import" }));
  const [first, second] = await Promise.all([post(batch), post(batch.toReversed())]);
  expect(first.counts.recorded + second.counts.recorded).toBe(300);
  expect(first.counts.duplicates + second.counts.duplicates).toBe(300);
  expect(new Set(first.items.map(({ id }) => id))).toEqual(new Set(second.items.map(({ id }) => id)));
  const { items } = await post([{ ...batch[0], reason: "another" }, batch[1], batch[1]]);
  expect(items.map(({ status }) => status)).toEqual(["rejected", "duplicate", "rejected"]);
  expect(items[0]?.errors[0]?.message).toBe("was used for another event");
  const { rows } = await sql<{ count: number }>`
    select count(*) from audit_events where action = 'app:orders.batch.import'`.execute(it.database.system);
  expect(rows[0]?.count).toBe(300);
});

test("recognizable secrets are removed before the event is hashed", async () => {
  const secret = "canary-Zk3pQ9";
  await post([
    refund({
      action: "orders.canary.plant",
      reason: `sent Authorization: Bearer ${secret}`,
      after: {
        password: secret,
        clientSecret: secret,
        "x-api-key": secret,
        sessionCookie: [secret],
        url: `https://u:${secret}@example.com`,
        hasPassword: true,
      },
    }),
  ]);
  const [event] = await found("action=app:orders.canary.plant");
  expect(event?.after?.hasPassword).toBe(true);
  expect(JSON.stringify(event)).not.toContain(secret);
  const { rows } = await sql`select * from audit_events where content like ${`%${secret}%`}`.execute(
    it.database.system,
  );
  expect(rows).toEqual([]);
});

test("reporting requires the right, and accepts at most 1,000 events at once", async () => {
  const refused = await auditor.call("POST", "/audit/events", { payload: { events: [refund()] } });
  expect(refused.statusCode).toBe(403);
  const many = await admin.call("POST", "/audit/events", {
    payload: { events: Array.from({ length: 1_001 }, () => 1) },
  });
  expect(many.statusCode).toBe(400);
  expect(many.json().error.details[0].field).toBe("body.events");
});

test("an action that was allowed but failed is in the trail although its transaction was rolled back", async () => {
  const id = "01900000-0000-7000-8000-0000000000cc";
  const answer = await admin.call("POST", `/webhooks/deliveries/${id}/replay`, {
    payload: { reason: "try again" },
  });
  expect(answer.statusCode, answer.body).toBe(404);
  const [event] = await found("action=webhooks.delivery.replay&outcome=failure");
  expect(event).toMatchObject({
    outcome: "failure",
    actor: { id: admin.userId },
    targets: [{ type: "deliveries", id }],
  });
  expect(event?.reason).toMatch(/^not_found: /);
});
