import { afterAll, beforeAll, expect, test } from "vitest";
import { createTestRedis } from "#testing/stack.ts";
import { startWatchedApp, type WatchedPeople } from "#testing/watched-app.ts";

let it: Awaited<ReturnType<typeof startWatchedApp>>["it"];
let people: WatchedPeople;
beforeAll(async () => {
  const redis = await createTestRedis();
  ({ it, people } = await startWatchedApp(redis.url));
});
afterAll(() => it.close());

const definition = {
  name: "Long queue",
  severity: "warning",
  condition: { kind: "series", of: "queue", metric: "waiting", when: "over", threshold: 100 },
};

test("a rule is created, changed and deleted with its versions and audit events; a lost edit gets 409", async () => {
  const { admin, operator, other } = people;
  expect(
    (await operator.call("POST", "/alerts/rules", { payload: { key: "long-queue", definition } })).statusCode,
  ).toBe(403);
  const created = await admin.call("POST", "/alerts/rules", { payload: { key: "long-queue", definition } });
  expect(created.statusCode).toBe(201);
  expect(created.json()).toMatchObject({ source: "page", version: 1 });
  const change = { version: 1, definition: { ...definition, forMs: 60_000 } };
  expect((await admin.call("PUT", "/alerts/rules/long-queue", { payload: change })).json()).toMatchObject({
    version: 2,
  });
  const lost = await admin.call("PUT", "/alerts/rules/long-queue", { payload: change });
  expect(lost.statusCode).toBe(409);
  expect(lost.json().error.message).toContain("version 2");
  expect((await admin.call("GET", "/alerts/rules/long-queue")).json().versions).toMatchObject([
    { version: 2, definition: { forMs: 60_000 } },
    { version: 1 },
  ]);
  expect((await other.call("GET", "/alerts/rules/long-queue")).statusCode).toBe(404);
  expect((await admin.call("DELETE", "/alerts/rules/long-queue?version=2")).statusCode).toBe(200);
  expect((await admin.call("GET", "/alerts/rules/long-queue")).statusCode).toBe(404);
  const { items } = (await admin.call("GET", "/audit/events?action=alerts.rule.update")).json();
  // The lost edit is in the trail, too.
  expect(items.map(({ outcome }: { outcome: string }) => outcome)).toEqual(["failure", "success"]);
  expect(items[1].targets).toEqual([{ type: "alert-rule", id: "long-queue", name: "Long queue" }]);
});

test("a built-in rule is changed for one organization only, and set back", async () => {
  const { admin, other } = people;
  const builtin = (await admin.call("GET", "/alerts/rules/queue-latency")).json();
  expect(builtin).toMatchObject({ source: "builtin", version: 0 });
  const changed = { version: 0, definition: { ...builtin.definition, isEnabled: false } };
  expect((await admin.call("PUT", "/alerts/rules/queue-latency", { payload: changed })).statusCode).toBe(200);
  expect((await other.call("GET", "/alerts/rules/queue-latency")).json()).toMatchObject({
    version: 0,
    definition: { isEnabled: true },
  });
  expect((await admin.call("DELETE", "/alerts/rules/queue-latency?version=1")).statusCode).toBe(200);
  expect((await admin.call("GET", "/alerts/rules/queue-latency")).json()).toMatchObject({
    version: 0,
    definition: { isEnabled: true },
  });
  // Versions count on.
  expect((await admin.call("PUT", "/alerts/rules/queue-latency", { payload: changed })).json()).toMatchObject(
    { version: 3 },
  );
});

test("a silence names its mistakes, belongs to its organization, and ends early once", async () => {
  const { operator, other } = people;
  const matchers = [{ label: "queue", pattern: "exports" }];
  const past = { matchers, reason: "moving house", endsAt: "2020-01-01T00:00:00Z" };
  const refused = await operator.call("POST", "/alerts/silences", { payload: past });
  expect(refused.statusCode).toBe(400);
  expect(refused.json().error.details[0].field).toBe("body.endsAt");
  const endsAt = new Date(Date.now() + 3_600_000).toISOString();
  const { id } = (await operator.call("POST", "/alerts/silences", { payload: { ...past, endsAt } })).json();
  expect((await other.call("DELETE", `/alerts/silences/${id}`)).statusCode).toBe(404);
  expect((await operator.call("DELETE", `/alerts/silences/${id}`)).statusCode).toBe(200);
  expect((await operator.call("DELETE", `/alerts/silences/${id}`)).statusCode).toBe(409);
});

test("an objective is kept with its version, and measured where there is history", async () => {
  const { admin, operator } = people;
  const body = { key: "pay", definition: { name: "Payments", of: "service", thing: "pay", target: 0.999 } };
  expect((await operator.call("POST", "/alerts/objectives", { payload: body })).statusCode).toBe(403);
  expect((await admin.call("POST", "/alerts/objectives", { payload: body })).json()).toMatchObject({
    version: 1,
    achieved: null,
    budgetLeft: null,
  });
  const lost = { version: 7, definition: body.definition };
  expect((await admin.call("PUT", "/alerts/objectives/pay", { payload: lost })).statusCode).toBe(409);
  expect((await operator.call("GET", "/alerts/objectives")).json().items).toHaveLength(1);
});

test("the page's first reads, a preview and the hand-over answer", async () => {
  const { viewer } = people;
  expect((await viewer.call("GET", "/alerts")).json()).toMatchObject({ open: expect.any(Number) });
  const query = new URLSearchParams({ definition: JSON.stringify(definition) });
  expect((await viewer.call("GET", `/alerts/preview?${query}`)).json()).toMatchObject({
    firings: [],
    unavailable: expect.anything(),
  });
  const to = new Date().toISOString();
  const range = new URLSearchParams({ from: new Date(Date.now() - 3_600_000).toISOString(), to });
  expect((await viewer.call("GET", `/alerts/handover?${range}`)).json().markdown).toContain("# Hand-over");
});
