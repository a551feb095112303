import {
  cancelLatePlan,
  countMissedEvents,
  expungeEvent,
  listEvents,
  planLateDeliveries,
  readEvent,
  readLatePlan,
  revealEvent,
  startLatePlan,
  summarizeEvents,
} from "@wheelhouse/shared/webhooks/events.ts";
import { createSource } from "@wheelhouse/shared/webhooks/senders.ts";
import { listDeliveries, readDelivery, updateEndpoint } from "@wheelhouse/shared/webhooks/webhooks.ts";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { createTestDatabase, createTestRedis } from "#testing/stack.ts";
import {
  end,
  type Gateway,
  makeEndpoint,
  makeSource,
  type Organization,
  postEvent,
  type Receiver,
  startGateway,
  startReceiver,
  testConfig,
} from "../testing/gateway.fixture.ts";

let gateway: Gateway;
let receiver: Receiver;
beforeAll(async () => {
  const [database, redis] = await Promise.all([createTestDatabase(), createTestRedis()]);
  gateway = await startGateway({ ...database, redisUrl: redis.url }, testConfig);
  receiver = await startReceiver();
});
afterEach(() => {
  receiver.received.length = 0;
});
afterAll(async () => {
  await receiver.close();
  await gateway.close();
});

const reason = "the receiver was away";
type Endpoint = { id: string; version: number };
const turn = (organization: Organization, { id, version }: Endpoint, enabled: boolean) =>
  gateway.call(organization, updateEndpoint, { params: { id }, body: { version, enabled } });
const detailOf = (organization: Organization, id: string) =>
  gateway.call(organization, readEvent, { params: { id } });
const plan = (organization: Organization, endpointId: string, filter: object) =>
  gateway.call(organization, planLateDeliveries, { body: { endpointId, filter } });
const start = (organization: Organization, id: string, ratePerSecond: number | null = null) =>
  gateway.call(organization, startLatePlan, { params: { id }, body: { reason, ratePerSecond } });
const ids = (page: { items: { id: string }[] }) => page.items.map(({ id }) => id);

/** Runs work while a worker and the sweeper deliver. */
async function delivering(work: () => Promise<void>) {
  const running = [await gateway.webhooks.start.worker(), await gateway.webhooks.start.sweeper()];
  try {
    await work();
  } finally {
    await Promise.all(running.map(end));
  }
}

describe("an event says what became of it", () => {
  test("no endpoint, a filter that leaves it out, a disabled endpoint, and one that took it", async () => {
    const source = await makeSource(gateway);
    const { organization } = source;
    const none = await postEvent(source, "evt_none", { type: "charge.captured" });
    const orders = await makeEndpoint(gateway, organization, receiver.url, "orders", ["order.*"]);
    const filtered = await postEvent(source, "evt_filter", { type: "charge.captured" });
    const charges = await makeEndpoint(gateway, organization, receiver.url, "charges", ["charge.*"]);
    await turn(organization, charges, false);
    const disabled = await postEvent(source, "evt_disabled", { type: "charge.captured" });
    const matched = await postEvent(source, "evt_matched", { type: "order.paid" });

    const { items } = await gateway.call(organization, listEvents, {});
    expect(items.map(({ id, fate }) => [id, fate])).toEqual([
      [matched.id, "matched"],
      [disabled.id, "disabled"],
      [filtered.id, "filter"],
      [none.id, "none"],
    ]);
    expect(items[0]).toMatchObject({
      sourceName: "Shop",
      sourceEventId: "evt_matched",
      eventType: "order.paid",
      deliveryCount: 1,
      deliveries: [{ endpointId: orders.id, endpointName: "orders", status: "pending" }],
      missedBy: [],
    });
    expect(items[1]).toMatchObject({
      deliveries: [],
      missedBy: [{ endpointId: charges.id, endpointName: "charges" }],
    });

    const detail = await detailOf(organization, disabled.id);
    expect(detail.endpoints.map(({ name, verdict }) => [name, verdict])).toEqual([
      ["charges", "disabled"],
      ["orders", "filter"],
    ]);
    const early = await detailOf(organization, none.id);
    expect(early.endpoints.map(({ verdict }) => verdict)).toEqual(["created_after", "created_after"]);
    const counts = await gateway.call(organization, summarizeEvents, {});
    expect(counts.counts).toMatchObject({ matched: 1, disabled: 1, filter: 1, none: 1, later: 0 });
    expect(counts.bars.reduce((sum, bar) => sum + bar.unmatched, 0)).toBe(3);
    expect(counts.isBound).toBe(false);
  });

  test("another organization neither lists nor opens it", async () => {
    const [mine, other] = [await makeSource(gateway), await makeSource(gateway)];
    const { id } = await postEvent(mine, "evt_mine");
    expect((await gateway.call(other.organization, listEvents, {})).items).toEqual([]);
    expect((await gateway.call(other.organization, listEvents, { query: { q: id } })).items).toEqual([]);
    for (const [method, path, body] of [
      ["GET", `/webhooks/events/${id}`, undefined],
      ["POST", `/webhooks/events/${id}/reveal`, { reason }],
      ["POST", `/webhooks/events/${id}/expunge`, { reason }],
    ] as const)
      expect((await gateway.send(other.organization, method, path, body)).status).toBe(404);
    const endpoint = await makeEndpoint(gateway, other.organization, receiver.url);
    expect(await plan(other.organization, endpoint.id, { ids: [id] })).toMatchObject({ total: 0 });
  });
});

