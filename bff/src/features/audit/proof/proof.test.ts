import { once } from "node:events";
import { get } from "node:http";
import type { AuditEvent } from "@wheelhouse/shared/audit/audit.ts";
import { auditVerificationLine } from "@wheelhouse/shared/audit/proof.ts";
import pg from "pg";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startTestApp, type TestApp } from "#testing/access-app.ts";
import { signInAs } from "#testing/access-client.ts";
import { createTestDatabase, createTestRedis } from "#testing/stack.ts";
import { parseCheckpoint } from "./checkpoint.ts";

type Person = Awaited<ReturnType<typeof signInAs>>;

let it: TestApp;
let admin: Person;
let auditor: Person;
let urls: Awaited<ReturnType<typeof createTestDatabase>>;
/** How far the application's clock is ahead. */
let aheadMs = 0;
beforeAll(async () => {
  const [database, redis] = await Promise.all([createTestDatabase(), createTestRedis()]);
  urls = database;
  it = await startTestApp({ urls, redisUrl: redis.url, clock: { now: () => Date.now() + aheadMs } });
  [admin, auditor] = await Promise.all([signInAs(it, "admin"), signInAs(it, "auditor")]);
});
afterAll(() => it.close());

const linesOf = (body: string) =>
  body
    .trimEnd()
    .split("\n")
    .map((line) => auditVerificationLine.parse(JSON.parse(line)));

const events = async (query: string): Promise<AuditEvent[]> =>
  (await admin.call("GET", `/audit/events?${query}`)).json().items;

test("an auditor signs a checkpoint on demand, and the verification confirms it", async () => {
  const empty = (await auditor.call("GET", "/audit/proof")).json();
  expect(empty).toMatchObject({ checkpoint: null, verification: null, keys: [{ signsNow: true }] });
  const viewer = await signInAs(it, "viewer");
  expect((await viewer.call("POST", "/audit/checkpoints")).statusCode).toBe(403);

  const made = await auditor.call("POST", "/audit/checkpoints");
  expect(made.statusCode, made.body).toBe(201);
  const checkpoint = parseCheckpoint(made.body);
  await auditor.call("POST", "/audit/checkpoints");
  const proof = (await auditor.call("GET", "/audit/proof")).json();
  expect(proof.checkpoint.number).toBe(2);
  expect(proof.keys[0].keyId).toBe(checkpoint.keyId);
  await expect
    .poll(async () => (await auditor.call("GET", "/audit/proof")).json().sinks)
    .toEqual([{ name: "file", number: 2, problem: null }]);

  const answer = await auditor.call("GET", "/audit/verify");
  const lines = linesOf(answer.body);
  expect(lines[0]).toMatchObject({ type: "progress", seq: 0 });
  expect(lines.at(-1)).toMatchObject({
    type: "result",
    firstBad: null,
    checkpoints: 2,
    checkpoint: { number: 2, keyId: checkpoint.keyId },
  });
  const [event] = await events("action=audit.trail.verify&outcome=success&limit=1");
  expect(event?.after).toMatchObject({ checkpoint: 2, keyId: checkpoint.keyId, problem: null });
  expect((await viewer.call("GET", "/audit/proof")).json().verification).toEqual({
    at: event?.recordedAt,
    verifiedToSeq: event?.after?.verifiedToSeq,
    keyId: checkpoint.keyId,
    problem: null,
  });
  const foreign = await signInAs(it, "admin", "contoso");
  expect((await foreign.call("GET", "/audit/proof")).json().verification).toBeNull();
});

test("checkpoints are listed newest first and downloaded oldest first, of one's own organization only", async () => {
  const first = (await auditor.call("GET", "/audit/checkpoints?limit=1")).json();
  expect(first.items.map(({ number }: { number: number }) => number)).toEqual([2]);
  const second = (await auditor.call("GET", `/audit/checkpoints?limit=1&cursor=${first.nextCursor}`)).json();
  expect(second.items.map(({ number }: { number: number }) => number)).toEqual([1]);
  expect(second.nextCursor).toBeNull();
  const file = (await auditor.call("GET", "/audit/checkpoints/download")).body.trimEnd().split("\n");
  expect(file.map((line) => parseCheckpoint(line).number)).toEqual([1, 2]);
  const foreign = await signInAs(it, "admin", "contoso");
  expect((await foreign.call("GET", "/audit/checkpoints")).json().items).toEqual([]);
  expect((await foreign.call("GET", "/audit/checkpoints/download")).body).toBe("");
});

test("a verification ends when its caller disconnects, and is in the trail as cancelled; the last one that ended stays the last", async () => {
  const before = (await auditor.call("GET", "/audit/proof")).json().verification;
  // More events than the verification reads at once, so that it needs another page.
  const reported = await admin.call("POST", "/audit/events", {
    payload: {
      events: Array.from({ length: 1_000 }, (_, number) => ({
        idempotencyKey: `n-${number}`,
        action: "load.some.thing",
        occurredAt: "2026-01-01T00:00:00Z",
        actor: { name: "x" },
      })),
    },
  });
  expect(reported.statusCode).toBeLessThan(300);
  const base = await it.app.listen({ port: 0, host: "127.0.0.1" });
  const hold = new pg.Client(urls.adminUrl);
  await hold.connect();
  // The verification has started and waits for its first page until the disconnect is noticed.
  await hold.query("begin; lock table wheelhouse.audit_events in access exclusive mode");
  try {
    const closed = new Promise((resolve) =>
      it.app.server.once("connection", (socket) => socket.once("close", resolve)),
    );
    const request = get(`${base}/api/v1/audit/verify`, {
      headers: { cookie: `wheelhouse=${auditor.cookie}` },
      agent: false,
    });
    const [response] = await once(request, "response");
    const [first] = await once(response, "data");
    expect(String(first)).toMatch(/^\{"type":"progress","seq":0/);
    request.destroy();
    await closed;
    aheadMs += 1_000;
  } finally {
    await hold.end();
  }
  await expect
    .poll(async () => (await events("action=audit.trail.verify&limit=1"))[0]?.after?.cancelled)
    .toBe(true);
  expect(before).not.toBeNull();
  expect((await auditor.call("GET", "/audit/proof")).json().verification).toEqual(before);
});
