import {
  cancelReplay,
  listReplays,
  planReplay,
  type ReplayDetail,
  type ReplayFilter,
  readReplay,
  resumeReplay,
  startReplay,
} from "@wheelhouse/shared/webhooks/replays.ts";
import { sql } from "kysely";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { Running } from "#lib/feature.ts";
import { createTestDatabase, createTestRedis } from "#testing/stack.ts";
import { makeEventIds, timeOfId } from "../ids.ts";
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
  startWorkerProcess,
  testConfig,
} from "../testing/gateway.fixture.ts";

let gateway: Gateway;
let urls: { appUrl: string; systemUrl: string; redisUrl: string };
let receiver: Receiver;
let source: Source;
let runner: Running;
let stopDelivering: () => Promise<void>;

beforeAll(async () => {
  const [database, redis] = await Promise.all([createTestDatabase(), createTestRedis()]);
  urls = { ...database, redisUrl: redis.url };
  gateway = await startGateway(urls);
  const worker = await gateway.webhooks.start.worker();
  const sweeper = await gateway.webhooks.start.sweeper();
  runner = await gateway.webhooks.start.replays();
  stopDelivering = async () => {
    await end(worker);
    await end(sweeper);
  };
});
afterAll(async () => {
  await end(runner);
  await stopDelivering();
  await gateway.close();
});
beforeEach(async () => {
  receiver = await startReceiver();
  source = await makeSource(gateway);
});
afterEach(() => receiver.close());

/** Dead letters of one endpoint: one delivered through intake, and others of the same event beside it. */
async function deadLetters(count: number, slug = "in") {
  receiver.answer = () => ({ status: 500 });
  const endpoint = await makeEndpoint(gateway, source.organization, receiver.url, slug, [`${slug}.*`]);
  const posted = await postEvent(source, `evt_${slug}_${Math.random()}`, { type: `${slug}.done` });
  const first = await gateway.deliveryOf(source.organization, posted.id);
  await gateway.waitFor(source.organization, first.id, "dead_letter");
  const { deliveryIds } = makeEventIds(timeOfId(first.id).getTime(), count - 1);
  await sql`
    insert into webhook_delivery_log (id, org_id, source_id, endpoint_id, event_type, event_id, received_at, status,
      attempts, max_attempts, generation_started_at, last_status_code, error_class, created_at)
    select n.id, org_id, source_id, endpoint_id, event_type, event_id, received_at, status, attempts, max_attempts,
      generation_started_at, last_status_code, error_class, created_at
    from webhook_delivery_log d, unnest(${deliveryIds}::uuid[]) as n(id) where d.id = ${first.id}::uuid
  `.execute(gateway.database.system);
  receiver.received.length = 0;
  receiver.answer = () => ({ status: 204 });
  return { endpoint, ids: [first.id, ...deliveryIds] };
}

const plan = (filter: ReplayFilter = {}) => gateway.call(source.organization, planReplay, { body: filter });
const start = (planId: string, ratePerSecond: number | null = null, organization = source.organization) =>
  gateway.call(organization, startReplay, { body: { planId, ratePerSecond, reason: "receiver is back" } });
const read = (id: string) => gateway.call(source.organization, readReplay, { params: { id } });
const act = (id: string, verb: "start" | "pause" | "resume" | "cancel") =>
  gateway.send(source.organization, "POST", `/webhooks/replays/${id}/${verb}`);

async function until(id: string, is: (run: ReplayDetail) => boolean): Promise<ReplayDetail> {
  await expect.poll(async () => is(await read(id)), { timeout: 10_000, interval: 25 }).toBe(true);
  return read(id);
}
const settled = ({ sent, succeeded, failed }: ReplayDetail) => sent === succeeded + failed;

/** How many requests each delivery made in its second generation. */
async function attemptsOf(ids: readonly string[]) {
  const { rows } = await sql<{ id: string; attempts: number }>`
    select i.id, count(a.*)::int as attempts from unnest(${ids}::uuid[]) as i(id)
    left join webhook_attempts a on a.delivery_id = i.id and a.generation >= 2 group by i.id
  `.execute(gateway.database.system);
  return rows.map(({ attempts }) => attempts);
}
const actsOf = (id: string) =>
  gateway.audited
    .filter(({ entry }) => entry.targets.some((target) => target.id === id))
    .map(({ action }) => action.replace("webhooks.replay.", ""));

