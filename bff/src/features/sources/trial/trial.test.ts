import { createServer } from "node:http";
import { Queue } from "bullmq";
import { Redis } from "ioredis";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startTestApp, type TestApp } from "#testing/access-app.ts";
import { signInAs } from "#testing/access-client.ts";
import { createTestDatabase, createTestRedis, startOwnRedis } from "#testing/stack.ts";

type Person = Awaited<ReturnType<typeof signInAs>>;
const password = "p@:/#%w";
let it: TestApp;
let strangers: Awaited<ReturnType<typeof startOwnRedis>>;
let operator: Redis;
let admin: Person;
let superadmin: Person;
let adminUrl: string;
const answers: Record<string, { status?: number; type: string; body: string }> = {
  "/actuator/health": {
    type: "application/json",
    body: '{"status":"UP","components":{"db":{"status":"UP"}}}',
  },
  "/metrics": {
    type: "text/plain",
    body: '# TYPE resilience4j_circuitbreaker_state gauge\nresilience4j_circuitbreaker_state{name="pay",state="open"} 1\n',
  },
  "/page": { type: "text/html", body: "<h1>Hello</h1>" },
  "/closed": { status: 401, type: "text/plain", body: "token missing" },
};
const service = createServer((request, response) => {
  const {
    status = 200,
    type,
    body,
  } = answers[request.url ?? ""] ?? { status: 404, type: "text/plain", body: "no" };
  response.writeHead(status, { "content-type": type }).end(body);
});
let web: string;

beforeAll(async () => {
  const [urls, redis] = await Promise.all([createTestDatabase(), createTestRedis()]);
  adminUrl = urls.adminUrl;
  strangers = await startOwnRedis();
  operator = new Redis(strangers.url);
  const queue = new Queue("orders", { connection: { url: strangers.url } });
  await queue.add("order", {});
  await queue.close();
  await operator.config("SET", "requirepass", password);
  await new Promise<void>((done) => service.listen(0, "127.0.0.1", done));
  const address = service.address();
  web = `http://127.0.0.1:${typeof address === "object" ? address?.port : 0}`;
  it = await startTestApp({
    urls,
    redisUrl: redis.url,
    environment: { WHEELHOUSE_WATCH_ALLOW_ADDRESSES: "127.0.0.0/8" },
  });
  admin = await signInAs(it, "admin");
  superadmin = await signInAs(it, "superadmin", "platform");
});
afterAll(async () => {
  await it.close();
  operator.disconnect();
  await strangers.dispose();
  service.close();
});

const attempt = (address: string, by = superadmin) =>
  by.call("POST", "/sources/trials", { payload: { address } });
const place = () => new URL(strangers.url).host;

test("a Redis whose password holds any character is read, and kept as it was entered", async () => {
  const address = `redis://:${password}@${place()}`;
  const answer = await attempt(address);
  expect(answer.statusCode, answer.body).toBe(200);
  expect(answer.json()).toMatchObject({
    shown: `redis://${place()}`,
    kept: { kind: "redis" },
    state: "ok",
    found: "1 queue found, 1 without worker",
    product: expect.stringMatching(/^(Redis|Valkey) \d/),
    queues: [{ name: "orders", label: "No worker", waiting: 1, workers: 0 }],
    refusals: [],
  });
  const { slug, name } = answer.json();
  const definition = { kind: "redis", name, url: address };
  const kept = await superadmin.call("POST", "/sources/servers", { payload: { slug, definition } });
  expect(kept.statusCode, kept.body).toBe(201);
  expect((await attempt(address)).json().slug).toBe(`${slug}-2`);
  const trail = (await superadmin.call("GET", "/audit/events?limit=20")).body;
  expect(trail).toContain("sources.trial.run");
  expect(trail + kept.body + answer.body).not.toContain(encodeURIComponent(password));
  expect(trail + kept.body + answer.body).not.toContain(password);
});

test("queues of other systems are counted beside those of BullMQ", async () => {
  await operator.lpush("jobs:mail", "1");
  const { found } = (await attempt(`redis://:${password}@${place()}`)).json();
  await operator.del("jobs:mail");
  expect(found).toBe("1 queue found, 1 without worker, 1 of other systems");
});

