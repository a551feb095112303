import { expungeEvent } from "@wheelhouse/shared/webhooks/events.ts";
import { resendDeliveries } from "@wheelhouse/shared/webhooks/resend.ts";
import { updateEndpoint } from "@wheelhouse/shared/webhooks/webhooks.ts";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import type { Running } from "#lib/feature.ts";
import { createTestDatabase, createTestRedis } from "#testing/stack.ts";
import {
  end,
  type Gateway,
  makeEndpoint,
  makeSource,
  postEvent,
  type Receiver,
  startGateway,
  startReceiver,
} from "../testing/gateway.fixture.ts";

let gateway: Gateway;
let receiver: Receiver;
let worker: Running;
beforeAll(async () => {
  const [database, redis] = await Promise.all([createTestDatabase(), createTestRedis()]);
  gateway = await startGateway({ ...database, redisUrl: redis.url });
  receiver = await startReceiver();
  worker = await gateway.webhooks.start.worker();
});
beforeEach(() => {
  receiver.received.length = 0;
  receiver.answer = () => ({ status: 204 });
});
afterEach(() => {
  gateway.audited.length = 0;
});
afterAll(async () => {
  await end(worker);
  await receiver.close();
  await gateway.close();
});

const reason = "the receiver lost its database";

/** An endpoint with one delivery that its receiver has confirmed. */
async function delivered() {
  const source = await makeSource(gateway);
  const { organization } = source;
  const endpoint = await makeEndpoint(gateway, organization, receiver.url);
  const event = await postEvent(source, "evt_1");
  const { id } = await gateway.deliveryOf(organization, event.id);
  await gateway.waitFor(organization, id, "completed");
  return { source, organization, endpoint, event, id };
}

test("a completed delivery is sent once more under its webhook-id, with a reason in the trail", async () => {
  const { organization, event, id } = await delivered();
  const twice = await Promise.allSettled(
    [1, 2].map(() =>
      gateway.call(organization, resendDeliveries, { body: { deliveries: [{ id, generation: 1 }], reason } }),
    ),
  );
  const accepted = twice.filter(({ status }) => status === "fulfilled");
  expect(accepted).toMatchObject([{ value: { resent: 1, skipped: 0 } }]);
  await expect.poll(() => receiver.received.length).toBe(2);
  const detail = await gateway.waitFor(organization, id, "completed");
  expect(receiver.received.map((request) => request.id)).toEqual([event.id, event.id]);
  expect(detail).toMatchObject({ generation: 2, attempts: 1 });
  expect(detail.attemptLog.map(({ generation, outcome }) => [generation, outcome])).toEqual([
    [2, "success"],
    [1, "success"],
  ]);
  expect(gateway.audited.filter(({ action }) => action === "webhooks.deliveries.resend")).toMatchObject([
    { entry: { reason, before: { status: "completed" }, after: { count: 1, skipped: 0 } } },
  ]);
});

test("what is not completed, cannot be sent, or is another's is refused, and says why", async () => {
  const { source, organization, endpoint, event, id } = await delivered();
  const send = (body: object, of = organization) =>
    gateway.send(of, "POST", "/webhooks/deliveries/resend", body);
  const { organization: other } = await makeSource(gateway);
  expect((await send({ deliveries: [{ id, generation: 1 }], reason }, other)).status).toBe(404);

  receiver.answer = () => ({ status: 500 });
  const failing = await postEvent(source, "evt_2");
  const { id: failingId } = await gateway.deliveryOf(organization, failing.id);
  await gateway.waitFor(organization, failingId, "dead_letter");
  const dead = await send({ deliveries: [{ id: failingId, generation: 1 }], reason });
  expect(dead).toMatchObject({ status: 409, error: { message: expect.stringContaining("dead_letter") } });

  const turn = (version: number, enabled: boolean) =>
    gateway.call(organization, updateEndpoint, { params: { id: endpoint.id }, body: { version, enabled } });
  const off = await turn(endpoint.version, false);
  expect((await send({ deliveries: [{ id, generation: 1 }], reason })).error.message).toContain("disabled");
  await turn(off.version, true);
  await gateway.call(organization, expungeEvent, { params: { id: event.id }, body: { reason } });
  expect((await send({ deliveries: [{ id, generation: 1 }], reason })).error.message).toContain(
    "payload has been removed",
  );
  expect(receiver.received.filter(({ id: sent }) => sent === event.id)).toHaveLength(1);
});
