import {
  endEndpointOverlap,
  readEndpoint,
  rotateEndpoint,
  testEndpoint,
} from "@wheelhouse/shared/webhooks/endpoints.ts";
import { createEndpoint, listDeliveries, updateEndpoint } from "@wheelhouse/shared/webhooks/webhooks.ts";
import { Webhook } from "standardwebhooks";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import {
  type Gateway,
  makeSource,
  postEvent,
  type Receiver,
  type Source,
  startReceiver,
  testConfig,
} from "../testing/gateway.fixture.ts";
import { startWorking } from "../testing/working.fixture.ts";

let gateway: Gateway;
let receiver: Receiver;
let source: Source;
let stop: () => Promise<void>;

beforeAll(async () => {
  ({ gateway, stop } = await startWorking({ ...testConfig, breaker: { failures: 50, coolDownMs: 60_000 } }));
});
afterAll(() => stop());
beforeEach(async () => {
  receiver = await startReceiver();
  source = await makeSource(gateway);
});
afterEach(() => receiver.close());

const make = (body: object = {}) =>
  gateway.call(source.organization, createEndpoint, {
    body: { slug: "in", name: "In", url: receiver.url, ...body },
  });
const read = (id: string) => gateway.call(source.organization, readEndpoint, { params: { id } });
const post = async (id: string, event?: unknown) => {
  const posted = await postEvent(source, id, event);
  return gateway.deliveryOf(source.organization, posted.id);
};
const auditedTexts = () =>
  JSON.stringify(gateway.audited.filter(({ organizationId }) => organizationId === source.organization.id));

