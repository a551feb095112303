import { replayDelivery } from "@wheelhouse/shared/webhooks/webhooks.ts";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import {
  type Gateway,
  makeEndpoint,
  makeSource,
  postEvent,
  type Receiver,
  type Source,
  startReceiver,
} from "../testing/gateway.fixture.ts";
import { startWorking } from "../testing/working.fixture.ts";

let gateway: Gateway;
let receiver: Receiver;
let source: Source;
let stop: () => Promise<void>;

beforeAll(async () => {
  ({ gateway, stop } = await startWorking());
});
afterAll(() => stop());
beforeEach(async () => {
  receiver = await startReceiver();
  source = await makeSource(gateway);
});
afterEach(() => receiver.close());

describe("replay", () => {
  async function deadLetter() {
    receiver.answer = () => ({ status: 500 });
    await makeEndpoint(gateway, source.organization, receiver.url);
    const posted = await postEvent(source, "evt_1");
    const { id } = await gateway.deliveryOf(source.organization, posted.id);
    return gateway.waitFor(source.organization, id, "dead_letter");
  }
  const replay = (id: string, body: object) =>
    gateway.send(source.organization, "POST", `/webhooks/deliveries/${id}/replay`, body);

  test("sends the same webhook-id with a new signature and completes, audited with before, after and reason", async () => {
    const dead = await deadLetter();
    receiver.answer = () => ({ status: 200 });
    const replayed = await gateway.call(source.organization, replayDelivery, {
      params: { id: dead.id },
      body: { reason: "receiver is back", version: dead.version },
    });
    expect(replayed).toMatchObject({
      status: "pending",
      generation: 2,
      attempts: 0,
      version: dead.version + 1,
    });
    const done = await gateway.waitFor(source.organization, dead.id, "completed");
    expect(done.attemptLog[0]).toMatchObject({
      generation: 2,
      attempt: 1,
      trigger: "replay",
      outcome: "success",
    });
    expect(new Set(receiver.received.map((got) => got.id))).toEqual(new Set([dead.eventId]));
    expect(gateway.audited.at(-1)).toMatchObject({
      action: "webhooks.delivery.replay",
      entry: {
        before: { status: "dead_letter", generation: 1 },
        after: { status: "pending", generation: 2 },
        reason: "receiver is back",
      },
    });
  });

  test("requested ten times at once starts one series of attempts; nine get 409", async () => {
    const dead = await deadLetter();
    const sent = receiver.received.length;
    receiver.answer = () => ({ status: 200 });
    const replies = await Promise.all(
      Array.from({ length: 10 }, (_, n) =>
        replay(dead.id, { reason: `click ${n}`, ...(n % 2 ? { version: dead.version } : {}) }),
      ),
    );
    expect(replies.map(({ status }) => status).sort()).toEqual([202, ...Array(9).fill(409)]);
    const done = await gateway.waitFor(source.organization, dead.id, "completed");
    expect(done).toMatchObject({ generation: 2, attempts: 1 });
    expect(receiver.received).toHaveLength(sent + 1);
  });

  test("is rejected for what is not dead, for a stale version, without a reason and from another organization", async () => {
    const dead = await deadLetter();
    expect((await replay(dead.id, { reason: "x" })).error.details?.[0]?.field).toBe("body.reason");
    expect((await replay(dead.id, { reason: "stale", version: 99 })).status).toBe(409);
    expect((await replay(dead.id, { reason: "extra field", force: true })).status).toBe(400);
    const elsewhere = await makeSource(gateway);
    const foreign = await gateway.send(
      elsewhere.organization,
      "POST",
      `/webhooks/deliveries/${dead.id}/replay`,
      { reason: "not mine" },
    );
    expect(foreign.status).toBe(404);
    receiver.answer = () => ({ status: 200 });
    expect((await replay(dead.id, { reason: "once" })).status).toBe(202);
    await gateway.waitFor(source.organization, dead.id, "completed");
    expect((await replay(dead.id, { reason: "twice" })).status).toBe(409);
  });
});

test("figures and counts of an organization reflect what happened", async () => {
  receiver.answer = ({ body }) => ({ status: body.includes("bad") ? 500 : 200 });
  await makeEndpoint(gateway, source.organization, receiver.url);
  const posts = await Promise.all(
    ["good1", "good2", "good3", "bad"].map((type) => postEvent(source, type, { type })),
  );
  const bad = await gateway.deliveryOf(source.organization, posts[3]?.id ?? "");
  await gateway.waitFor(source.organization, bad.id, "dead_letter");
  await expect
    .poll(
      async () => (await gateway.webhooks.statistics([source.organization.id])).get(source.organization.id),
      { timeout: 5_000 },
    )
    .toMatchObject({
      deadLetters: 1,
      pending: 0,
      endpoints: 1,
      deliveredPerSecond: 3 / 60,
      errorRatio: 0.5,
      firstAttemptSuccessRatio: 0.75,
      breakers: [{ name: "in", state: "closed", failureRatio: 0.5 }],
    });
  const heads = await gateway.webhooks.readHeads(source.organization.id, [bad.id]);
  expect(heads).toMatchObject([{ id: bad.id, status: "dead_letter" }]);
  const told = gateway.changed.filter(({ organizationId }) => organizationId === source.organization.id);
  expect(told.reduce((sum, { created }) => sum + created, 0)).toBe(4);
  expect(told.flatMap(({ ids }) => ids)).toContain(bad.id);
});