test("filters narrow the list, alone and together, and pages have no event twice", async () => {
  const shop = await makeSource(gateway);
  const { organization } = shop;
  const crm = await gateway.call(organization, createSource, {
    body: { slug: "crm", name: "CRM", scheme: "standard" },
  });
  const crmSource = { url: `${gateway.url}${crm.intakePath}`, secret: crm.secret };
  await makeEndpoint(gateway, organization, receiver.url, "orders", ["order.*"]);
  const all: string[] = [];
  for (let n = 0; n < 12; n += 1) {
    const type = n % 3 === 0 ? "order.paid" : "charge.captured";
    all.push((await postEvent(n % 2 === 0 ? shop : crmSource, `evt_${n}`, { type })).id);
  }
  const list = (query: object) => gateway.call(organization, listEvents, { query });
  const of = (wanted: (n: number) => boolean) => all.filter((_, n) => wanted(n)).toReversed();
  expect(ids(await list({}))).toEqual(of(() => true));
  expect(ids(await list({ sourceId: crm.id }))).toEqual(of((n) => n % 2 === 1));
  expect(ids(await list({ eventType: "order.paid" }))).toEqual(of((n) => n % 3 === 0));
  expect(ids(await list({ fate: "filter,none" }))).toEqual(of((n) => n % 3 !== 0));
  expect(ids(await list({ sourceId: crm.id, eventType: "charge.captured,x", fate: "filter" }))).toEqual(
    of((n) => n % 2 === 1 && n % 3 !== 0),
  );
  expect(ids(await list({ eventType: "never.sent" }))).toEqual([]);
  expect(ids(await list({ q: "evt_7" }))).toEqual([all[7]]);
  expect(ids(await list({ q: all[4] }))).toEqual([all[4]]);
  expect(ids(await list({ q: "evt_" }))).toEqual([]);
  const middle = (await detailOf(organization, all[6] ?? "")).receivedAt;
  expect(ids(await list({ from: middle }))).toEqual(of((n) => n >= 6));
  expect(ids(await list({ to: middle }))).toEqual(of((n) => n < 6));

  const paged: string[] = [];
  let cursor: string | null = null;
  do {
    const page: { items: { id: string }[]; nextCursor: string | null } = await list({
      limit: 5,
      ...(cursor === null ? {} : { cursor }),
    });
    paged.push(...ids(page));
    cursor = page.nextCursor;
  } while (cursor !== null);
  expect(paged).toEqual(of(() => true));
});

