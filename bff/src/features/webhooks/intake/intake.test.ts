import { createHmac } from "node:crypto";
import { createSource, deleteSource } from "@wheelhouse/shared/webhooks/senders.ts";
import { createEndpoint, listDeliveries } from "@wheelhouse/shared/webhooks/webhooks.ts";
import { Webhook } from "standardwebhooks";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createSecretBox } from "#lib/security/secret-box.ts";
import { createTestDatabase, createTestRedis } from "#testing/stack.ts";
import { createPayloads } from "../log/payloads.ts";
import {
  type Gateway,
  log,
  makeEndpoint,
  makeSource,
  postEvent,
  type Source,
  startGateway,
  testConfig,
} from "../testing/gateway.fixture.ts";

let gateway: Gateway;
let source: Source;

beforeAll(async () => {
  const [database, redis] = await Promise.all([createTestDatabase(), createTestRedis()]);
  gateway = await startGateway(
    { ...database, redisUrl: redis.url },
    { ...testConfig, rejections: { limit: 1_000, windowMs: 60_000 } },
  );
  source = await makeSource(gateway);
  await makeEndpoint(gateway, source.organization, "http://127.0.0.1:9/in");
});
afterAll(() => gateway.close());

const stored = async () => {
  const { items } = await gateway.call(source.organization, listDeliveries, { query: { limit: 200 } });
  return items.length;
};

describe("intake answers in the error shape, names the field and stores nothing", () => {
  test.each([
    ["a type that is no text", "evt_c", { type: 5 }, {}, 400, "body.type"],
    ["a type with line breaks", "evt_d", { type: "a\nb" }, {}, 400, "body.type"],
    ["an endless type", "evt_e", { type: "x".repeat(300) }, {}, 400, "body.type"],
    ["a wrong signature", "evt_f", {}, { "webhook-signature": "v1,AAAA" }, 401, "header.webhook-signature"],
    [
      "an old time-stamp, not signed",
      "evt_g",
      {},
      { "webhook-timestamp": "1" },
      401,
      "header.webhook-signature",
    ],
    ["no id", "evt_h", {}, { "webhook-id": "" }, 401, "header.webhook-id"],
  ])("%s", async (_, id, event, headers, status, field) => {
    const before = await stored();
    const reply = await postEvent(source, id, event, headers);
    expect(reply.status).toBe(status);
    expect(reply.error.requestId).toMatch(/^req_/);
    expect(reply.error.details?.[0]?.field).toBe(field);
    expect(await stored()).toBe(before);
  });

  test("a timestamp 6 minutes old, although correctly signed", async () => {
    const at = new Date(Date.now() - 360_000);
    const body = '{"type":"late"}';
    const reply = await postEvent(source, "evt_late", body, {
      "webhook-timestamp": String(Math.floor(at.getTime() / 1000)),
      "webhook-signature": new Webhook(source.secret).sign("evt_late", at, body),
    });
    expect(reply).toMatchObject({
      status: 401,
      error: { code: "unauthenticated", details: [{ field: "header.webhook-timestamp" }] },
    });
  });

  test("2 MiB", async () => {
    const reply = await postEvent(source, "evt_big", { type: "big", text: "x".repeat(2 * 1024 * 1024) });
    expect(reply).toMatchObject({ status: 413, error: { code: "payload_too_large" } });
  });

  test("an unknown source, an unknown organization, a deleted source", async () => {
    for (const path of [`${source.organization.slug}/nope`, "nobody/shop", "a/b%00c"]) {
      const reply = await postEvent({ ...source, url: `${gateway.url}/hooks/${path}` }, "evt_x");
      expect(reply.status).toBe(404);
      expect(reply.error.code).toBe("not_found");
    }
    const gone = await gateway.call(source.organization, createSource, {
      body: { slug: "gone", name: "Gone", scheme: "standard" },
    });
    const url = `${gateway.url}${gone.intakePath}`;
    expect((await postEvent({ url, secret: gone.secret }, "evt_y")).status).toBe(202);
    const deleted = await gateway.send(
      source.organization,
      deleteSource.method,
      `/webhooks/sources/${gone.id}`,
    );
    expect(deleted.status).toBe(204);
    expect((await postEvent({ url, secret: gone.secret }, "evt_y")).status).toBe(404);
  });
});

