import { createHash } from "node:crypto";
import { listEvents } from "@wheelhouse/shared/webhooks/events.ts";
import { listSources, updateSource } from "@wheelhouse/shared/webhooks/senders.ts";
import { createDeliveryView, listDeliveryViews } from "@wheelhouse/shared/webhooks/views.ts";
import { listDeliveries } from "@wheelhouse/shared/webhooks/webhooks.ts";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createTestDatabase, createTestRedis } from "#testing/stack.ts";
import {
  contextOf,
  type Gateway,
  makeEndpoint,
  makeSource,
  type Organization,
  postEvent,
  startGateway,
} from "../testing/gateway.fixture.ts";
import { createDeliveryExport } from "./export.ts";

let gateway: Gateway;
beforeAll(async () => {
  const [database, redis] = await Promise.all([createTestDatabase(), createTestRedis()]);
  gateway = await startGateway({ ...database, redisUrl: redis.url });
});
afterAll(() => gateway.close());

/** The file of an export, as text. */
async function exported(organization: Organization, query: string): Promise<string> {
  const response = await fetch(`${gateway.url}/api/v1/webhooks/deliveries/export?${query}`, {
    headers: { "x-test-organization": JSON.stringify(organization) },
  });
  expect(response.status).toBe(200);
  return Buffer.from(await response.arrayBuffer()).toString("utf8");
}

const sha256 = (text: string) => createHash("sha256").update(text).digest("hex");

test("an export holds what the list shows, newest first, with count and hash, and is in the trail", async () => {
  const source = await makeSource(gateway);
  const { organization } = source;
  await makeEndpoint(gateway, organization, "http://127.0.0.1:9/in", "in");
  for (const n of [1, 2, 3]) await postEvent(source, `evt_${n}`, { type: n === 2 ? "=cmd()" : "order.paid" });
  const { items } = await gateway.call(organization, listDeliveries, {});

  const csv = await exported(organization, "format=csv");
  const lines = csv.trimEnd().split("\n");
  expect(lines[0]).toMatch(/^\ufeffid,eventId,eventType,/);
  expect(lines.slice(1, 4).map((line) => line.split(",")[0])).toEqual(items.map(({ id }) => `"${id}"`));
  expect(csv).toContain(`"'=cmd()"`);
  const body = csv.slice(0, csv.indexOf("end of export"));
  expect(lines[4]).toMatch(new RegExp(`^end of export,3,${sha256(body)},complete,+$`));
  expect(new Set(lines.map((line) => line.split(",").length)).size).toBe(1);

  const ndjson = await exported(organization, "format=ndjson&eventType=order.paid");
  const rows = ndjson
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));
  expect(rows).toMatchObject([
    { eventType: "order.paid", status: "pending", endpoint: "in" },
    { eventType: "order.paid" },
    { trailer: { rows: 2, isCut: false } },
  ]);
  expect(gateway.audited.at(-1)).toMatchObject({
    action: "webhooks.delivery.export",
    entry: { after: { format: "ndjson", eventType: ["order.paid"] } },
  });
});

test("an export reads page after page, ends at its bound and says so, and skips and doubles nothing", async () => {
  const source = await makeSource(gateway);
  const { organization } = source;
  await makeEndpoint(gateway, organization, "http://127.0.0.1:9/in");
  const ids: string[] = [];
  for (let n = 0; n < 7; n += 1) ids.push((await postEvent(source, `evt_${n}`)).id);
  const read = async (bounds: { pageRows: number; maxRows: number }) => {
    const deliveryExport = createDeliveryExport({
      database: gateway.database,
      changes: {
        run: (_context, _action, work) =>
          gateway.database.asOrganizations([organization.id], async (tx) => (await work(tx)).result),
        runAsSystem: () => Promise.reject(new Error("not used")),
      },
      clock: { now: () => Date.now() },
      ...bounds,
    });
    const context = contextOf(organization, "test");
    const { file } = await deliveryExport.open({ format: "ndjson", includeChildren: false }, context);
    const parts: Buffer[] = [];
    for await (const part of file) parts.push(Buffer.from(part));
    const rows = Buffer.concat(parts)
      .toString()
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line));
    return { events: rows.slice(0, -1).map(({ eventId }) => eventId), trailer: rows.at(-1).trailer };
  };
  const all = ids.toReversed();
  expect(await read({ pageRows: 2, maxRows: 100 })).toMatchObject({
    events: all,
    trailer: { rows: 7, isCut: false },
  });
  expect(await read({ pageRows: 2, maxRows: 5 })).toMatchObject({
    events: all.slice(0, 5),
    trailer: { rows: 5, isCut: true },
  });
  expect(await read({ pageRows: 7, maxRows: 7 })).toMatchObject({ trailer: { rows: 7, isCut: false } });
});

