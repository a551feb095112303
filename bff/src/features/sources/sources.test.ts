import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startTestApp, type TestApp } from "#testing/access-app.ts";
import { signInAs } from "#testing/access-client.ts";
import { createTestDatabase, createTestRedis } from "#testing/stack.ts";

type Person = Awaited<ReturnType<typeof signInAs>>;
type Item = {
  id: string;
  kind: string;
  origin: string;
  version: number | null;
  heartbeats: { path: string; secretHint: string | null }[];
};
const file = join(mkdtempSync(join(tmpdir(), "wheelhouse-sources-")), "wheelhouse.yaml");
const ofFile = `services:
  - { id: shop, organization: northwind, url: "http://127.0.0.1:1/up" }
  - { id: beats, organization: northwind, format: push }
  - { id: theirs, organization: contoso, url: "http://127.0.0.1:1/up" }
`;
let it: TestApp;
let other: TestApp;
let admin: Person;
let superadmin: Person;

beforeAll(async () => {
  writeFileSync(file, ofFile);
  const [urls, redis] = await Promise.all([createTestDatabase(), createTestRedis()]);
  const environment = { WHEELHOUSE_CONFIG: file, WHEELHOUSE_WATCH_ALLOW_ADDRESSES: "127.0.0.0/8" };
  // Each start gives the demo's people new passwords: the last one's hold.
  other = await startTestApp({ urls, redisUrl: redis.url, environment });
  it = await startTestApp({ urls, redisUrl: redis.url, environment });
  admin = await signInAs(it, "admin");
  superadmin = await signInAs(it, "superadmin", "platform");
});
afterAll(async () => {
  await it.close();
  await other.close();
});

const service = (more: object = {}) => ({
  kind: "service",
  name: "Orders",
  format: "health+json",
  conditions: ["[STATUS] == 200"],
  instances: [{ id: "orders-1", url: "http://127.0.0.1:1/health" }],
  ...more,
});
const cache = (more: object = {}) => ({
  kind: "cache",
  name: "prices",
  service: "shop",
  server: "northwind",
  prefix: "shop:prices:",
  ...more,
});
const items = async (by: Person): Promise<Item[]> => (await by.call("GET", "/sources")).json().items;
const ids = async (by: Person) => (await items(by)).map(({ id }) => id);
const create = (slug: string, definition: object, by = admin, path = "/sources") =>
  by.call("POST", path, { payload: { slug, definition } });

test("an organization sees its part of the file, which the API cannot change", async () => {
  expect(await ids(admin)).toEqual(["shop", "beats"]);
  const change = await admin.call("PUT", "/sources/shop", { payload: { version: 1, definition: service() } });
  expect(change.statusCode).toBe(409);
  expect(change.json().error.message).toContain("wheelhouse.yaml");
  const foreign = await admin.call("DELETE", "/sources/theirs");
  expect(foreign.statusCode).toBe(404);
});

test("an added source is watched by every process, changed by version only, audited, and gone once deleted", async () => {
  const made = await create("orders", service({ dependsOn: ["shop"] }));
  expect(made.statusCode, made.body).toBe(201);
  expect(made.json()).toMatchObject({ id: "northwind.orders", origin: "api", version: 1 });
  expect(await ids(admin)).toEqual(["shop", "beats", "northwind.orders"]);
  const elsewhere = await signInAs({ ...other, credentials: it.credentials }, "admin");
  await expect.poll(() => ids(elsewhere), { timeout: 10_000 }).toEqual(["shop", "beats", "northwind.orders"]);

  const change = (version: number, name: string) =>
    admin.call("PUT", "/sources/northwind.orders", { payload: { version, definition: service({ name }) } });
  expect((await change(1, "Orders 2")).json()).toMatchObject({ version: 2, name: "Orders 2" });
  expect((await change(1, "Orders 3")).statusCode).toBe(409);
  expect((await create("orders", service())).statusCode).toBe(409);
  expect((await admin.call("DELETE", "/sources/northwind.orders")).statusCode).toBe(204);
  expect(await ids(admin)).toEqual(["shop", "beats"]);
  const events = (await admin.call("GET", "/audit/events?limit=20")).json().items;
  expect(events.map(({ action }: { action: string }) => action)).toEqual(
    expect.arrayContaining(["sources.target.create", "sources.target.update", "sources.target.delete"]),
  );
});