test("slightly less than 1 MiB is accepted, byte for byte, and sealed at rest for its own event", async () => {
  const event = { type: "large", text: "ü".repeat(500_000) };
  const reply = await postEvent(source, "evt_large", event);
  expect(reply.status).toBe(202);
  const row = await gateway.database.system
    .selectFrom("webhook_events")
    .select("payload")
    .where("event_id", "=", reply.id)
    .executeTakeFirstOrThrow();
  expect(row.payload?.includes("large")).toBe(false);
  const payloads = createPayloads(createSecretBox(testConfig.secretKey), log);
  expect(payloads.open(row.payload, reply.id)?.toString()).toBe(JSON.stringify(event));
  expect(payloads.open(row.payload, "another event")).toBeNull();
  expect(payloads.open(Buffer.from("{}"), reply.id)?.toString()).toBe("{}");
});

test("the same event again, alone or at the same moment, gets 202 with the first id and one delivery", async () => {
  const first = await postEvent(source, "evt_twice");
  const again = await postEvent(source, "evt_twice");
  expect(first).toMatchObject({ status: 202, duplicate: false });
  expect(again).toMatchObject({ status: 202, duplicate: true, id: first.id });

  const burst = await Promise.all(Array.from({ length: 12 }, () => postEvent(source, "evt_burst")));
  expect(new Set(burst.map(({ id }) => id)).size).toBe(1);
  expect(burst.filter(({ duplicate }) => duplicate === false)).toHaveLength(1);
  const { items } = await gateway.call(source.organization, listDeliveries, { query: { q: burst[0]?.id } });
  expect(items).toHaveLength(1);
});

test("the same id at another source is another event", async () => {
  const other = await makeSource(gateway);
  const here = await postEvent(source, "evt_shared");
  const there = await postEvent(other, "evt_shared");
  expect(there).toMatchObject({ status: 202, duplicate: false });
  expect(there.id).not.toBe(here.id);
});

test("an event goes to each enabled endpoint with a matching pattern, and to no other organization", async () => {
  const own = await makeSource(gateway);
  await makeEndpoint(gateway, own.organization, "http://127.0.0.1:9/a", "all");
  await makeEndpoint(gateway, own.organization, "http://127.0.0.1:9/b", "orders", ["order.*"]);
  await makeEndpoint(gateway, own.organization, "http://127.0.0.1:9/c", "stock", ["stock.changed"]);
  const { id } = await postEvent(own, "evt_routed", { type: "order.paid" });
  const { items } = await gateway.call(own.organization, listDeliveries, { query: { q: id } });
  expect(items.map(({ endpointName }) => endpointName).sort()).toEqual(["all", "orders"]);
  const foreign = await gateway.call(source.organization, listDeliveries, { query: { q: id } });
  expect(foreign.items).toEqual([]);
});

test("GitHub events are typed by header and action, and deduplicated by id and body", async () => {
  const github = await gateway.call(source.organization, createSource, {
    body: { slug: "github", name: "GitHub", scheme: "github" },
  });
  const post = (body: string, delivery: string, event?: string) =>
    fetch(`${gateway.url}${github.intakePath}`, {
      method: "POST",
      headers: {
        "content-type": "application/json",
        "x-hub-signature-256": `sha256=${createHmac("sha256", github.secret).update(body).digest("hex")}`,
        "x-github-delivery": delivery,
        ...(event ? { "x-github-event": event } : {}),
      },
      body,
    });
  const opened = JSON.stringify({ action: "opened", number: 1 });
  const first = await post(opened, "guid-1", "pull_request");
  expect(first.status).toBe(202);
  expect(await (await post(opened, "guid-1", "pull_request")).json()).toMatchObject({ duplicate: true });
  expect(await (await post("{}", "guid-1", "push")).json()).toMatchObject({ duplicate: false });
  expect((await post(opened, "guid-2")).status).toBe(400);
  const { items } = await gateway.call(source.organization, listDeliveries, {
    query: { eventType: "pull_request.opened" },
  });
  expect(items).toHaveLength(1);
});