test("a delivery is found by the value of a field that its source names, and by no value that is hidden", async () => {
  const source = await makeSource(gateway);
  const { organization } = source;
  const other = await makeSource(gateway);
  await makeEndpoint(gateway, organization, "http://127.0.0.1:9/in");
  const { items } = await gateway.call(organization, listSources, {});
  const [{ id, version } = { id: "", version: 0 }] = items;
  const changed = await gateway.call(organization, updateSource, {
    params: { id },
    body: { version, searchFields: ["data.orderId", "data.contact", "n"] },
  });
  const post = (orderId: string, n: number) =>
    postEvent(source, `evt_${orderId}`, {
      type: "order.paid",
      n,
      data: { orderId, contact: "jane@example.com" },
    });
  const first = await post("ord_1", 7);
  const second = await post("ord_2", 8);
  const found = async (q: string, of = organization) =>
    (await gateway.call(of, listDeliveries, { query: { q } })).items.map(({ eventId }) => eventId);
  expect(await found("ord_1")).toEqual([first.id]);
  expect(await found("data.orderId=ord_2")).toEqual([second.id]);
  expect(await found("8")).toEqual([second.id]);
  expect(await found("ord_3")).toEqual([]);
  expect(await found("jane@example.com")).toEqual([]);
  expect(await found("ord_1", other.organization)).toEqual([]);
  const events = await gateway.call(organization, listEvents, { query: { q: "ord_1" } });
  expect(events.items.map(({ id: eventId }) => eventId)).toEqual([first.id]);

  const refused = await gateway.send(organization, "PATCH", `/webhooks/sources/${id}`, {
    version: changed.version,
    redaction: { fields: ["data"] },
  });
  expect(refused.error.details).toMatchObject([
    { field: "body.searchFields.0", message: "data.orderId is hidden by the redaction of this source" },
  ]);
  const secret = await gateway.send(organization, "POST", "/webhooks/sources", {
    slug: "crm",
    name: "CRM",
    scheme: "standard",
    searchFields: ["user.password"],
  });
  expect(secret.status).toBe(400);
  await gateway.send(organization, "POST", `/webhooks/events/${first.id}/expunge`, { reason: "asked for" });
  expect(await found("ord_1")).toEqual([]);
});

test("a person keeps filters under a name; each is its owner's alone", async () => {
  const { organization } = await makeSource(gateway);
  const other = await makeSource(gateway);
  const me = { ...organization, person: "me" };
  const view = { name: "Dead at the bank", filter: { status: ["dead_letter"], q: "bank" } };
  const made = await gateway.call(me, createDeliveryView, { body: view });
  expect((await gateway.call(me, listDeliveryViews, {})).items).toMatchObject([view]);
  expect(gateway.audited.at(-1)).toMatchObject({
    action: "webhooks.view.create",
    entry: { after: { name: "Dead at the bank", status: ["dead_letter"], q: "bank" } },
  });
  const again = await gateway.send(me, "POST", "/webhooks/views", { ...view, name: "dead at the BANK" });
  expect(again).toMatchObject({ status: 409, error: { details: [{ field: "body.name" }] } });
  const path = `/webhooks/views/${made.id}`;
  for (const of of [organization, { ...other.organization, person: "me" }]) {
    expect((await gateway.call(of, listDeliveryViews, {})).items).toEqual([]);
    expect((await gateway.send(of, "DELETE", path)).status).toBe(404);
  }
  expect((await gateway.send(me, "DELETE", path)).status).toBe(204);
  expect((await gateway.call(me, listDeliveryViews, {})).items).toEqual([]);
});