describe("past events are delivered", () => {
  test("with as many attempts as the schedule of their endpoint has, not that of the installation", async () => {
    const source = await makeSource(gateway);
    const { organization } = source;
    const event = await postEvent(source, "evt_schedule");
    const endpoint = await makeEndpoint(gateway, organization, receiver.url);
    await gateway.call(organization, updateEndpoint, {
      params: { id: endpoint.id },
      body: { version: endpoint.version, settings: { retryScheduleMs: [100, 100, 100, 100, 100, 100] } },
    });
    const { id } = await plan(organization, endpoint.id, { ids: [event.id] });
    await start(organization, id);
    expect(await gateway.deliveryOf(organization, event.id)).toMatchObject({ maxAttempts: 7, attempts: 0 });
  });

  test("one that matched nothing is found and reaches the endpoint byte for byte, under its own webhook-id", async () => {
    const source = await makeSource(gateway);
    const { organization } = source;
    const body = '{"type":"charge.captured","n":1.0,"text":"\\u00fc"}';
    const event = await postEvent(source, "evt_late", body);
    const endpoint = await makeEndpoint(gateway, organization, receiver.url, "orders", ["order.*"]);
    const planned = await plan(organization, endpoint.id, { ids: [event.id] });
    expect(planned).toMatchObject({ state: "planned", total: 1, excluded: { delivered: 0, payloadGone: 0 } });
    await delivering(async () => {
      const started = await start(organization, planned.id);
      expect(started).toMatchObject({ state: "started", startedBy: "Test Admin", reason });
      const { id } = await gateway.deliveryOf(organization, event.id);
      await gateway.waitFor(organization, id, "completed");
    });
    expect(receiver.received.filter(({ id }) => id === event.id)).toMatchObject([{ body }]);
    expect(await detailOf(organization, event.id)).toMatchObject({ fate: "later", deliveryCount: 1 });
    expect(await gateway.call(organization, readLatePlan, { params: { id: planned.id } })).toMatchObject({
      deliveries: { completed: 1, pending: 0 },
    });
    const audited = gateway.audited.filter(({ organizationId }) => organizationId === organization.id);
    expect(audited.map(({ action }) => action)).toEqual(
      expect.arrayContaining(["webhooks.event.plan", "webhooks.event.deliver"]),
    );
    expect(audited.find(({ action }) => action === "webhooks.event.deliver")?.entry).toMatchObject({
      reason,
      after: { endpoint: "orders", total: 1 },
    });
  });

  test("an endpoint that is enabled again gets what it missed, each once, and nothing it has already", async () => {
    const source = await makeSource(gateway);
    const { organization } = source;
    const other = await makeEndpoint(gateway, organization, receiver.url, "all");
    const endpoint = await makeEndpoint(gateway, organization, receiver.url, "charges", ["charge.*"]);
    const before = await postEvent(source, "evt_before", { type: "charge.captured" });
    const off = await turn(organization, endpoint, false);
    const missed = [
      await postEvent(source, "evt_1", { type: "charge.captured" }),
      await postEvent(source, "evt_2", { type: "charge.refunded" }),
    ];
    await postEvent(source, "evt_3", { type: "order.paid" });
    await turn(organization, off, true);
    const count = await gateway.call(organization, countMissedEvents, { params: { id: endpoint.id } });
    expect(count).toMatchObject({ count: 2, isBound: false });
    expect(count.oldestAt).not.toBeNull();

    const [first, second] = [
      await plan(organization, endpoint.id, { missed: true }),
      await plan(organization, endpoint.id, { missed: true }),
    ];
    expect([first.total, second.total]).toEqual([2, 2]);
    await Promise.all([start(organization, first.id), start(organization, second.id)]);
    const { items } = await gateway.call(organization, listDeliveries, {
      query: { endpointId: endpoint.id },
    });
    expect(items.map(({ eventId }) => eventId).sort()).toEqual(
      [before.id, ...missed.map(({ id }) => id)].sort(),
    );
    expect(
      await gateway.call(organization, countMissedEvents, { params: { id: endpoint.id } }),
    ).toMatchObject({
      count: 0,
    });
    // Another endpoint took them, so they were never without one.
    expect(await detailOf(organization, missed[0]?.id ?? "")).toMatchObject({
      fate: "matched",
      deliveryCount: 2,
    });
    expect(await plan(organization, other.id, { ids: [missed[0]?.id] })).toMatchObject({
      total: 0,
      excluded: { delivered: 1 },
    });
  });

  test("what comes after the plan is not in it; a cancelled plan leaves nothing to send", async () => {
    const source = await makeSource(gateway);
    const { organization } = source;
    await postEvent(source, "evt_in");
    const endpoint = await makeEndpoint(gateway, organization, receiver.url, "orders", ["none.*"]);
    const planned = await plan(organization, endpoint.id, {});
    await postEvent(source, "evt_after");
    expect(planned.total).toBe(1);
    await start(organization, planned.id, 1);
    const cancelled = await gateway.call(organization, cancelLatePlan, { params: { id: planned.id } });
    expect(cancelled).toMatchObject({ state: "cancelled", deliveries: { discarded: 1, pending: 0 } });
    const again = await gateway.send(organization, "POST", `/webhooks/events/plans/${planned.id}/start`, {
      reason,
      ratePerSecond: null,
    });
    expect(again.status).toBe(409);
  });

  test("a disabled endpoint gets nothing, and a large plan asks for the password", async () => {
    const source = await makeSource(gateway);
    const { organization } = source;
    for (let n = 0; n <= testConfig.replay.stepUpAbove; n += 1) await postEvent(source, `evt_${n}`);
    const endpoint = await makeEndpoint(gateway, organization, receiver.url, "orders", ["none.*"]);
    const planned = await plan(organization, endpoint.id, {});
    expect(planned.asksStepUp).toBe(true);
    const begin = (caller: Organization) =>
      gateway.send(caller, "POST", `/webhooks/events/plans/${planned.id}/start`, {
        reason,
        ratePerSecond: 5,
      });
    expect((await begin(organization)).status).toBe(403);
    const off = await turn(organization, endpoint, false);
    expect((await begin({ ...organization, confirmed: true })).status).toBe(409);
    await turn(organization, off, true);
    const before = Date.now();
    expect((await begin({ ...organization, confirmed: true })).status).toBe(202);
    const { items } = await gateway.call(organization, listDeliveries, { query: { limit: 200 } });
    const due = items.map(({ nextAttemptAt }) => Date.parse(nextAttemptAt ?? "")).sort((a, b) => a - b);
    expect(due).toHaveLength(testConfig.replay.stepUpAbove + 1);
    // Five a second: the last is due six seconds after the first.
    expect((due.at(-1) ?? 0) - (due[0] ?? 0)).toBe(testConfig.replay.stepUpAbove * 200);
    expect(due[0]).toBeGreaterThanOrEqual(before);
  });
});

