import { createEndpoint, listEndpoints } from "@wheelhouse/shared/webhooks/webhooks.ts";
import { Webhook } from "standardwebhooks";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import {
  end,
  type Gateway,
  makeEndpoint,
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
  ({ gateway, stop } = await startWorking());
});
afterAll(() => stop());
beforeEach(async () => {
  receiver = await startReceiver();
  source = await makeSource(gateway);
});
afterEach(() => receiver.close());

const endpointOf = async () => {
  const { items } = await gateway.call(source.organization, listEndpoints, {});
  return items[0];
};

/** Holds what awaits `opened` until `open` is called. */
const makeGate = () => {
  let open = () => {};
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { opened, open };
};

describe("a delivery", () => {
  test("is signed so that the reference library verifies it, and carries the bytes as they came", async () => {
    const endpoint = await makeEndpoint(gateway, source.organization, receiver.url);
    const body = '{ "type" : "order.paid",\n "ü": 1.0 }';
    const posted = await postEvent(source, "evt_1", body);
    const { id } = await gateway.deliveryOf(source.organization, posted.id);
    const delivered = await gateway.waitFor(source.organization, id, "completed");
    const [got] = receiver.received;
    expect(got?.body).toBe(body);
    const headers = {
      "webhook-id": posted.id,
      "webhook-timestamp": String(got?.headers["webhook-timestamp"]),
      "webhook-signature": String(got?.headers["webhook-signature"]),
    };
    expect(() => new Webhook(endpoint.secret).verify(body, headers)).not.toThrow();
    expect(delivered).toMatchObject({ attempts: 1, maxAttempts: 3, lastStatusCode: 204, errorClass: null });
    expect(delivered.attemptLog).toMatchObject([{ attempt: 1, outcome: "success", trigger: "schedule" }]);
    expect(delivered.attemptLog[0]?.request.headers["webhook-signature"]).toBe("[redacted]");
  });

  test("that fails is tried again by the schedule, each time with the same id, then is a dead letter", async () => {
    receiver.answer = () => ({ status: 503, body: '{"error":"maintenance","token":"canary"}' });
    await makeEndpoint(gateway, source.organization, receiver.url);
    const posted = await postEvent(source, "evt_1");
    const { id } = await gateway.deliveryOf(source.organization, posted.id);
    const dead = await gateway.waitFor(source.organization, id, "dead_letter");
    expect(dead).toMatchObject({
      attempts: 3,
      lastStatusCode: 503,
      errorClass: "http_5xx",
      nextAttemptAt: null,
    });
    expect(dead.attemptLog.map(({ attempt, outcome, statusCode }) => [attempt, outcome, statusCode])).toEqual(
      [
        [3, "failure", 503],
        [2, "failure", 503],
        [1, "failure", 503],
      ],
    );
    expect(receiver.received.map((got) => got.id)).toEqual([posted.id, posted.id, posted.id]);
    expect(dead.attemptLog[0]?.response?.body).toBe('{"error":"maintenance","token":"[redacted]"}');
    const rows = await gateway.database.system.selectFrom("webhook_attempts").selectAll().execute();
    expect(JSON.stringify(rows)).not.toContain("canary");
  });

  test("waits as long as Retry-After asks when that is longer than the schedule", async () => {
    receiver.answer = () =>
      receiver.received.length === 1 ? { status: 429, headers: { "retry-after": "1" } } : { status: 200 };
    await makeEndpoint(gateway, source.organization, receiver.url);
    const posted = await postEvent(source, "evt_1");
    const { id } = await gateway.deliveryOf(source.organization, posted.id);
    const { attemptLog } = await gateway.waitFor(source.organization, id, "completed");
    const [second, first] = attemptLog;
    const waitedMs = Date.parse(second?.startedAt ?? "") - Date.parse(first?.finishedAt ?? "");
    expect(waitedMs).toBeGreaterThanOrEqual(1_000);
  });

  test("answered 410 is a dead letter at once, and its endpoint is disabled, audited once", async () => {
    receiver.answer = () => ({ status: 410 });
    await makeEndpoint(gateway, source.organization, receiver.url);
    const posts = await Promise.all(["a", "b", "c"].map((id) => postEvent(source, id)));
    for (const { id: eventId } of posts) {
      const { id } = await gateway.deliveryOf(source.organization, eventId);
      await expect
        .poll(async () => (await gateway.deliveryOf(source.organization, eventId)).status, {
          timeout: 10_000,
        })
        .toMatch(/dead_letter|discarded/);
      const refused = await gateway.send(source.organization, "POST", `/webhooks/deliveries/${id}/replay`, {
        reason: "try again",
      });
      await expect.poll(async () => (await endpointOf())?.enabled, { timeout: 10_000 }).toBe(false);
      expect([202, 409]).toContain(refused.status);
    }
    expect((await endpointOf())?.disabledReason).toMatch(/410/);
    const audited = gateway.audited.filter(
      ({ action, organizationId }) =>
        action === "webhooks.endpoint.disable" && organizationId === source.organization.id,
    );
    expect(audited).toHaveLength(1);
    expect(audited[0]?.entry).toMatchObject({ before: { enabled: true }, after: { enabled: false } });
    const before = receiver.received.length;
    const later = await postEvent(source, "evt_later");
    expect(later.status).toBe(202);
    expect(receiver.received).toHaveLength(before);
  });

  test("answered 410 after somebody switched the endpoint on again leaves it on", async () => {
    // Only the test decides how long an answer takes.
    const patient = await startWorking({ ...testConfig, deliveryTimeoutMs: 20_000 });
    const own = await makeSource(patient.gateway);
    const readEndpoint = async () =>
      (await patient.gateway.call(own.organization, listEndpoints, {})).items[0];
    const waitFor = async (eventId: string, status: "dead_letter" | "completed") => {
      const { id } = await patient.gateway.deliveryOf(own.organization, eventId);
      await patient.gateway.waitFor(own.organization, id, status);
    };
    const first = makeGate();
    const second = makeGate();
    receiver.answer = async () => {
      const place = receiver.received.length;
      if (place > 2) return { status: 204 };
      await (place === 1 ? first : second).opened;
      return { status: 410 };
    };
    const endpoint = await makeEndpoint(patient.gateway, own.organization, receiver.url);
    const posts = await Promise.all(["a", "b"].map((id) => postEvent(own, id)));
    // Both begin before one is answered: the first 410 would keep the other from being sent.
    await expect.poll(() => receiver.received.length, { timeout: 10_000 }).toBe(2);
    first.open();
    await expect.poll(async () => (await readEndpoint())?.enabled, { timeout: 10_000 }).toBe(false);
    const version = (await readEndpoint())?.version;
    const path = `/webhooks/endpoints/${endpoint.id}`;
    const enabled = await patient.gateway.send(own.organization, "PATCH", path, { version, enabled: true });
    expect(enabled.status).toBe(200);
    second.open();
    for (const { id } of posts) await waitFor(id, "dead_letter");
    await waitFor((await postEvent(own, "evt_later")).id, "completed");
    expect((await readEndpoint())?.enabled).toBe(true);
    await patient.stop();
  });

  test("follows no redirect", async () => {
    receiver.answer = () => ({ status: 302, headers: { location: "http://169.254.169.254/latest" } });
    await makeEndpoint(gateway, source.organization, receiver.url);
    const posted = await postEvent(source, "evt_1");
    const { id } = await gateway.deliveryOf(source.organization, posted.id);
    const dead = await gateway.waitFor(source.organization, id, "dead_letter");
    expect(dead).toMatchObject({ errorClass: "http_3xx", lastStatusCode: 302 });
  });

  test("whose receiver hangs ends with a time-out, one whose port is closed with its own class", async () => {
    const gate = makeGate();
    receiver.answer = async () => {
      await gate.opened;
      return { status: 200 };
    };
    const short = await startWorking({ ...testConfig, deliveryTimeoutMs: 100, retryScheduleMs: [] });
    const own = await makeSource(short.gateway);
    await makeEndpoint(short.gateway, own.organization, receiver.url, "hangs", ["hang"]);
    await makeEndpoint(short.gateway, own.organization, "http://127.0.0.1:9/", "closed", ["closed"]);
    await makeEndpoint(short.gateway, own.organization, "http://no-such-host.invalid/", "nowhere", ["dns"]);
    for (const [type, errorClass] of [
      ["hang", "timeout"],
      ["closed", "connect"],
      ["dns", "dns"],
    ]) {
      const posted = await postEvent(own, `evt_${type}`, { type });
      const { id } = await short.gateway.deliveryOf(own.organization, posted.id);
      const dead = await short.gateway.waitFor(own.organization, id, "dead_letter");
      expect(dead.errorClass === errorClass || (type === "dns" && dead.errorClass === "timeout")).toBe(true);
    }
    gate.open();
    await short.stop();
  });

  test("to a name that points at a private address is refused at connect time", async () => {
    const strict = await startWorking({ ...testConfig, allowAddresses: [], retryScheduleMs: [] });
    const own = await makeSource(strict.gateway);
    const { port } = new URL(receiver.url);
    await makeEndpoint(strict.gateway, own.organization, `http://localhost:${port}/in`);
    const posted = await postEvent(own, "evt_1");
    const { id } = await strict.gateway.deliveryOf(own.organization, posted.id);
    const dead = await strict.gateway.waitFor(own.organization, id, "dead_letter");
    expect(dead).toMatchObject({ errorClass: "address_refused" });
    expect(receiver.received).toEqual([]);
    await strict.stop();
  });
});

