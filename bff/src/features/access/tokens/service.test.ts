import { afterAll, beforeAll, expect, test } from "vitest";
import { startTestApp, type TestApp } from "#testing/access-app.ts";
import { signInAs } from "#testing/access-client.ts";
import { createTestDatabase, createTestRedis } from "#testing/stack.ts";

let it: TestApp;
type Person = Awaited<ReturnType<typeof signInAs>>;
let admin: Person;
let now = Date.now();
beforeAll(async () => {
  const [urls, redis] = await Promise.all([createTestDatabase(), createTestRedis()]);
  it = await startTestApp({ urls, redisUrl: redis.url, clock: { now: () => now } });
  admin = await signInAs(it, "admin");
});
afterAll(() => it.close());

const create = (payload: object, by = admin) =>
  by.call("POST", "/tokens", {
    payload: { name: "deploy-bot", capabilities: ["queues:read"], expiresAt: null, ...payload },
  });
const use = (token: string, path = "/queues", headers = {}, method: "GET" | "DELETE" = "GET") =>
  it.app.inject({ method, url: `/api/v1${path}`, headers: { authorization: `Bearer ${token}`, ...headers } });
async function made(payload: object = {}) {
  const answer = await create(payload);
  expect(answer.statusCode, answer.body).toBe(201);
  const { id, token, prefix } = answer.json();
  return { id: String(id), token: String(token), prefix: String(prefix) };
}
const listed = async (id: string) =>
  (await admin.call("GET", "/tokens")).json().items.find((one: { id: string }) => one.id === id);

test("a token is shown once, stored as a hash, and does what its scope allows, in its organization only", async () => {
  const { id, token, prefix } = await made();
  expect(token).toMatch(/^wh_[0-9A-Za-z]{46}$/);
  expect(token.startsWith(prefix)).toBe(true);
  expect((await use(token)).statusCode).toBe(200);
  expect((await use(token, "/overview")).statusCode).toBe(403);
  expect((await use(token, "/session")).statusCode).toBe(403);
  expect((await use(token, "/queues", { "x-wheelhouse-organization": "northwind" })).statusCode).toBe(200);
  expect((await use(token, "/queues", { "x-wheelhouse-organization": "northwind-eu" })).statusCode).toBe(403);
  const everything = JSON.stringify([
    await listed(id),
    await it.database.system.selectFrom("api_tokens").selectAll().execute(),
    (await admin.call("GET", "/audit/events?limit=50")).json(),
  ]);
  expect(everything).toContain(prefix);
  expect(everything).not.toContain(token);
});

test("a token of any scope reads the description of the API, and nobody without one does", async () => {
  const { token } = await made();
  const described = (headers: Record<string, string>) =>
    it.app.inject({ method: "GET", url: "/openapi.json", headers });
  expect((await described({ authorization: `Bearer ${token}` })).statusCode).toBe(200);
  expect((await described({ cookie: `wheelhouse=${admin.cookie}` })).statusCode).toBe(200);
  expect((await described({})).statusCode).toBe(401);
  expect((await described({ authorization: `Bearer ${token.slice(0, -1)}x` })).statusCode).toBe(401);
});

test("its actions and refused attempts are in the trail under the token's name", async () => {
  const { token, id } = await made({ name: "reader", capabilities: ["audit:read"] });
  expect((await use(token, "/audit/events")).statusCode).toBe(200);
  expect((await use(token, "/webhooks/endpoints")).statusCode).toBe(403);
  const events = (await admin.call("GET", `/audit/events?actor=${id}`)).json().items;
  expect(
    events.map(({ action, outcome, actor }: { action: string; outcome: string; actor: object }) => ({
      action,
      outcome,
      actor,
    })),
  ).toEqual(
    expect.arrayContaining([
      {
        action: "webhooks:read",
        outcome: "denied",
        actor: expect.objectContaining({ type: "token", id, display: "reader", authMethod: "token" }),
      },
      { action: "audit.trail.read", outcome: "success", actor: expect.objectContaining({ type: "token" }) },
    ]),
  );
});

test("a revoked, expired, mistyped or truncated token is rejected", async () => {
  const { id, token } = await made();
  expect((await admin.call("DELETE", `/tokens/${id}`)).statusCode).toBe(204);
  expect((await use(token)).statusCode).toBe(401);
  expect((await admin.call("DELETE", `/tokens/${id}`)).statusCode).toBe(404);
  expect(await listed(id)).toBeUndefined();
  const short = await made({ expiresAt: new Date(now + 60_000).toISOString() });
  expect((await use(short.token)).statusCode).toBe(200);
  now += 61_000;
  expect((await use(short.token)).statusCode).toBe(401);
  expect((await listed(short.id)).state).toBe("expired");
  const { token: good } = await made();
  for (const bad of [
    good.slice(0, -1),
    `${good}a`,
    `${good.slice(0, 20)}${good[20] === "a" ? "b" : "a"}${good.slice(21)}`,
  ])
    expect((await use(bad)).statusCode).toBe(401);
});

test("a token never does what its creator may not do, now or later", async () => {
  const refused = await create({ capabilities: ["audit:sign-off"] });
  expect(refused.json().error.details[0].field).toBe("body.capabilities");
  expect((await create({ capabilities: ["access:manage"] })).statusCode).toBe(400);
  expect((await create({ expiresAt: new Date(now - 1).toISOString() })).json().error.details[0].field).toBe(
    "body.expiresAt",
  );
  expect((await create({}, await signInAs(it, "auditor"))).statusCode).toBe(403);
  const { id, token } = await made({ capabilities: ["queues:read", "webhooks:configure"] });
  const role = (role: "admin" | "viewer") =>
    it.database.system.updateTable("memberships").set({ role }).where("user_id", "=", admin.userId).execute();
  const unknown = "/webhooks/endpoints/01900000-0000-7000-8000-0000000000aa";
  expect((await use(token, unknown, {}, "DELETE")).statusCode).toBe(404);
  await role("viewer");
  expect((await use(token)).statusCode).toBe(200);
  expect((await use(token, unknown, {}, "DELETE")).statusCode).toBe(403);
  await role("admin");
  const disable = (disabled_at: Date | null) =>
    it.database.system.updateTable("users").set({ disabled_at }).where("id", "=", admin.userId).execute();
  await disable(new Date());
  expect((await use(token)).statusCode).toBe(401);
  await disable(null);
  expect((await listed(id)).state).toBe("active");
});

test("its last use is written once a minute", async () => {
  const { id, token } = await made();
  await use(token);
  await expect.poll(async () => (await listed(id)).lastUsedAt).toBe(new Date(now).toISOString());
  const first = now;
  now += 30_000;
  await use(token);
  expect((await listed(id)).lastUsedAt).toBe(new Date(first).toISOString());
  now += 31_000;
  await use(token);
  await expect.poll(async () => (await listed(id)).lastUsedAt).toBe(new Date(now).toISOString());
});
