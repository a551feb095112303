import {
  cancelDelivery,
  discardDeliveries,
  listDeadLetterGroups,
  readWebhookStatistics,
  retryDelivery,
} from "@wheelhouse/shared/webhooks/dead-letters.ts";
import { planReplay, readReplay, startReplay } from "@wheelhouse/shared/webhooks/replays.ts";
import { deleteEndpoint, readDelivery, summarizeDeliveries } from "@wheelhouse/shared/webhooks/webhooks.ts";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import {
  end,
  makeEndpoint,
  makeSource,
  postEvent,
  type Receiver,
  type Source,
  startReceiver,
  testConfig,
} from "../testing/gateway.fixture.ts";
import { startWorking } from "../testing/working.fixture.ts";

const config = { ...testConfig, retryScheduleMs: [10, 3_600_000] };
let it: Awaited<ReturnType<typeof startWorking>>;
let receiver: Receiver;
let source: Source;
let endpointId = "";
beforeAll(async () => {
  it = await startWorking(config);
});
beforeEach(async () => {
  receiver = await startReceiver();
  source = await makeSource(it.gateway);
  endpointId = (await makeEndpoint(it.gateway, source.organization, receiver.url)).id;
});
afterAll(async () => {
  await receiver.close();
  await it.stop();
});

/** Dead at once: the receiver answers 410, which also disables it. */
async function deadLetter(id: string, type = "order.paid") {
  receiver.answer = () => ({ status: 410, body: "moved away" });
  await postEvent(source, id, { type, data: { id } });
  const delivery = await it.gateway.deliveryOf(source.organization, id);
  await it.gateway.waitFor(source.organization, delivery.id, "dead_letter");
  return delivery.id;
}
/** Waits an hour for its third attempt. */
async function waiting(id: string) {
  receiver.answer = () => ({ status: 500, body: "no" });
  await postEvent(source, id);
  const delivery = await it.gateway.deliveryOf(source.organization, id);
  await expect.poll(async () => (await read(delivery.id)).attempts, { timeout: 15_000 }).toBe(2);
  await it.gateway.waitFor(source.organization, delivery.id, "failed");
  return delivery.id;
}
const read = (id: string) => it.gateway.call(source.organization, readDelivery, { params: { id } });
const groups = () => it.gateway.call(source.organization, listDeadLetterGroups, { query: {} });

test("dead letters are grouped by endpoint, error and type, with what their receiver does now", async () => {
  await deadLetter("a-1");
  // Once the counters are added up, the newest of a group is known.
  await expect.poll(async () => (await groups()).groups[0]?.lastAt, { timeout: 10_000 }).not.toBeNull();
  const found = await groups();
  expect(found).toMatchObject({ total: 1, groupCount: 1 });
  expect(found.groups[0]).toMatchObject({
    endpointId,
    errorClass: "gone",
    eventType: "order.paid",
    count: 1,
    statusCode: 410,
    errorMessage: "410: moved away",
    receiver: { state: "disabled" },
  });
  await it.gateway.call(source.organization, deleteEndpoint, { params: { id: endpointId } });
  expect((await groups()).groups[0]?.receiver.state).toBe("deleted");
});

test("dead letters are discarded with a reason, also those of a deleted endpoint; never more than were confirmed", async () => {
  const id = await deadLetter("b-1");
  await it.gateway.call(source.organization, deleteEndpoint, { params: { id: endpointId } });
  const second = await makeEndpoint(it.gateway, source.organization, receiver.url, "second");
  await deadLetter("b-2");
  const body = { filter: { status: ["dead_letter"] }, reason: "test data", expected: 1 };
  const refused = await it.gateway.send(source.organization, "POST", "/webhooks/deliveries/discard", body);
  expect(refused.status).toBe(409);
  expect((await read(id)).status).toBe("dead_letter");
  it.gateway.audited.length = 0;
  const done = await it.gateway.call(source.organization, discardDeliveries, {
    body: { ...body, expected: 2 },
  });
  expect(done.discarded).toBe(2);
  expect((await groups()).total).toBe(0);
  expect(it.gateway.audited).toMatchObject([
    {
      action: "webhooks.deliveries.discard",
      entry: { after: { count: 2, status: "discarded" }, reason: "test data" },
    },
  ]);
  const { counts } = await it.gateway.call(source.organization, summarizeDeliveries, { query: {} });
  expect(counts).toMatchObject({ dead_letter: 0, discarded: 2 });
  expect(second.id).not.toBe(endpointId);
});