test.each([
  [service({ instances: [{ id: "a", url: "http://10.0.0.1/" }] }), "instances.0.url: is not allowed"],
  [service({ instances: [{ id: "a", url: "http://user:x@127.0.0.1/" }] }), "must not carry credentials"],
  [service({ instances: [{ id: "a", url: "nonsense" }] }), "instances.0.url: must be a URL"],
  [service({ instances: [{ id: "a", url: null }] }), "instances.0.url: is required"],
  [service({ conditions: ["[STATSU] == 200"] }), "conditions.0: [STATSU] == 200"],
  [service({ dependsOn: ["theirs"] }), "dependsOn.0: is not watched in this organization"],
  [cache({ server: "primary" }), "server: is not a Redis server watched in this organization"],
  [cache({ server: "shop" }), "server: is not a Redis server watched in this organization"],
  [cache({ prefix: "" }), "prefix"],
  [
    { kind: "prometheus", name: "m", service: "s", instance: "i", url: "http://169.254.169.254/" },
    "is not allowed",
  ],
])("a mistake names its field (%#)", async (definition, message) => {
  const answer = await create("bad", definition);
  expect(answer.statusCode).toBe(400);
  expect(answer.json().error.message).toContain(message);
});

test("servers are added by a superadmin, and their address is never shown", async () => {
  const definition = { kind: "redis", name: "Cache", url: "redis://user:hunter2@127.0.0.1:6390/3" };
  expect((await create("cache", definition, admin, "/sources/servers")).statusCode).toBe(403);
  const made = await create("cache", definition, superadmin, "/sources/servers");
  expect(made.statusCode, made.body).toBe(201);
  expect(made.json()).toMatchObject({ id: "platform.cache", target: "127.0.0.1:6390", definition: null });
  const trail = (await superadmin.call("GET", "/audit/events?limit=20")).body;
  const rows = await it.database.system.selectFrom("watched_sources").selectAll().execute();
  expect(JSON.stringify([await items(superadmin), rows]) + trail).not.toContain("hunter2");
});

test("a server's time-out has bounds, is shown and audited, and stays when a change does not name it", async () => {
  const definition = (more: object) => ({
    kind: "redis",
    name: "Slow",
    url: "redis://127.0.0.1:6392",
    ...more,
  });
  for (const timeoutMs of [99, 60_001, 1.5])
    expect((await create("slow", definition({ timeoutMs }), superadmin, "/sources/servers")).statusCode).toBe(
      400,
    );
  const made = await create("slow", definition({ timeoutMs: 250 }), superadmin, "/sources/servers");
  expect(made.json()).toMatchObject({ id: "platform.slow", timeoutMs: 250 });
  const change = (version: number, more: object) =>
    superadmin.call("PUT", "/sources/servers/platform.slow", {
      payload: { version, definition: definition(more), reason: "Another network" },
    });
  const kept = (await change(made.json().version, { name: "Slower" })).json();
  expect(kept).toMatchObject({ name: "Slower", timeoutMs: 250 });
  const reset = await change(kept.version, { timeoutMs: null });
  expect(reset.json(), reset.body).toMatchObject({ timeoutMs: null });
  const { items: events } = (await superadmin.call("GET", "/audit/events?limit=5")).json();
  const event = events.find((each: { action: string }) => each.action === "sources.server.update");
  const detail = (await superadmin.call("GET", `/audit/events/${event.id}`)).body;
  expect(detail).toContain('"timeoutMs":250');
  expect((await superadmin.call("DELETE", "/sources/servers/platform.slow")).statusCode).toBe(204);
});

test("the caches declared in a server are deleted with it, in one audited change that names them", async () => {
  const server = { kind: "redis", name: "Sessions", url: "redis://127.0.0.1:6391" };
  expect((await create("sessions", server, superadmin, "/sources/servers")).statusCode).toBe(201);
  const declare = (slug: string, name: string) =>
    create(slug, cache({ server: "platform.sessions", name, prefix: `${name}:` }), superadmin);
  expect((await declare("users", "users")).statusCode).toBe(201);
  expect((await declare("carts", "carts")).statusCode).toBe(201);
  const reason = "Moved to another Redis";
  const gone = await superadmin.call(
    "DELETE",
    `/sources/servers/platform.sessions?reason=${encodeURIComponent(reason)}`,
  );
  expect(gone.statusCode, gone.body).toBe(204);
  expect((await ids(superadmin)).filter((id) => /users|carts|sessions/.test(id))).toEqual([]);
  const { items: events } = (await superadmin.call("GET", "/audit/events?limit=5")).json();
  const event = events.find((each: { action: string }) => each.action === "sources.server.delete");
  const named = event.targets.map(({ name }: { name: string }) => name);
  expect(named[0]).toBe("platform.sessions");
  expect(named.slice(1).sort()).toEqual(["platform.carts", "platform.users"]);
  const detail = (await superadmin.call("GET", `/audit/events/${event.id}`)).body;
  expect(detail).toContain('"caches":["platform.');
  const late = await declare("late", "late");
  expect(late.json().error.message).toContain("server: is not a Redis server watched");
});