test("secrets in headers are redacted before they are stored", async () => {
  const { id } = await postEvent(
    source,
    "evt_secret",
    { type: "t" },
    { authorization: "Bearer canary-1234567" },
  );
  const row = await gateway.database.system
    .selectFrom("webhook_events")
    .select("headers")
    .where("event_id", "=", id)
    .executeTakeFirstOrThrow();
  expect(JSON.stringify(row.headers)).not.toContain("canary");
  expect(row.headers["webhook-signature"]).toBe("[redacted]");
});

test("unsigned requests are limited per address, signed ones never", async () => {
  const [database, redis] = await Promise.all([createTestDatabase(), createTestRedis()]);
  const limited = await startGateway(
    { ...database, redisUrl: redis.url },
    { ...testConfig, rejections: { limit: 3, windowMs: 60_000 } },
  );
  const own = await makeSource(limited);
  const statuses: number[] = [];
  for (let n = 0; n < 5; n += 1)
    statuses.push((await postEvent(own, `evt_${n}`, {}, { "webhook-signature": "v1,AAAA" })).status);
  expect(statuses).toEqual([401, 401, 401, 429, 429]);
  const refused = await postEvent({ ...own, url: `${limited.url}/hooks/nobody/none` }, "evt_z");
  expect(refused.status).toBe(429);
  expect(Number(refused.headers.get("retry-after"))).toBeGreaterThan(0);
  expect((await postEvent(own, "evt_good")).status).toBe(202);
  await limited.close();
});

describe("sources and endpoints", () => {
  test("secrets are shown once, sealed at rest and never audited", async () => {
    const made = await gateway.call(source.organization, createEndpoint, {
      body: { slug: "sealed", name: "Sealed", url: "https://example.com/hook?key=canary-key" },
    });
    expect(made.secret).toMatch(/^whsec_/);
    const list = await gateway.send(source.organization, "GET", "/webhooks/endpoints");
    expect(JSON.stringify(list.body)).not.toContain(made.secret);
    const row = await gateway.database.system
      .selectFrom("webhook_endpoints")
      .select("secret_box")
      .where("id", "=", made.id)
      .executeTakeFirstOrThrow();
    expect(row.secret_box?.toString("latin1")).not.toContain(made.secret.slice(6));
    expect(JSON.stringify(gateway.audited)).not.toContain(made.secret);
    expect(JSON.stringify(gateway.audited)).not.toContain("canary-key");
  });

  test("a URL that is not allowed is rejected by name", async () => {
    for (const url of ["http://169.254.169.254/", "http://[::ffff:10.0.0.1]/", "http://0x0a000001/"]) {
      const reply = await gateway.send(source.organization, "POST", "/webhooks/endpoints", {
        slug: "bad",
        name: "Bad",
        url,
      });
      expect(reply).toMatchObject({ status: 400, error: { details: [{ field: "body.url" }] } });
    }
  });

  test("a taken short name and a stale version get 409", async () => {
    const endpoint = await makeEndpoint(gateway, source.organization, "http://127.0.0.1:9/x", "versioned");
    const taken = await gateway.send(source.organization, "POST", "/webhooks/endpoints", {
      slug: "versioned",
      name: "Again",
      url: "http://127.0.0.1:9/x",
    });
    expect(taken).toMatchObject({ status: 409, error: { code: "conflict" } });
    const rename = { version: endpoint.version, name: "Renamed" };
    const path = `/webhooks/endpoints/${endpoint.id}`;
    expect((await gateway.send(source.organization, "PATCH", path, rename)).status).toBe(200);
    expect((await gateway.send(source.organization, "PATCH", path, rename)).status).toBe(409);
    const other = await makeSource(gateway);
    expect((await gateway.send(other.organization, "PATCH", path, rename)).status).toBe(404);
    expect((await gateway.send(other.organization, "DELETE", path)).status).toBe(404);
  });
});