test("a run that was planned before sends nothing of what was discarded since", async () => {
  receiver.answer = () => ({ status: 500 });
  await postEvent(source, "c-1");
  const { id } = await it.gateway.deliveryOf(source.organization, "c-1");
  await expect.poll(async () => (await read(id)).attempts, { timeout: 15_000 }).toBe(2);
  await it.gateway.call(source.organization, retryDelivery, { params: { id } });
  await it.gateway.waitFor(source.organization, id, "dead_letter");
  const plan = await it.gateway.call(source.organization, planReplay, { body: { ids: [id] } });
  expect(plan.total).toBe(1);
  await it.gateway.call(source.organization, discardDeliveries, {
    body: { filter: { ids: [id] }, reason: "not wanted", expected: 1 },
  });
  const sent = receiver.received.length;
  const replays = await it.gateway.webhooks.start.replays();
  await it.gateway.call(source.organization, startReplay, {
    body: { planId: plan.id, reason: "after the outage", ratePerSecond: null },
  });
  const run = () => it.gateway.call(source.organization, readReplay, { params: { id: plan.id } });
  await expect.poll(async () => (await run()).state, { timeout: 15_000 }).toBe("completed");
  expect(await run()).toMatchObject({ sent: 0, skipped: 1 });
  expect(receiver.received.length).toBe(sent);
  await end(replays);
});

test("retry now makes the next attempt at once; an act that comes too late says what happened instead", async () => {
  const id = await waiting("d-1");
  receiver.answer = () => ({ status: 204 });
  await it.gateway.call(source.organization, retryDelivery, { params: { id } });
  const delivered = await it.gateway.waitFor(source.organization, id, "completed");
  expect(delivered.attempts).toBe(3);
  const late = await it.gateway.send(source.organization, "POST", `/webhooks/deliveries/${id}/retry`);
  expect(late).toMatchObject({
    status: 409,
    error: { message: "Not retried: this delivery has been delivered." },
  });
  const cancel = await it.gateway.send(source.organization, "POST", `/webhooks/deliveries/${id}/cancel`, {
    reason: "too late",
  });
  expect(cancel).toMatchObject({
    status: 409,
    error: { message: "Nothing to cancel: this delivery has been delivered." },
  });
});

test("cancelled retries are not made", async () => {
  const id = await waiting("e-1");
  const cancelled = await it.gateway.call(source.organization, cancelDelivery, {
    params: { id },
    body: { reason: "wrong data" },
  });
  expect(cancelled).toMatchObject({ status: "discarded", nextAttemptAt: null });
  expect(it.gateway.audited.at(-1)).toMatchObject({
    action: "webhooks.delivery.cancel",
    entry: { before: { status: "failed" }, after: { status: "discarded" }, reason: "wrong data" },
  });
});

test("statistics count what became of deliveries, by the time of the outcome", async () => {
  receiver.answer = () => ({ status: 204 });
  await postEvent(source, "f-1");
  const { id } = await it.gateway.deliveryOf(source.organization, "f-1");
  await it.gateway.waitFor(source.organization, id, "completed");
  await waiting("f-2");
  const query = {
    from: new Date(Date.now() - 86_400_000).toISOString(),
    to: new Date(Date.now() + 86_400_000).toISOString(),
    by: "endpoint",
  };
  const totals = async () =>
    (await it.gateway.call(source.organization, readWebhookStatistics, { query })).series[0];
  await expect.poll(async () => (await totals())?.total.failed, { timeout: 10_000 }).toBe(2);
  expect(await totals()).toMatchObject({
    key: endpointId,
    name: "in",
    total: { delivered: 1, failed: 2, deadLetters: 0, replays: 0 },
  });
  expect((await totals())?.total.durationMsP95).toBeLessThan(testConfig.deliveryTimeoutMs);
});
