import { createServer, type IncomingHttpHeaders } from "node:http";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { startTestApp, type TestApp } from "#testing/access-app.ts";
import { signInAs } from "#testing/access-client.ts";
import { createTestDatabase, createTestRedis } from "#testing/stack.ts";

type Person = Awaited<ReturnType<typeof signInAs>>;
let it: TestApp;
let admin: Person;
let url: string;
const heard: IncomingHttpHeaders[] = [];
/** Answers only who knows the token, and sends everybody else away. */
const service = createServer((request, response) => {
  heard.push(request.headers);
  const isKnown = request.headers.authorization === "Bearer hunter2";
  if (request.url === "/moved") response.writeHead(302, { location: "http://127.0.0.1:1/elsewhere" });
  else response.writeHead(isKnown ? 200 : 401, { "content-type": "application/json" });
  response.end(request.url === "/moved" ? "" : '{"status":"UP"}');
});

beforeAll(async () => {
  const [urls, redis] = await Promise.all([createTestDatabase(), createTestRedis()]);
  await new Promise<void>((done) => service.listen(0, "127.0.0.1", done));
  const address = service.address();
  url = `http://127.0.0.1:${typeof address === "object" ? address?.port : 0}/health`;
  it = await startTestApp({
    urls,
    redisUrl: redis.url,
    environment: { WHEELHOUSE_WATCH_ALLOW_ADDRESSES: "127.0.0.0/8" },
  });
  await it.startRoles();
  admin = await signInAs(it, "admin");
});
afterAll(async () => {
  await it.close();
  service.close();
});

const definition = (at = url) => ({
  kind: "service",
  name: "Guarded",
  format: "json",
  intervalMs: 1_000,
  upAfter: 1,
  downAfter: 1,
  instances: [{ id: "guarded-1", url: at }],
});
const credentials = { kind: "bearer", token: "hunter2" };
const shown = async () =>
  (await admin.call("GET", "/sources"))
    .json()
    .items.find(({ id }: { id: string }) => id === "northwind.guarded");

test("credentials are sent to their source, sealed at rest, and neither shown nor audited", async () => {
  const made = await admin.call("POST", "/sources", {
    payload: { slug: "guarded", definition: definition(), credentials },
  });
  expect(made.statusCode, made.body).toBe(201);
  expect(made.json().credentials).toBe("bearer");
  await vi.waitFor(async () => expect(await shown()).toMatchObject({ state: "ok", credentials: "bearer" }), {
    timeout: 15_000,
  });
  expect(heard.at(-1)?.authorization).toBe("Bearer hunter2");
  const events = (await admin.call("GET", "/audit/events?limit=20")).json().items;
  const event = events.find(({ action }: { action: string }) => action === "sources.target.create");
  const detail = (await admin.call("GET", `/audit/events/${event.id}`)).body;
  expect(detail).toContain('"authentication":"bearer"');
  const rows = await it.database.system.selectFrom("watched_sources").selectAll().execute();
  expect(made.body + detail + JSON.stringify([await shown(), rows])).not.toContain("hunter2");
  expect(rows.map((row) => row.credentials_box?.includes("hunter2"))).toEqual([false]);
});

test("stored credentials stay with their host: another address takes them anew, null deletes them", async () => {
  const change = (version: number, at: string, more: object = {}) =>
    admin.call("PUT", "/sources/northwind.guarded", {
      payload: { version, definition: definition(at), ...more },
    });
  const elsewhere = await change(1, "http://127.0.0.1:1/health");
  expect(elsewhere.statusCode).toBe(400);
  expect(elsewhere.json().error.details).toMatchObject([{ field: "body.credentials" }]);
  expect((await change(1, url.replace("health", "moved"))).json()).toMatchObject({ credentials: "bearer" });
  await vi.waitFor(async () => expect((await shown()).cause).toMatch(/Redirects/), { timeout: 15_000 });
  expect((await change(2, url, { credentials: null })).json()).toMatchObject({ credentials: null });
  await vi.waitFor(async () => expect((await shown()).cause).toMatch(/Access denied/), { timeout: 15_000 });
});

test.each([
  [{ kind: "header", name: "Host", value: "x" }, "credentials"],
  [{ kind: "bearer", token: "a\nb" }, "credentials"],
  [{ kind: "certificate", certificate: "-----BEGIN X", key: "-----BEGIN Y" }, "body.credentials.kind"],
])("credentials that cannot be sent are refused by their field: %j", async (given, field) => {
  const answer = await admin.call("POST", "/sources", {
    payload: { slug: "bad", definition: definition(), credentials: given },
  });
  expect(answer.statusCode).toBe(400);
  expect(answer.body).toContain(field);
});