test("a breaker that opens postpones deliveries without consuming attempts, then lets one probe close it", async () => {
  const broken = await startWorking({
    ...testConfig,
    retryScheduleMs: [50, 50, 50, 50, 50, 50],
    breaker: { failures: 2, coolDownMs: 400 },
  });
  const own = await makeSource(broken.gateway);
  receiver.answer = () => ({ status: 500 });
  const made = await broken.gateway.call(own.organization, createEndpoint, {
    body: { slug: "in", name: "in", url: receiver.url },
  });
  const first = await postEvent(own, "evt_0");
  await expect.poll(() => receiver.received.length).toBe(2);
  const readEndpoint = async () => (await broken.gateway.call(own.organization, listEndpoints, {})).items[0];
  await expect.poll(async () => (await readEndpoint())?.breaker.state).toBe("open");

  const posts = await Promise.all(["a", "b", "c", "d"].map((id) => postEvent(own, id)));
  const readAll = () =>
    Promise.all([first, ...posts].map(({ id }) => broken.gateway.deliveryOf(own.organization, id)));
  await expect.poll(async () => (await readAll()).every(({ nextAttemptAt }) => nextAttemptAt)).toBe(true);
  const seen = receiver.received.length;
  const attempts = (await readAll()).reduce((sum, delivery) => sum + delivery.attempts, 0);
  expect(attempts).toBe(seen);

  receiver.answer = () => ({ status: 200 });
  await expect
    .poll(async () => (await readAll()).map(({ status }) => status), { timeout: 10_000 })
    .toEqual(Array(5).fill("completed"));
  expect((await readEndpoint())?.breaker).toMatchObject({ state: "closed", since: null });
  // Each request is an attempt that is accounted for, and the four held back needed one each.
  const done = await readAll();
  expect(done.reduce((sum, delivery) => sum + delivery.attempts, 0)).toBe(receiver.received.length);
  expect(made.id).toBe(done[0]?.endpointId);
  await broken.stop();
});