const push = (...instances: string[]) =>
  service({ format: "push", conditions: [], instances: instances.map((id) => ({ id, url: null })) });
const post = (at: TestApp, url: string, payload?: object) =>
  at.app.inject({ method: "POST", url, ...(payload ? { payload } : {}) });
const statusOf = async (at: TestApp, url: string) => (await post(at, url)).statusCode;

test("a heartbeat is accepted at the address issued once, and at no other", async () => {
  const made = await create("nightly", push("job 1"));
  expect(made.statusCode).toBe(201);
  const [{ path }] = made.json().issued;
  expect(await statusOf(it, path)).toBe(202);
  expect((await post(it, path, { status: "degraded", message: "slow" })).statusCode).toBe(202);
  expect((await post(it, path, { status: "great" })).statusCode).toBe(400);
  const forged = `${path.slice(0, -2)}${path.endsWith("AA") ? "BB" : "AA"}`;
  expect(await statusOf(it, forged)).toBe(404);
  expect(await statusOf(it, path.replace("job%201", "job%202"))).toBe(404);

  const listed = (await items(admin)).find(({ id }) => id === "northwind.nightly");
  expect(listed?.heartbeats).toMatchObject([
    { instance: "job 1", path: "/heartbeats/northwind.nightly/job%201/", secretHint: path.slice(-4) },
  ]);
  const rows = await it.database.system.selectFrom("heartbeat_secrets").selectAll().execute();
  const trail = (await superadmin.call("GET", "/audit/events?limit=20")).body;
  expect(JSON.stringify([await items(admin), rows]) + trail).not.toContain(path.split("/").at(-1));
});

test("a new heartbeat secret is returned once, and the previous one is rejected in every process", async () => {
  const made = await create("backup", push("a", "b"));
  const [a, b] = made.json().issued.map(({ path }: { path: string }) => path);
  await expect.poll(() => statusOf(other, a), { timeout: 10_000 }).toBe(202);
  const rotate = (body: object, by = admin) =>
    by.call("POST", "/sources/northwind.backup/heartbeats", { payload: body });
  expect((await rotate({ instance: "c" })).statusCode).toBe(400);
  expect((await rotate({ instance: "a" }, await signInAs(it, "auditor"))).statusCode).toBe(403);
  const rotated = await rotate({ instance: "a", reason: "left in a log" });
  expect(rotated.statusCode, rotated.body).toBe(201);
  expect([await statusOf(it, a), await statusOf(it, b), await statusOf(it, rotated.json().path)]).toEqual([
    404, 202, 202,
  ]);
  await expect.poll(() => statusOf(other, a), { timeout: 10_000 }).toBe(404);
  expect(await statusOf(other, rotated.json().path)).toBe(202);
  const [event] = (await admin.call("GET", "/audit/events?action=sources.heartbeat.rotate&limit=1")).json()
    .items;
  expect(event).toMatchObject({ reason: "left in a log", targets: [{ name: "northwind.backup" }] });

  const change = { version: 1, definition: push("b", "d") };
  const changed = (await admin.call("PUT", "/sources/northwind.backup", { payload: change })).json();
  expect(changed.issued.map(({ instance }: { instance: string }) => instance)).toEqual(["d"]);
  expect([await statusOf(it, rotated.json().path), await statusOf(it, b)]).toEqual([404, 202]);
});

test("a service of the file that reports by itself gets its first secret from here", async () => {
  const rotate = (id: string) =>
    admin.call("POST", `/sources/${id}/heartbeats`, { payload: { instance: "beats" } });
  expect(await statusOf(it, "/heartbeats/beats/beats/AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")).toBe(404);
  expect(await statusOf(it, (await rotate("beats")).json().path)).toBe(202);
  expect((await rotate("shop")).statusCode).toBe(409);
  expect((await rotate("theirs")).statusCode).toBe(404);
});