describe("a replay of many", () => {
  test("sends its snapshot, each delivery once, a canary first, and leaves later dead letters alone", async () => {
    const { ids } = await deadLetters(25);
    const planned = await plan({ status: ["dead_letter"] });
    expect(planned).toMatchObject({
      state: "planned",
      total: 25,
      sent: 0,
      plan: { matched: 25, excluded: [], asksStepUp: false },
      endpoints: [{ name: "in", total: 25, phase: "canary", breaker: "closed", eventTypes: ["in.done"] }],
    });
    const later = await deadLetters(2, "later");
    await start(planned.id);
    const done = await until(planned.id, ({ state }) => state === "completed");
    expect(done).toMatchObject({ total: 25, sent: 25, succeeded: 25, failed: 0, skipped: 0, failures: [] });
    expect(done.journal.map(({ what }) => what)).toEqual([
      "completed",
      "endpoint_done",
      "canary_passed",
      "started",
      "planned",
    ]);
    expect(await attemptsOf(ids)).toEqual(Array(25).fill(1));
    expect(await attemptsOf(later.ids)).toEqual([0, 0]);
    expect(actsOf(planned.id)).toEqual(["plan", "start", "complete"]);
    const { items } = await gateway.call(source.organization, listReplays, { query: {} });
    expect(items).toMatchObject([{ id: planned.id, state: "completed", reason: "receiver is back" }]);
  });

  test("two plans of the same deliveries send each of them once", async () => {
    const { ids } = await deadLetters(24);
    const [one, two] = await Promise.all([plan(), plan()]);
    expect([one.total, two.total]).toEqual([24, 24]);
    await Promise.all([start(one.id), start(two.id)]);
    const runs = await Promise.all([one, two].map(({ id }) => until(id, (run) => run.state === "completed")));
    expect(runs.reduce((sum, run) => sum + run.sent, 0)).toBe(24);
    expect(runs.reduce((sum, run) => sum + run.skipped, 0)).toBe(24);
    expect(await attemptsOf(ids)).toEqual(Array(24).fill(1));
    expect((await plan()).plan.excluded).toEqual([{ why: "completed", count: 24 }]);
  });

  test("leaves out what is in flight, delivered, disabled or without payload, and counts it", async () => {
    const { ids, endpoint } = await deadLetters(6);
    const off = await deadLetters(2, "off");
    const { system } = gateway.database;
    const set = (id: string | undefined, status: string) =>
      sql`update webhook_delivery_log set status = ${status} where id = ${id}::uuid`.execute(system);
    await set(ids[1], "completed");
    // Waits for an attempt far in the future.
    await sql`update webhook_delivery_log set status = 'failed', next_attempt_at = now() + interval '1 hour'
      where id = ${ids[2]}::uuid`.execute(system);
    await sql`update webhook_delivery_log set event_id = 'msg_gone' where id = ${ids[3]}::uuid`.execute(
      system,
    );
    await sql`update webhook_endpoints set enabled = false where id = ${off.endpoint.id}::uuid`.execute(
      system,
    );
    const planned = await plan();
    expect(planned.total).toBe(3);
    expect(planned.plan).toMatchObject({
      matched: 8,
      excluded: [
        { why: "in_flight", count: 1 },
        { why: "completed", count: 1 },
        { why: "endpoint_off", count: 2 },
        { why: "payload_gone", count: 1 },
      ],
    });
    expect((await plan({ ids: ids.slice(0, 2), endpointId: [endpoint.id] })).total).toBe(1);
    expect((await plan({ ids: [endpoint.id] })).total).toBe(0);
    // Disabled between plan and start: nothing is sent, and the run ends.
    await sql`update webhook_endpoints set enabled = false where id = ${endpoint.id}::uuid`.execute(system);
    await start(planned.id);
    expect(await until(planned.id, ({ state }) => state === "completed")).toMatchObject({
      sent: 0,
      skipped: 3,
    });
    expect(receiver.received).toHaveLength(0);
  });

  test("survives the kill of its process: each delivery is sent exactly once", async () => {
    const { ids } = await deadLetters(120);
    const planned = await plan();
    await end(runner);
    const config = { ...testConfig, replay: { ...testConfig.replay, startRate: 20 } };
    const process = await startWorkerProcess({ ...urls, config, replays: true });
    try {
      // At this rate it takes 6 s, so it is killed long before the end.
      await start(planned.id, 20, { ...source.organization, confirmed: true });
      await until(planned.id, ({ sent }) => sent >= 20);
    } finally {
      await process.kill();
    }
    expect((await read(planned.id)).sent).toBeLessThan(120);
    const { system } = gateway.database;
    await sql`update webhook_replays set rate = null where id = ${planned.id}::uuid`.execute(system);
    await sql`update webhook_replay_endpoints set rate = null where replay_id = ${planned.id}::uuid`.execute(
      system,
    );
    runner = await gateway.webhooks.start.replays();
    const done = await until(planned.id, ({ state }) => state === "completed");
    expect(done).toMatchObject({ sent: 120, succeeded: 120, skipped: 0 });
    expect(await attemptsOf(ids)).toEqual(Array(120).fill(1));
    expect(receiver.received).toHaveLength(120);
  });

  test("is paused, resumed and cancelled by people, each with one audit event; a paused run sends nothing", async () => {
    await deadLetters(30);
    const { id } = await plan();
    // The canary ends while the run is paused: it counts all the same.
    let release: (answer: { status: number }) => void = () => {};
    const answered = new Promise<{ status: number }>((resolve) => {
      release = resolve;
    });
    receiver.answer = () => answered;
    await start(id, 5);
    await until(id, ({ sent }) => sent >= 3);
    expect((await act(id, "pause")).status).toBe(200);
    release({ status: 204 });
    const paused = await until(id, settled);
    expect(paused).toMatchObject({ state: "paused", cause: "Paused by Test Admin" });
    expect((await act(id, "pause")).status).toBe(409);
    const { sent } = await read(id);
    expect(sent).toBe(paused.sent);
    expect((await act(id, "resume")).status).toBe(200);
    await until(id, (run) => run.sent > paused.sent);
    const cancelled = await gateway.call(source.organization, cancelReplay, { params: { id } });
    expect(cancelled.state).toBe("cancelled");
    const last = await until(id, settled);
    expect(last.sent).toBeLessThan(30);
    expect((await act(id, "resume")).status).toBe(409);
    expect(actsOf(id)).toEqual(["plan", "start", "pause", "resume", "cancel"]);
  });

  test("is paused by a failed canary, with its responses; failed deliveries stay dead letters", async () => {
    const { ids } = await deadLetters(20);
    receiver.answer = () => ({ status: 503 });
    const { id } = await plan();
    await start(id);
    const paused = await until(id, ({ state }) => state === "paused");
    expect(paused).toMatchObject({
      cause: "in, canary failed: 0 of 3 succeeded",
      sent: 3,
      failed: 3,
      endpoints: [{ phase: "held" }],
      failures: [{ endpointName: "in", statusCode: 503, errorClass: "http_5xx", count: 3 }],
    });
    expect(actsOf(id)).toEqual(["plan", "start", "pause"]);
    receiver.answer = () => ({ status: 204 });
    await gateway.call(source.organization, resumeReplay, { params: { id } });
    const done = await until(id, ({ state }) => state === "completed");
    expect(done).toMatchObject({ sent: 20, succeeded: 17, failed: 3 });
    expect(await attemptsOf(ids)).toEqual(Array(20).fill(1));
    expect((await plan()).total).toBe(3);
  });

  test("requires a step-up above the threshold of the snapshot, and not below it", async () => {
    await deadLetters(31);
    const large = await plan();
    expect(large.plan.asksStepUp).toBe(true);
    const body = { planId: large.id, ratePerSecond: null, reason: "receiver is back" };
    const asked = await gateway.send(source.organization, "POST", "/webhooks/replays", body);
    expect(asked).toMatchObject({ status: 403, error: { code: "step_up_required" } });
    expect((await read(large.id)).state).toBe("planned");
    const confirmed = { ...source.organization, confirmed: true };
    expect((await gateway.send(confirmed, "POST", "/webhooks/replays", body)).status).toBe(202);
    await act(large.id, "cancel");
  });

  test("is visible to its own organization only, started once, and not when the plan is old or empty", async () => {
    await deadLetters(2);
    const { id } = await plan();
    const other = await makeSource(gateway);
    for (const [method, path] of [
      ["GET", `/webhooks/replays/${id}`],
      ["POST", `/webhooks/replays/${id}/cancel`],
    ] as const)
      expect((await gateway.send(other.organization, method, path)).status).toBe(404);
    const body = { planId: id, ratePerSecond: null, reason: "receiver is back" };
    const begin = (organization = source.organization) =>
      gateway.send(organization, "POST", "/webhooks/replays", body);
    expect((await begin(other.organization)).status).toBe(404);
    expect((await begin()).status).toBe(202);
    expect((await begin()).status).toBe(409);
    const empty = await plan({ eventType: ["nothing.at.all"] });
    expect(
      (await gateway.send(source.organization, "POST", "/webhooks/replays", { ...body, planId: empty.id }))
        .status,
    ).toBe(409);
    const old = await plan({ status: ["discarded"] });
    await sql`update webhook_replays set expires_at = now() - interval '1 s', total = 1 where id = ${old.id}::uuid`.execute(
      gateway.database.system,
    );
    const late = await gateway.send(source.organization, "POST", "/webhooks/replays", {
      ...body,
      planId: old.id,
    });
    expect(late.error.message).toContain("expired");
    await until(id, ({ state }) => state === "completed");
  });
});