test("deliveries that wait for a breaker keep their attempts, and end by age alone with a class of their own", async () => {
  const patient = await startWorking({
    ...testConfig,
    retryScheduleMs: [20, 20],
    breaker: { failures: 3, coolDownMs: 1_000 },
    maxAgeMs: 1_500,
  });
  const own = await makeSource(patient.gateway);
  receiver.answer = () => ({ status: 500 });
  await makeEndpoint(patient.gateway, own.organization, receiver.url);
  await postEvent(own, "evt_opens");
  await expect.poll(() => receiver.received.length).toBe(3);
  const posts = await Promise.all(Array.from({ length: 10 }, (_, n) => postEvent(own, `evt_waits_${n}`)));
  const readAll = () => Promise.all(posts.map(({ id }) => patient.gateway.deliveryOf(own.organization, id)));
  // None is checked only after its end.
  const isPostponed = ({ nextAttemptAt, receivedAt }: Awaited<ReturnType<typeof readAll>>[number]) =>
    nextAttemptAt !== null && Date.parse(nextAttemptAt) > Date.parse(receivedAt) + 500;
  await expect.poll(async () => (await readAll()).filter(isPostponed).length).toBeGreaterThan(5);
  for (const { nextAttemptAt, receivedAt } of await readAll())
    expect(Date.parse(nextAttemptAt ?? receivedAt) - Date.parse(receivedAt)).toBeLessThanOrEqual(1_501);
  await expect
    .poll(async () => (await readAll()).every(({ status }) => status === "dead_letter"), { timeout: 20_000 })
    .toBe(true);
  const ended = await readAll();
  const expired = ended.filter(({ errorClass }) => errorClass === "expired_breaker_open");
  expect(expired.length).toBeGreaterThan(5);
  for (const { attempts } of expired) expect(attempts).toBeLessThan(3);
  for (const { attempts, errorClass } of ended)
    expect(attempts === 3 || errorClass === "expired_breaker_open").toBe(true);
  const used = ended.reduce((sum, { attempts }) => sum + attempts, 0);
  expect(receiver.received).toHaveLength(3 + used);
  await patient.stop();
});

test("a stopping worker stores what it had to abort as unknown (shutdown), and the next one retries it", async () => {
  const halted = await startWorking({ ...testConfig, drainMs: 100, deliveryTimeoutMs: 20_000 });
  const own = await makeSource(halted.gateway);
  const gate = makeGate();
  receiver.answer = async () => {
    if (receiver.received.length === 1) await gate.opened;
    return { status: 200 };
  };
  await makeEndpoint(halted.gateway, own.organization, receiver.url);
  const posted = await postEvent(own, "evt_1");
  await expect.poll(() => receiver.received.length).toBe(1);
  const { id } = await halted.gateway.waitFor(
    own.organization,
    (await halted.gateway.deliveryOf(own.organization, posted.id)).id,
    "processing",
  );
  await end(halted.worker);
  const stopped = await halted.gateway.waitFor(own.organization, id, "failed");
  expect(stopped.attemptLog[0]).toMatchObject({ outcome: "unknown", errorClass: "shutdown" });
  const next = await halted.gateway.webhooks.start.worker();
  const done = await halted.gateway.waitFor(own.organization, id, "completed");
  expect(done.attemptLog[0]).toMatchObject({ attempt: 2, trigger: "recovery", outcome: "success" });
  gate.open();
  await end(next);
  await halted.stop();
});
