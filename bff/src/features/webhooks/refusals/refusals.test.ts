import { listRefusals } from "@wheelhouse/shared/webhooks/refusals.ts";
import { createSource, deleteSource, listSources } from "@wheelhouse/shared/webhooks/senders.ts";
import { sql } from "kysely";
import { Webhook } from "standardwebhooks";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createSecretBox } from "#lib/security/secret-box.ts";
import { createTestDatabase, createTestRedis } from "#testing/stack.ts";
import { Refusal } from "../refusal.ts";
import {
  type Gateway,
  log,
  makeSource,
  type Organization,
  postEvent,
  startGateway,
  testConfig,
} from "../testing/gateway.fixture.ts";
import { createRefusals } from "./refusals.ts";

let gateway: Gateway;
beforeAll(async () => {
  const [database, redis] = await Promise.all([createTestDatabase(), createTestRedis()]);
  gateway = await startGateway(
    { ...database, redisUrl: redis.url },
    { ...testConfig, rejections: { limit: 1_000, windowMs: 60_000 } },
  );
});
afterAll(() => gateway.close());

/** The list once it counts this many requests. */
async function refused(organization: Organization, total: number, query: object = {}) {
  await expect
    .poll(async () => (await gateway.call(organization, listRefusals, { query })).total, { timeout: 5_000 })
    .toBe(total);
  return gateway.call(organization, listRefusals, { query });
}

test("each refused request is counted by source and reason, with the header that was wrong and what was answered", async () => {
  const source = await makeSource(gateway);
  const late = new Date(Date.now() - 1_040_000);
  const signed = (body: string) => ({
    "webhook-timestamp": String(Math.floor(late.getTime() / 1_000)),
    "webhook-signature": new Webhook(source.secret).sign("evt_late", late, body),
  });
  const body = '{"type":"late"}';
  const answers = [
    await postEvent(source, "evt_1", {}, { "webhook-signature": "v1,AAAA" }),
    await postEvent(source, "evt_2", {}, { "webhook-signature": "v1,AAAA" }),
    await postEvent(source, "", {}, { "webhook-id": "" }),
    await postEvent(source, "evt_late", body, signed(body)),
    await postEvent(source, "evt_type", { type: 5 }),
    await postEvent(source, "evt_big", { type: "big", text: "x".repeat(2 * 1024 * 1024) }),
    await postEvent({ ...source, url: `${gateway.url}/hooks/${source.organization.slug}/shopfy` }, "evt_x"),
  ];
  expect(answers.map(({ status }) => status)).toEqual([401, 401, 401, 401, 400, 413, 404]);

  const { items, nextCursor } = await refused(source.organization, answers.length);
  expect(nextCursor).toBeNull();
  expect(items[0]).toMatchObject({
    source: { slug: "shop", name: "Shop", scheme: "standard", secretHint: source.secret.slice(-4) },
    reason: "signature_mismatch",
    status: 401,
    count: 2,
    addresses: ["127.0.0.1"],
    field: "header.webhook-signature",
    message: "no signature matches the secret of this source",
    lastRequestId: answers[1]?.error.requestId,
    newest: { path: `/hooks/${source.organization.slug}/shop`, signature: "v1, 4 characters", body: "json" },
  });
  const of = (reason: string) => items.find((item) => item.reason === reason);
  expect(of("header_missing")).toMatchObject({ status: 401, field: "header.webhook-id", count: 1 });
  const outside = of("timestamp_outside");
  expect(outside).toMatchObject({ status: 401, field: "header.webhook-timestamp" });
  expect(outside?.newest.behindMs).toBeGreaterThanOrEqual(1_040_000);
  expect(outside?.newest.behindMs).toBeLessThan(1_100_000);
  expect(of("event_type_malformed")).toMatchObject({ status: 400, field: "body.type" });
  expect(of("body_too_large")).toMatchObject({
    status: 413,
    field: "header.content-length",
    newest: { body: "unread" },
    source: { maxBodyBytes: 1_048_576 },
  });
  expect(of("body_too_large")?.newest.sizeBytes).toBeGreaterThan(2 * 1024 * 1024);
  expect(of("unknown_source")).toMatchObject({
    source: null,
    status: 404,
    newest: { path: `/hooks/${source.organization.slug}/shopfy` },
  });
  expect(items).toHaveLength(6);
});