describe("an endpoint", () => {
  test("gets its own headers with each delivery; a secret one is never shown or audited, and kept by a change", async () => {
    const headers = [
      { name: "X-Tenant", value: "eu" },
      { name: "authorization", value: "Bearer canary-value" },
    ];
    const made = await make({ headers });
    expect(made.headers).toEqual([
      { name: "x-tenant", value: "eu" },
      { name: "authorization", value: null },
    ]);
    const { id } = await post("evt_1");
    await gateway.waitFor(source.organization, id, "completed");
    expect(receiver.received[0]?.headers).toMatchObject({
      "x-tenant": "eu",
      authorization: "Bearer canary-value",
      "wheelhouse-attempt": "1",
    });
    const changed = await gateway.call(source.organization, updateEndpoint, {
      params: { id: made.id },
      body: { version: made.version, headers: [{ name: "authorization", value: null }] },
    });
    expect(changed.headers).toEqual([{ name: "authorization", value: null }]);
    await gateway.waitFor(source.organization, (await post("evt_2")).id, "completed");
    expect(receiver.received[1]?.headers.authorization).toBe("Bearer canary-value");
    expect(receiver.received[1]?.headers["x-tenant"]).toBe(undefined);
    const attempts = await gateway.database.system.selectFrom("webhook_attempts").selectAll().execute();
    expect(JSON.stringify(attempts) + auditedTexts()).not.toContain("canary-value");
  });

  test("may not set a header that Wheelhouse sets, nor one with a line break", async () => {
    for (const header of [
      { name: "webhook-signature", value: "v1,x" },
      { name: "content-length", value: "1" },
      { name: "x-a", value: "a\r\nb: c" },
      { name: "x-a", value: null },
    ]) {
      const body = { slug: "in", name: "In", url: receiver.url, headers: [header] };
      const { status } = await gateway.send(source.organization, "POST", "/webhooks/endpoints", body);
      expect(status).toBe(400);
    }
  });

  test("has its own time-out and schedule, which also decides how many attempts there are", async () => {
    receiver.answer = async () => {
      await new Promise((resolve) => setTimeout(resolve, 1_500));
      return { status: 200 };
    };
    await make({ settings: { timeoutMs: 500, retryScheduleMs: [100] } });
    const { id, maxAttempts } = await post("evt_1");
    expect(maxAttempts).toBe(2);
    const dead = await gateway.waitFor(source.organization, id, "dead_letter");
    expect(dead.attemptLog.map(({ errorMessage }) => errorMessage)).toEqual([
      "No response within 500 ms.",
      "No response within 500 ms.",
    ]);
  });

  test("gets no more attempts at a time, and no more per second, than it may, from its first event on", async () => {
    let running = 0;
    let most = 0;
    const startedMs: number[] = [];
    receiver.answer = async () => {
      startedMs.push(Date.now());
      running += 1;
      most = Math.max(most, running);
      await new Promise((resolve) => setTimeout(resolve, 30));
      running -= 1;
      return { status: 204 };
    };
    await make({ settings: { concurrency: 2, ratePerSecond: 20 } });
    await Promise.all(Array.from({ length: 24 }, (_, n) => postEvent(source, `evt_${n}`)));
    await expect.poll(() => startedMs.length, { timeout: 15_000 }).toBe(24);
    expect(most).toBeLessThanOrEqual(2);
    // 24 at 20 per second take at least 1.15 s; the clock of the test may be 100 ms off.
    expect((startedMs.at(-1) ?? 0) - (startedMs[0] ?? 0)).toBeGreaterThan(1_050);
  });

  test("has its own breaker, which a person can reset or let probe, with a reason", async () => {
    receiver.answer = () => ({ status: 500 });
    const made = await make({
      settings: { breaker: { failures: 2, coolDownMs: 3_600_000 }, retryScheduleMs: [100, 100, 100, 100] },
    });
    const { id } = await post("evt_1");
    await expect.poll(async () => (await read(made.id)).breaker.state).toBe("open");
    expect(receiver.received).toHaveLength(2);
    const path = `/webhooks/endpoints/${made.id}/breaker`;
    expect((await gateway.send(source.organization, "POST", `${path}/reset`, {})).status).toBe(400);
    const reason = { reason: "the receiver is back" };
    const reset = await gateway.send(source.organization, "POST", `${path}/reset`, reason);
    expect(reset).toMatchObject({ status: 200, body: { breaker: { state: "closed" } } });
    expect(gateway.audited.at(-1)).toMatchObject({
      action: "webhooks.endpoint.reset-breaker",
      entry: { before: { state: "open" }, after: { state: "closed" }, reason: "the receiver is back" },
    });
    expect(
      (
        await gateway.deliveryOf(
          source.organization,
          (
            await gateway.waitFor(source.organization, id, "failed")
          ).eventId,
        )
      ).attempts,
    ).toBe(2);
  });

  test("signs with both secrets while they overlap, and with the new one alone after it was ended", async () => {
    const made = await make();
    const rotated = await gateway.call(source.organization, rotateEndpoint, {
      params: { id: made.id },
      body: { version: made.version },
    });
    expect(rotated.secret).not.toBe(made.secret);
    const verifies = (secret: string, at: number) => {
      const { headers, body, id } = receiver.received[at] ?? { headers: {}, body: "", id: "" };
      const names = ["webhook-timestamp", "webhook-signature"] as const;
      const signed = Object.fromEntries(names.map((name) => [name, String(headers[name])]));
      try {
        new Webhook(secret).verify(body, { "webhook-id": id, ...signed });
        return true;
      } catch {
        return false;
      }
    };
    await gateway.waitFor(source.organization, (await post("evt_1")).id, "completed");
    expect([verifies(made.secret, 0), verifies(rotated.secret, 0)]).toEqual([true, true]);
    const ended = await gateway.call(source.organization, endEndpointOverlap, {
      params: { id: made.id },
      body: { version: rotated.version },
    });
    expect(ended.previousSecretUntil).toBe(null);
    await gateway.waitFor(source.organization, (await post("evt_2")).id, "completed");
    expect([verifies(made.secret, 1), verifies(rotated.secret, 1)]).toEqual([false, true]);
    expect(auditedTexts()).not.toContain(rotated.secret);
  });

  test("is not overwritten by a lost edit, which gets the fields that differ", async () => {
    const made = await make({ settings: { ratePerSecond: 20 } });
    const path = `/webhooks/endpoints/${made.id}`;
    const first = await gateway.send(source.organization, "PATCH", path, {
      version: made.version,
      settings: { ratePerSecond: 5 },
    });
    expect(first.status).toBe(200);
    const second = await gateway.send(source.organization, "PATCH", path, {
      version: made.version,
      name: "In",
      settings: { ratePerSecond: 40, timeoutMs: 20_000 },
    });
    expect(second.status).toBe(409);
    expect(second.error.message).toContain("Test Admin");
    expect(second.error.details).toEqual([
      { field: "body.settings.timeoutMs", message: "is null in version 2" },
      { field: "body.settings.ratePerSecond", message: "is 5 in version 2" },
    ]);
    const now = await read(made.id);
    expect(now).toMatchObject({
      version: 2,
      changedBy: "Test Admin",
      settings: { ratePerSecond: 5, timeoutMs: null },
    });
  });

  test("gets a test event past its open breaker, signed, audited, and in no log", async () => {
    const settings = { breaker: { failures: 1, coolDownMs: 3_600_000 } };
    const made = await make({ headers: [{ name: "x-tenant", value: "eu" }], settings });
    receiver.answer = () => ({ status: 503, body: "maintenance" });
    await post("evt_1");
    await expect.poll(async () => (await read(made.id)).breaker.state).toBe("open");
    const tried = await gateway.call(source.organization, testEndpoint, {
      params: { id: made.id },
      body: {},
    });
    expect(tried).toMatchObject({ delivered: false, statusCode: 503, errorClass: "http_5xx" });
    expect(tried.response?.body).toBe("maintenance");
    const got = receiver.received[1];
    expect(JSON.parse(got?.body ?? "")).toMatchObject({ type: "test.ping" });
    expect(got?.headers).toMatchObject({ "x-tenant": "eu", "webhook-id": tried.eventId });
    expect(gateway.audited.at(-1)).toMatchObject({
      action: "webhooks.endpoint.test",
      entry: { after: { statusCode: 503, errorClass: "http_5xx" } },
    });
    const { items } = await gateway.call(source.organization, listDeliveries, {});
    expect(items).toHaveLength(1);
  });

  test("that only fails is warned about and disabled after its time, audited; a success ends the count", async () => {
    receiver.answer = () => ({ status: 500 });
    const made = await make({ settings: { retryScheduleMs: Array(20).fill(100) } });
    const { id } = await post("evt_1");
    await expect.poll(async () => (await read(made.id)).failingSince, { timeout: 10_000 }).not.toBe(null);
    const row = () =>
      gateway.database.system
        .selectFrom("webhook_endpoints")
        .select(["warned_percent", "enabled", "disabled_reason"])
        .where("id", "=", made.id)
        .executeTakeFirstOrThrow();
    const failingFor = (share: number) =>
      gateway.database.system
        .updateTable("webhook_endpoints")
        .set({ failing_since: new Date(Date.now() - share * 5 * 24 * 3_600_000) })
        .where("id", "=", made.id)
        .execute();
    for (const [share, warned] of [
      [0.4, 0],
      [0.55, 50],
      [0.75, 70],
      [0.95, 90],
    ] as const) {
      await failingFor(share);
      await expect.poll(async () => (await row()).warned_percent).toBe(warned);
      expect((await row()).enabled).toBe(true);
    }
    const statistics = await gateway.webhooks.statistics([source.organization.id]);
    expect(statistics.get(source.organization.id)?.breakers[0]?.disablesAt).not.toBe(null);
    await failingFor(1.1);
    await expect.poll(async () => (await row()).enabled).toBe(false);
    expect((await row()).disabled_reason).toBe("no attempt succeeded for 5 days");
    expect(auditedTexts()).toContain("webhooks.endpoint.disable");
    await gateway.waitFor(source.organization, id, "discarded");

    receiver.answer = () => ({ status: 204 });
    const { version } = await read(made.id);
    const path = `/webhooks/endpoints/${made.id}`;
    await gateway.send(source.organization, "PATCH", path, { version, enabled: true });
    await gateway.waitFor(source.organization, (await post("evt_2")).id, "completed");
    await failingFor(0.6);
    await expect.poll(async () => (await read(made.id)).failingSince, { timeout: 10_000 }).toBe(null);
  });

  test("shows the success and latency of its last hour, and nothing where there was none", async () => {
    const made = await make({ settings: { retryScheduleMs: [] } });
    expect((await read(made.id)).health).toMatchObject({
      deliveries: 0,
      successRatio: null,
      latencyMsP50: null,
    });
    receiver.answer = ({ body }) => ({ status: body.includes("bad") ? 500 : 204 });
    for (const id of ["a", "b", "c"])
      await gateway.waitFor(source.organization, (await post(id)).id, "completed");
    await gateway.waitFor(source.organization, (await post("bad")).id, "dead_letter");
    const { health } = await read(made.id);
    expect(health).toMatchObject({ deliveries: 4, successRatio: 0.75, waiting: 0, deadLetters: 1 });
    expect(health.latencyMsP95).toBeGreaterThanOrEqual(health.latencyMsP50 ?? Number.NaN);
  });

  test("gets only events that its filter takes, by type and by a field of the body", async () => {
    await make({
      eventTypes: ["shipment.*", "!shipment.label.*"],
      settings: { bodyFilter: [{ path: "data.warehouse", values: ["fra-1"] }] },
    });
    const event = (type: string, warehouse: string) => ({ type, data: { warehouse } });
    for (const [n, body] of [
      event("shipment.label.made", "fra-1"),
      event("shipment.sent", "fra-2"),
      event("shipment.sent", "fra-1"),
    ].entries())
      await postEvent(source, `evt_${n}`, body);
    await expect.poll(() => receiver.received.length).toBe(1);
    const { items } = await gateway.call(source.organization, listDeliveries, {});
    expect(items).toHaveLength(1);
  });
});
