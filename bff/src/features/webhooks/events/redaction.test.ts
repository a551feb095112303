import { readEvent } from "@wheelhouse/shared/webhooks/events.ts";
import { listSources, updateSource } from "@wheelhouse/shared/webhooks/senders.ts";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createTestDatabase, createTestRedis } from "#testing/stack.ts";
import {
  end,
  type Gateway,
  makeEndpoint,
  makeSource,
  postEvent,
  type Receiver,
  type Source,
  startGateway,
  startReceiver,
} from "../testing/gateway.fixture.ts";

let gateway: Gateway;
let receiver: Receiver;
beforeAll(async () => {
  const [database, redis] = await Promise.all([createTestDatabase(), createTestRedis()]);
  gateway = await startGateway({ ...database, redisUrl: redis.url });
  receiver = await startReceiver();
});
afterAll(async () => {
  await receiver.close();
  await gateway.close();
});

async function redact({ organization }: Source, redaction: object) {
  const { items } = await gateway.call(organization, listSources, {});
  const [{ id, version } = { id: "", version: 0 }] = items;
  return gateway.call(organization, updateSource, { params: { id }, body: { version, redaction } });
}

test("what a source names is hidden wherever its events are shown, and delivered byte for byte", async () => {
  const source = await makeSource(gateway);
  const { organization } = source;
  await redact(source, {
    fields: ["data.name", "**.phone"],
    headers: ["x-customer"],
    patterns: ["CUST-####"],
    cards: false,
  });
  const endpoint = await makeEndpoint(gateway, organization, receiver.url);
  receiver.answer = ({ body }) => ({ status: 200, body });
  const body = '{"type":"order.paid","data":{"name":"Jane","id":"CUST-1234","n":4242424242424242}}';
  const headers = { "x-customer": "Jane Doe", "x-shop": "northwind" };
  const event = await postEvent(source, "evt_1", body, headers);
  const running = await gateway.webhooks.start.worker();
  const { id } = await gateway.deliveryOf(organization, event.id);
  const delivery = await gateway.waitFor(organization, id, "completed");
  await end(running);
  expect(receiver.received).toMatchObject([{ body }]);

  const shown = '{"type":"order.paid","data":{"name":"[redacted]","id":"[redacted]","n":4242424242424242}}';
  const read = () => gateway.call(organization, readEvent, { params: { id: event.id } });
  const detail = await read();
  expect(detail.payload).toMatchObject({
    body: shown,
    redacted: ["field of the source", "pattern of the source"],
  });
  expect(detail.headers).toMatchObject({ "x-customer": "[redacted]", "x-shop": "northwind" });
  expect(delivery.payload.body).toBe(shown);
  const [attempt] = delivery.attemptLog;
  expect(attempt?.request.body).toBe(shown);
  // The receiver's answer was stored before it was shown, with card numbers already replaced.
  expect(attempt?.response?.body).toContain('"name":"[redacted]","id":"[redacted]"');
  const stored = await gateway.database.system
    .selectFrom("webhook_events")
    .select("headers")
    .where("event_id", "=", event.id)
    .executeTakeFirstOrThrow();
  expect(JSON.stringify(stored.headers)).not.toContain("Jane");

  await redact(source, { fields: [], headers: ["x-shop"] });
  const later = await read();
  expect(later.payload.body).toContain('"name":"Jane","id":"CUST-1234","n":"[card ···· 4242]"');
  expect(later.headers).toMatchObject({ "x-customer": "[redacted]", "x-shop": "[redacted]" });
  expect(gateway.audited.at(-1)).toMatchObject({
    action: "webhooks.source.update",
    entry: { after: { redaction: expect.stringContaining("x-shop") } },
  });
  expect(endpoint.enabled).toBe(true);
});

test("a rule that cannot hold is refused with its place and remedy", async () => {
  const source = await makeSource(gateway);
  const { items } = await gateway.call(source.organization, listSources, {});
  const [{ id, version } = { id: "", version: 0 }] = items;
  const { status, error } = await gateway.send(source.organization, "PATCH", `/webhooks/sources/${id}`, {
    version,
    redaction: { patterns: ["abc**d"] },
  });
  expect(status).toBe(400);
  expect(error.details).toMatchObject([
    { field: "body.redaction.patterns.0", message: "may have one * at most" },
  ]);
});