test("neither a value of a header nor a byte of the body is kept", async () => {
  const source = await makeSource(gateway);
  await postEvent(
    source,
    "evt_secret-canary",
    { type: "t", card: "4242-canary" },
    {
      authorization: "Bearer canary-1",
      cookie: "session=canary-2",
      "webhook-signature": "canary-3 v1,canary-4",
      "content-type": "application/json; secret=canary-5",
      "x-canary-name": "canary-6",
    },
  );
  const { items } = await refused(source.organization, 1);
  const text = JSON.stringify(items);
  expect(text).toContain('{"name":"x-canary-name","length":8}');
  expect(text.replaceAll("x-canary-name", "")).not.toContain("canary");
  expect(items[0]?.newest.signature).toBe("no scheme, 8 characters; v1, 8 characters");
  expect(items[0]?.newest.contentType).toBe("application/json");
});

test("another organization sees none of them, nor does a path that names no organization leave one", async () => {
  const [mine, other] = [await makeSource(gateway), await makeSource(gateway)];
  await postEvent(mine, "evt_1", {}, { "webhook-signature": "v1,AAAA" });
  await postEvent({ ...mine, url: `${gateway.url}/hooks/nobody-at-all/shop` }, "evt_2");
  await refused(mine.organization, 1);
  expect((await gateway.call(other.organization, listRefusals, {})).items).toEqual([]);
  const { rows } = await sql`
    select from webhook_refusals where newest::text like '%nobody-at-all%'
  `.execute(gateway.database.system);
  expect(rows).toEqual([]);
});

test("a filter by source, reason and time narrows the list; pages have no row twice", async () => {
  const source = await makeSource(gateway);
  await gateway.call(source.organization, createSource, {
    body: { slug: "second", name: "Second", scheme: "github" },
  });
  const second = { ...source, url: source.url.replace(/shop$/, "second") };
  for (let n = 0; n < 3; n += 1) await postEvent(source, `evt_${n}`, {}, { "webhook-signature": "v1,AAAA" });
  await postEvent(source, "evt_j", { type: 5 });
  await postEvent(second, "evt_g");
  await postEvent({ ...source, url: source.url.replace(/shop$/, "none") }, "evt_n");
  const { items } = await refused(source.organization, 6);
  const { organization } = source;
  const list = (query: object) => gateway.call(organization, listRefusals, { query });
  expect((await list({ source: "second" })).items).toMatchObject([
    { reason: "header_missing", field: "header.x-hub-signature-256" },
  ]);
  expect((await list({ source: "-" })).items).toMatchObject([{ reason: "unknown_source" }]);
  expect((await list({ reason: "signature_mismatch,event_type_malformed" })).total).toBe(4);
  expect((await list({ to: new Date(Date.now() - 7_200_000).toISOString() })).total).toBe(0);
  const bad = await gateway.send(
    organization,
    "GET",
    "/webhooks/refusals?from=2026-01-02T00:00:00Z&to=2026-01-01T00:00:00Z",
  );
  expect(bad).toMatchObject({ status: 400, error: { details: [{ field: "query.from" }] } });

  const paged: unknown[] = [];
  let cursor: string | null | undefined;
  do {
    const page = await list({ limit: 1, ...(cursor ? { cursor } : {}) });
    expect(page.total).toBe(6);
    paged.push(...page.items);
    cursor = page.nextCursor;
  } while (cursor);
  expect(paged).toEqual(items);
});