test("a refused user is told in the server's own words, and the line that is given mends it", async () => {
  await operator.call("ACL", "SETUSER", "watcher", "on", ">secret", "~*", "+@connection");
  const address = `redis://watcher:secret@${place()}`;
  const refused = (await attempt(address)).json();
  expect(refused).toMatchObject({ state: "unknown", found: "connected, 2 reads refused" });
  expect(refused.refusals.join()).toMatch(/NOPERM.*info[\s\S]*NOPERM.*scan/);
  await operator.call("ACL", ...refused.remedy.line.split(" ").slice(1));
  expect((await attempt(address)).json()).toMatchObject({ state: "ok", refusals: [], queueCount: 1 });
});

test.each([
  ["a wrong password", () => `redis://:wrong@${place()}`, /WRONGPASS/, /Correct the user and the password/],
  ["a closed port", () => "redis://127.0.0.1:1", /ECONNREFUSED/, /Check host and port/],
  [
    "a database that is not there",
    () => `redis://:${password}@${place()}/99999`,
    /Database 99999/,
    /number of the database/,
  ],
  ["a metadata address", () => "redis://169.254.169.254", /link-local or metadata/, /never watched/],
  [
    "a wrong Postgres password",
    () => adminUrl.replace(/:[^:@]*@/, ":wrong@"),
    /password authentication failed/,
    /password/,
  ],
  [
    "a Postgres database that is not there",
    () => adminUrl.replace(/[^/]*$/, "nowhere"),
    /does not exist/,
    /name of the database/,
  ],
  [
    "a Postgres at a metadata address",
    () => "postgres://u@169.254.169.254/x",
    /link-local or metadata/,
    /never watched/,
  ],
])("%s is down with the reason and the remedy", async (_, address, reason, remedy) => {
  const found = (await attempt(address())).json();
  expect(found).toMatchObject({ state: "down", found: "not reached" });
  expect(found.refusals.join()).toMatch(reason);
  expect(found.remedy.text).toMatch(remedy);
});

test("a Postgres says its version and what it hides", async () => {
  expect((await attempt(adminUrl)).json()).toMatchObject({
    kept: { kind: "postgres" },
    state: "ok",
    product: expect.stringMatching(/^Postgres \d/),
    found: expect.stringContaining("all statistics readable"),
  });
});

test.each([
  [
    "/actuator/health",
    {
      kept: { kind: "service", format: "json", actuatorBreakers: true },
      state: "ok",
      found: "reports ok, 1 part",
    },
  ],
  ["/metrics", { kept: { kind: "prometheus" }, state: "ok", found: "1 circuit breaker found" }],
  ["/page", { kept: { kind: "service", format: "status" }, state: "ok" }],
  ["/closed", { state: "unknown", found: "access denied with status 401", refusals: ["401 token missing"] }],
  ["/nowhere", { state: "down", refusals: ["404 no"] }],
])("a web address is taken for what it answers: %s", async (path, expected) => {
  expect((await attempt(`${web}${path}`, admin)).json()).toMatchObject(expected);
});

test("an address that is none is refused by its field, and a server is tried only by who may connect it", async () => {
  const bad = await attempt("mysql://u:hunter2@h");
  expect(bad.statusCode).toBe(400);
  expect(bad.json().error.details).toMatchObject([{ field: "body.address" }]);
  expect(bad.body).not.toContain("hunter2");
  expect((await attempt(`redis://${place()}`, admin)).statusCode).toBe(403);
  const viewer = await signInAs(it, "viewer");
  expect((await attempt(`${web}/page`, viewer)).statusCode).toBe(403);
  const inner = await attempt("http://10.0.0.1/health", admin);
  expect(inner.json()).toMatchObject({
    state: "down",
    refusals: [expect.stringContaining("may not be reached")],
  });
});

test("trials are limited, so that nobody searches a network with them", async () => {
  const contoso = await signInAs(it, "admin", "contoso");
  const statuses = [];
  for (let turn = 0; turn < 31; turn += 1) statuses.push((await attempt(`${web}/page`, contoso)).statusCode);
  expect([new Set(statuses.slice(0, 30)), statuses[30]]).toEqual([new Set([200]), 429]);
});
