import {
  planReplay,
  type ReplayDetail,
  readReplay,
  resumeReplay,
  startReplay,
} from "@wheelhouse/shared/webhooks/replays.ts";
import { createEndpoint } from "@wheelhouse/shared/webhooks/webhooks.ts";
import { sql } from "kysely";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { WebhooksConfig } from "../config.ts";
import { makeEventIds, timeOfId } from "../ids.ts";
import {
  end,
  makeSource,
  postEvent,
  type Receiver,
  startReceiver,
  testConfig,
} from "../testing/gateway.fixture.ts";
import { startWorking } from "../testing/working.fixture.ts";

let receiver: Receiver;
beforeEach(async () => {
  receiver = await startReceiver();
});
afterEach(() => receiver.close());

/** A gateway whose breakers open after three failures, and dead letters of one endpoint whose breaker is open. */
async function startOutage(count: number, breaker: WebhooksConfig["breaker"]) {
  const working = await startWorking({ ...testConfig, breaker });
  const { gateway } = working;
  const runner = await gateway.webhooks.start.replays();
  const source = await makeSource(gateway);
  const { organization } = source;
  receiver.answer = () => ({ status: 500 });
  await gateway.call(organization, createEndpoint, { body: { slug: "in", name: "in", url: receiver.url } });
  const posted = await postEvent(source, "evt_outage");
  const first = await gateway.deliveryOf(organization, posted.id);
  await gateway.waitFor(organization, first.id, "dead_letter");
  const { deliveryIds } = makeEventIds(timeOfId(first.id).getTime(), count - 1);
  await sql`
    insert into webhook_delivery_log (id, org_id, source_id, endpoint_id, event_type, event_id, received_at, status,
      attempts, max_attempts, generation_started_at, last_status_code, error_class, created_at)
    select n.id, org_id, source_id, endpoint_id, event_type, event_id, received_at, status, attempts, max_attempts,
      generation_started_at, last_status_code, error_class, created_at
    from webhook_delivery_log d, unnest(${deliveryIds}::uuid[]) as n(id) where d.id = ${first.id}::uuid
  `.execute(gateway.database.system);
  receiver.received.length = 0;
  const read = (id: string) => gateway.call(organization, readReplay, { params: { id } });
  return {
    read,
    async start(ratePerSecond: number | null = null) {
      const { id, endpoints } = await gateway.call(organization, planReplay, { body: {} });
      const body = { planId: id, ratePerSecond, reason: "receiver is back" };
      await gateway.call(organization, startReplay, { body });
      return { id, breaker: endpoints[0]?.breaker };
    },
    resume: (id: string) => gateway.call(organization, resumeReplay, { params: { id } }),
    async until(id: string, is: (run: ReplayDetail) => boolean) {
      await expect.poll(async () => is(await read(id)), { timeout: 15_000, interval: 25 }).toBe(true);
      return read(id);
    },
    async stop() {
      await end(runner);
      await working.stop();
    },
  };
}

describe("a run whose endpoint has an open breaker", () => {
  test("takes the probe of a receiver that was quiet since its outage itself, and sends everything", async () => {
    const outage = await startOutage(30, { failures: 3, coolDownMs: 300 });
    receiver.answer = () => ({ status: 204 });
    const { id, breaker } = await outage.start();
    expect(breaker).toBe("open");
    const done = await outage.until(id, ({ state }) => state === "completed");
    expect(done).toMatchObject({ sent: 30, succeeded: 30, failed: 0 });
    expect(done.journal.map(({ what }) => what)).toContain("resumed");
    expect(receiver.received).toHaveLength(30);
    await outage.stop();
  });

  test("holds the endpoint when the breaker opens, and goes on without anybody once the receiver recovers", async () => {
    const outage = await startOutage(30, { failures: 3, coolDownMs: 300 });
    receiver.answer = () => ({ status: 204 });
    const { id } = await outage.start(20);
    await outage.until(id, ({ endpoints }) => endpoints[0]?.phase === "sending");
    receiver.answer = () => ({ status: 500 });
    const held = await outage.until(id, ({ endpoints }) => endpoints[0]?.phase === "held");
    expect(held).toMatchObject({ state: "running", endpoints: [{ cause: "Breaker opened" }] });
    receiver.answer = () => ({ status: 204 });
    const done = await outage.until(id, ({ state }) => state === "completed");
    expect(done.sent).toBe(30);
    expect(done.succeeded + done.failed).toBe(30);
    expect(receiver.received).toHaveLength(30);
    await outage.stop();
  });

  test("is paused after as many failed probes as its canary has deliveries; resuming probes at once", async () => {
    const outage = await startOutage(30, { failures: 3, coolDownMs: 100 });
    const { id } = await outage.start();
    const paused = await outage.until(id, ({ state }) => state === "paused");
    expect(paused).toMatchObject({ cause: "in, breaker opened, 3 probes failed", sent: 3, failed: 3 });
    receiver.answer = () => ({ status: 204 });
    await outage.resume(id);
    const done = await outage.until(id, ({ state }) => state === "completed");
    expect(done).toMatchObject({ sent: 30, succeeded: 27, failed: 3 });
    await outage.stop();
  });

  test("probes at once when a person resumes it, however long the breaker would still stay open", async () => {
    const outage = await startOutage(10, { failures: 3, coolDownMs: 600_000 });
    receiver.answer = () => ({ status: 204 });
    const { id } = await outage.start();
    await outage.until(id, ({ endpoints }) => endpoints[0]?.phase === "held");
    expect(receiver.received).toHaveLength(0);
    await outage.resume(id);
    const done = await outage.until(id, ({ state }) => state === "completed");
    expect(done).toMatchObject({ sent: 10, succeeded: 10 });
    await outage.stop();
  });
});
