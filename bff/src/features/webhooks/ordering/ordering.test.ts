import { discardDeliveries } from "@wheelhouse/shared/webhooks/dead-letters.ts";
import { listHeldKeys, skipDelivery } from "@wheelhouse/shared/webhooks/ordering.ts";
import { readDelivery, updateEndpoint } from "@wheelhouse/shared/webhooks/webhooks.ts";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
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
let running: Running[];
beforeAll(async () => {
  const [database, redis] = await Promise.all([createTestDatabase(), createTestRedis()]);
  gateway = await startGateway({ ...database, redisUrl: redis.url });
  receiver = await startReceiver();
  running = [await gateway.webhooks.start.worker(), await gateway.webhooks.start.sweeper()];
});
beforeEach(() => {
  receiver.received.length = 0;
  receiver.answer = () => ({ status: 204 });
});
afterAll(async () => {
  await Promise.all(running.map(end));
  await receiver.close();
  await gateway.close();
});

const reason = "the order was cancelled";

/** A source whose events reach one endpoint that is ordered by `data.order`. */
async function ordered(retryScheduleMs: readonly number[]) {
  const source = await makeSource(gateway);
  const { organization } = source;
  const made = await makeEndpoint(gateway, organization, receiver.url);
  const settings = { orderBy: "data.order", retryScheduleMs };
  const endpoint = await gateway.call(organization, updateEndpoint, {
    params: { id: made.id },
    body: { version: made.version, settings },
  });
  const post = async (order: string | undefined, n: number) => {
    const { id } = await postEvent(source, `evt_${order}_${n}`, {
      type: "order.changed",
      data: { order, n },
    });
    const delivery = await gateway.deliveryOf(organization, id);
    return delivery.id;
  };
  const read = (id: string) => gateway.call(organization, readDelivery, { params: { id } });
  const held = async () =>
    (await gateway.call(organization, listHeldKeys, { params: { id: endpoint.id } })).items;
  return { organization, endpoint, post, read, held };
}

/** What the receiver got of a key, oldest first. */
const got = (key: string) =>
  receiver.received.flatMap(({ body }) => {
    const { data } = JSON.parse(body);
    return data.order === key ? [data.n] : [];
  });

test("events of a key arrive one after the other in their order, and a failing key holds no other", async () => {
  const { organization, post } = await ordered([150, 150, 150]);
  const atOnce = new Map<string, number>();
  let [most, failures] = [0, 2];
  receiver.answer = async ({ body }) => {
    const { data } = JSON.parse(body);
    const count = (atOnce.get(data.order) ?? 0) + 1;
    atOnce.set(data.order, count);
    most = Math.max(most, count);
    await new Promise((resolve) => setImmediate(resolve));
    atOnce.set(data.order, count - 1);
    if (data.order !== "a" || data.n !== 1 || failures === 0) return { status: 204 };
    failures -= 1;
    return { status: 503 };
  };
  const ids: string[] = [];
  for (const n of [1, 2, 3, 4]) ids.push(await post("a", n));
  const others = await Promise.all([post("b", 1), post("c", 1), post(undefined, 1)]);
  for (const id of others) await gateway.waitFor(organization, id, "completed");
  for (const id of ids) await gateway.waitFor(organization, id, "completed");
  expect(got("a")).toEqual([1, 1, 1, 2, 3, 4]);
  expect(most).toBe(1);
  // The others did not wait for the key that failed.
  const lastOfA = receiver.received.findLastIndex(({ body }) => JSON.parse(body).data.order === "a");
  const firstOfB = receiver.received.findIndex(({ body }) => JSON.parse(body).data.order === "b");
  expect(firstOfB).toBeLessThan(lastOfA);
});

test("a dead letter holds its key until a person skips it, and is a dead letter still", async () => {
  const { organization, post, read, held } = await ordered([]);
  receiver.answer = ({ body }) => ({ status: JSON.parse(body).data.n === 1 ? 500 : 204 });
  const first = await post("a", 1);
  const [second, third] = [await post("a", 2), await post("a", 3)];
  await gateway.waitFor(organization, first, "dead_letter");
  const other = await post("b", 2);
  await gateway.waitFor(organization, other, "completed");
  expect((await read(first)).order).toEqual({ key: "a", blockedBy: null, waiting: 2 });
  expect(await read(second)).toMatchObject({
    status: "pending",
    attempts: 0,
    nextAttemptAt: null,
    order: { key: "a", blockedBy: first, waiting: 1 },
  });
  expect(await held()).toMatchObject([{ key: "a", deliveryId: first, status: "dead_letter", waiting: 2 }]);
  const send = (id: string, act: string) =>
    gateway.send(
      organization,
      "POST",
      `/webhooks/deliveries/${id}/${act}`,
      act === "skip" ? { reason } : undefined,
    );
  expect((await send(second, "retry")).error.message).toContain("waits for the one before it");
  expect((await send(second, "skip")).status).toBe(409);
  const { organization: stranger } = await makeSource(gateway);
  const foreign = await gateway.send(stranger, "POST", `/webhooks/deliveries/${first}/skip`, { reason });
  expect(foreign.status).toBe(404);

  const skipped = await gateway.call(organization, skipDelivery, {
    params: { id: first },
    body: { reason },
  });
  expect(skipped).toEqual({ status: "dead_letter", waiting: 2 });
  for (const id of [second, third]) await gateway.waitFor(organization, id, "completed");
  expect(got("a")).toEqual([1, 2, 3]);
  expect(await read(first)).toMatchObject({ status: "dead_letter", order: null });
  expect(await held()).toEqual([]);
  expect(gateway.audited.find(({ action }) => action === "webhooks.delivery.skip")).toMatchObject({
    entry: { reason, before: { status: "dead_letter" }, after: { waiting: 2 } },
  });
});

test("discarding what holds a key lets the next go, and giving up order lets all go", async () => {
  const { organization, endpoint, post } = await ordered([]);
  receiver.answer = ({ body }) => ({ status: JSON.parse(body).data.n === 1 ? 500 : 204 });
  const first = await post("a", 1);
  const second = await post("a", 2);
  await gateway.waitFor(organization, first, "dead_letter");
  await gateway.call(organization, discardDeliveries, {
    body: { filter: { ids: [first] }, reason, expected: 1 },
  });
  await gateway.waitFor(organization, second, "completed");

  const third = await post("z", 1);
  await gateway.waitFor(organization, third, "dead_letter");
  const waiting = [await post("z", 2), await post("z", 3)];
  await gateway.call(organization, updateEndpoint, {
    params: { id: endpoint.id },
    body: { version: endpoint.version, settings: { orderBy: null } },
  });
  for (const id of waiting) await gateway.waitFor(organization, id, "completed");
  const left = await gateway.database.system.selectFrom("webhook_ordered").select("seq").execute();
  expect(left).toEqual([]);
});