test("requests refused by the limit of their address are counted as such, with the header that was wrong", async () => {
  const [database, redis] = await Promise.all([createTestDatabase(), createTestRedis()]);
  const limited = await startGateway(
    { ...database, redisUrl: redis.url },
    { ...testConfig, rejections: { limit: 1, windowMs: 60_000 } },
  );
  const source = await makeSource(limited);
  for (let n = 0; n < 3; n += 1) await postEvent(source, `evt_${n}`, {}, { "webhook-signature": "v1,AAAA" });
  await expect
    .poll(async () => (await limited.call(source.organization, listRefusals, {})).items, { timeout: 5_000 })
    .toMatchObject([
      { reason: "rate_limited", status: 429, count: 2, field: "header.webhook-signature" },
      { reason: "signature_mismatch", status: 401, count: 1 },
    ]);
  await limited.close();
});

test("a deleted source keeps its rows under its short name", async () => {
  const source = await makeSource(gateway);
  await postEvent(source, "evt_1", {}, { "webhook-signature": "v1,AAAA" });
  await refused(source.organization, 1);
  const { items } = await gateway.call(source.organization, listSources, {});
  await gateway.send(source.organization, deleteSource.method, `/webhooks/sources/${items[0]?.id}`);
  const after = await gateway.call(source.organization, listRefusals, {});
  expect(after.items[0]?.source).toEqual({
    slug: "shop",
    name: null,
    scheme: null,
    secretHint: null,
    rules: null,
    publicKey: null,
    maxBodyBytes: null,
  });
});

const startedMs = Date.now();
const alone = (find: Parameters<typeof createRefusals>[0]["directory"]["find"]) =>
  createRefusals({
    database: gateway.database,
    directory: { find },
    secrets: createSecretBox(testConfig.secretKey),
    config: testConfig,
    // Within one hour, whenever the test runs.
    clock: { now: () => startedMs },
    log,
  });

test("a flood of 10,000 refused requests costs one row, and forgotten rows are those past their days", async () => {
  const { organization } = await makeSource(gateway);
  const target = { organizationId: organization.id, target: null };
  const refusals = alone(async () => target);
  const error = new Refusal("unknown_source", "unauthenticated", "no");
  for (let n = 0; n < 10_000; n += 1) {
    refusals.record(
      { path: { org: organization.slug, source: `name-${n}` }, headers: {}, body: undefined },
      error,
      `192.0.2.${n % 250}`,
      `req_${n}`,
    );
    // As requests do, so that their look-ups come to an end.
    if (n % 100 === 0) await Promise.resolve(null).then(() => new Promise(setImmediate));
  }
  await refusals.settled();
  const rows = () =>
    gateway.database.system
      .selectFrom("webhook_refusals")
      .selectAll()
      .where("org_id", "=", organization.id)
      .execute();
  const [row, ...others] = await rows();
  expect(others).toEqual([]);
  expect(Number(row?.requests)).toBe(10_000);
  expect(row?.addresses).toHaveLength(5);
  expect(row?.request_id).toBe("req_9999");

  refusals.record(
    { path: { org: organization.slug, source: "late" }, headers: {}, body: undefined },
    error,
    "198.51.100.7",
    "req_late",
  );
  await refusals.settled();
  const later = await rows();
  expect(later.reduce((sum, { requests }) => sum + Number(requests), 0)).toBe(10_001);
  const newest = later.find(({ request_id: id }) => id === "req_late");
  expect(newest?.addresses[0]).toBe("198.51.100.7");

  await refusals.forget();
  expect(await rows()).toHaveLength(later.length);
  await gateway.database.system
    .deleteFrom("webhook_refusals")
    .where("org_id", "=", organization.id)
    .where("request_id", "<>", "req_late")
    .execute();
  await gateway.database.system
    .updateTable("webhook_refusals")
    .set({ hour: new Date(Date.now() - (testConfig.refusalsKeptDays + 1) * 86_400_000) })
    .where("org_id", "=", organization.id)
    .execute();
  await refusals.forget();
  expect(await rows()).toEqual([]);
});
