import { type DeliveryStatus, listDeliveries, readDelivery } from "@wheelhouse/shared/webhooks.ts";
import { Webhook } from "standardwebhooks";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createTestDatabase, createTestRedis } from "#testing/stack.ts";
import {
  type Gateway,
  makeEndpoint,
  makeSource,
  postEvent,
  type Receiver,
  type Source,
  startGateway,
  startReceiver,
  testConfig,
} from "./webhooks-fixture.ts";

let gateway: Gateway;
let receiver: Receiver;
let source: Source;
let stopWorker: () => Promise<void>;

const read = (id: string) => gateway.call(source.organization, readDelivery, { params: { id } });

async function waitForStatus(id: string, status: DeliveryStatus) {
  await expect.poll(async () => (await read(id)).status, { timeout: 10_000 }).toBe(status);
  return read(id);
}

/** The one delivery of an event. */
async function deliveryOf(eventId: string) {
  const { items } = await gateway.call(source.organization, listDeliveries, { query: { q: eventId } });
  const [delivery] = items;
  if (!delivery || items.length > 1) throw new Error(`${items.length} deliveries of ${eventId}`);
  return delivery;
}

beforeAll(async () => {
  const [database, redis] = await Promise.all([createTestDatabase(), createTestRedis()]);
  gateway = await startGateway({ ...database, redisUrl: redis.url }, testConfig);
  receiver = await startReceiver();
  source = await makeSource(gateway);
  const worker = await gateway.webhooks.startWorker();
  const sweeper = gateway.webhooks.startSweeper();
  stopWorker = async () => {
    await worker.drain();
    await sweeper.stop();
  };
});
afterAll(async () => {
  await stopWorker();
  await gateway.close();
  await receiver.close();
});

describe("delivery", () => {
  test("an accepted event reaches its endpoint, signed so that the reference library verifies it", async () => {
    const endpoint = await makeEndpoint(gateway, source.organization, receiver.url, "first", ["order.*"]);
    const posted = await postEvent(source, "evt_1");
    expect(posted).toMatchObject({ status: 202, duplicate: false });
    const delivery = await deliveryOf(posted.id);
    await waitForStatus(delivery.id, "completed");
    const got = receiver.received.find(({ id }) => id === posted.id);
    expect(got?.body).toBe(JSON.stringify({ type: "order.paid", data: { id: "evt_1" } }));
    const headers = {
      "webhook-id": String(got?.headers["webhook-id"]),
      "webhook-timestamp": String(got?.headers["webhook-timestamp"]),
      "webhook-signature": String(got?.headers["webhook-signature"]),
    };
    expect(() => new Webhook(endpoint.secret).verify(got?.body ?? "", headers)).not.toThrow();
  });
});