describe("payloads", () => {
  const card =
    '{"type":"charge.captured","card":{"number":4242424242424242},"mail":"jane@example.com","id":820982911946154508}';

  test("are shown redacted, revealed with an audit row, and gone once they are expunged", async () => {
    const source = await makeSource(gateway);
    const { organization } = source;
    const endpoint = await makeEndpoint(gateway, organization, receiver.url);
    const event = await postEvent(source, "evt_card", card);
    const { payload } = await detailOf(organization, event.id);
    expect(payload).toMatchObject({
      state: "shown",
      sizeBytes: card.length,
      redacted: ["card number", "e-mail address"],
    });
    expect(JSON.parse(payload.body)).toEqual({
      type: "charge.captured",
      card: { number: "[card ···· 4242]" },
      mail: "j···@example.com",
      id: JSON.parse("820982911946154508"),
    });
    const revealed = await gateway.call(organization, revealEvent, {
      params: { id: event.id },
      body: { reason },
    });
    expect(Buffer.from(revealed.body, "base64").toString()).toBe(card);
    const done = await gateway.call(organization, expungeEvent, {
      params: { id: event.id },
      body: { reason },
    });
    expect(done.discardedDeliveries).toBe(1);
    expect(await detailOf(organization, event.id)).toMatchObject({
      headers: {},
      payload: { state: "expunged", body: "", expungedAt: done.expungedAt },
    });
    const { id } = await gateway.deliveryOf(organization, event.id);
    const delivery = await gateway.call(organization, readDelivery, { params: { id } });
    expect(delivery).toMatchObject({ status: "discarded", payload: { body: "" } });
    expect(await plan(organization, endpoint.id, { ids: [event.id] })).toMatchObject({ total: 0 });
    for (const act of ["reveal", "expunge"])
      expect(
        (await gateway.send(organization, "POST", `/webhooks/events/${event.id}/${act}`, { reason })).status,
      ).toBe(409);
    const acts = gateway.audited.filter(({ entry }) =>
      entry.targets.some((target) => target.id === event.id),
    );
    expect(acts.map(({ action, entry }) => [action, entry.reason])).toEqual([
      ["webhooks.event.reveal", reason],
      ["webhooks.event.expunge", reason],
    ]);
    expect(JSON.stringify(acts)).not.toContain("4242");
  });

  test("are hidden from those who lack the right, of an event as of its deliveries", async () => {
    const source = await makeSource(gateway);
    const organization = { ...source.organization, lacks: ["webhooks:payload"] };
    await makeEndpoint(gateway, organization, receiver.url);
    const event = await postEvent(source, "evt_hidden", card);
    const detail = await detailOf(organization, event.id);
    expect(detail.payload).toMatchObject({ state: "hidden", body: "", sizeBytes: card.length });
    const { id } = await gateway.deliveryOf(organization, event.id);
    const delivery = await gateway.call(organization, readDelivery, { params: { id } });
    expect(delivery.payload).toMatchObject({ state: "hidden", body: "" });
    expect(JSON.stringify([detail, delivery])).not.toContain("example.com");
  });
});
