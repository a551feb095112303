import type { Overview, Problem } from "@wheelhouse/shared/overview.ts";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startTestApp, type TestApp } from "#testing/access-app.ts";
import { signInAs } from "#testing/access-client.ts";
import { createTestDatabase, createTestRedis } from "#testing/stack.ts";
import { type LitePage, litePage } from "./lite-page.ts";

type Person = Awaited<ReturnType<typeof signInAs>>;
let it: TestApp;
let admin: Person;
let viewer: Person;
let offsetMs = 0;

beforeAll(async () => {
  const [urls, redis] = await Promise.all([createTestDatabase(), createTestRedis()]);
  it = await startTestApp({ urls, redisUrl: redis.url, clock: { now: () => Date.now() + offsetMs } });
  [admin, viewer] = await Promise.all([signInAs(it, "admin"), signInAs(it, "viewer")]);
});
afterAll(() => it.close());

const dataWith = (token: string) =>
  it.app.inject({ method: "GET", url: "/wall/data", headers: { "x-wheelhouse-wall": token } });

test("a wall's link shows one organization and nothing else, until it is revoked", async () => {
  const made = (await admin.call("POST", "/wall-grants", { payload: { name: "Kitchen" } })).json();
  const token = made.path.split("#")[1];
  const data = await dataWith(token);
  expect(data.json()).toMatchObject({ organization: "Northwind", problems: [], figures: expect.any(Array) });
  // It is no session: it opens neither the API nor another page.
  for (const headers of [{ authorization: `Bearer ${token}` }, { cookie: `wheelhouse=${token}` }])
    expect((await it.app.inject({ method: "GET", url: "/api/v1/overview", headers })).statusCode).toBe(401);
  expect((await dataWith(`${token.slice(0, -3)}AAA`)).statusCode).toBe(401);
  expect((await dataWith("x")).statusCode).toBe(401);
  expect((await viewer.call("POST", "/wall-grants", { payload: { name: "Mine" } })).statusCode).toBe(403);

  expect((await admin.call("DELETE", `/wall-grants/${made.grant.id}`)).statusCode).toBe(204);
  offsetMs += 6_000;
  await expect.poll(async () => (await dataWith(token)).statusCode).toBe(401);
});

test("a wall's link ends by itself", async () => {
  const made = (await admin.call("POST", "/wall-grants", { payload: { name: "Fair", days: 1 } })).json();
  const token = made.path.split("#")[1];
  expect((await dataWith(token)).statusCode).toBe(200);
  offsetMs += 25 * 3_600_000;
  expect((await dataWith(token)).statusCode).toBe(401);
  offsetMs -= 25 * 3_600_000;
});

test("the wall is one page without outside parts, whose policy lets nothing else run", async () => {
  const page = await it.app.inject({ method: "GET", url: "/wall" });
  const nonce = /script nonce="([^"]+)"/.exec(page.body)?.[1];
  expect(page.headers["content-security-policy"]).toContain(`script-src 'nonce-${nonce}'`);
  expect(page.body).not.toMatch(/(src|href)=/);
  expect(Buffer.byteLength(page.body)).toBeLessThan(16_000);
});

test("lite asks for a sign-in, then shows the organization without a script", async () => {
  const without = await it.app.inject({ method: "GET", url: "/lite" });
  expect([without.statusCode, without.headers.location]).toEqual([303, "/signin?next=%2Flite"]);
  const page = await it.app.inject({
    method: "GET",
    url: "/lite",
    headers: { cookie: `wheelhouse=${viewer.cookie}` },
  });
  expect(page.statusCode).toBe(200);
  expect(page.body).toContain("Northwind");
  expect(page.body).not.toContain("<script");
  const foreign = await it.app.inject({
    method: "GET",
    url: "/lite?organization=contoso",
    headers: { cookie: `wheelhouse=${viewer.cookie}` },
  });
  expect(foreign.statusCode).toBe(403);
});

test("lite takes a form of its own pages only", async () => {
  const post = (headers: Record<string, string>, payload: string) =>
    it.app.inject({
      method: "POST",
      url: "/lite/acknowledge",
      headers: Object.assign(
        { "content-type": "application/x-www-form-urlencoded", cookie: `wheelhouse=${admin.cookie}` },
        headers,
      ),
      payload,
    });
  const form = "organization=northwind&incident=0192f0c4-0000-7000-8000-000000000001&csrf=";
  expect((await post({}, `${form}guessed`)).statusCode).toBe(403);
  expect((await post({ origin: "https://evil.example" }, `${form}guessed`)).statusCode).toBe(403);
});

const long = "Ünïcode <script>alert('x')</script> & \"quotes\" ".repeat(10);
const figure = { value: 1, trend: { intervalMs: 1_000, values: [] } };
const problem = (id: number): Problem => ({
  id: String(id),
  state: "down",
  label: "Down",
  subject: long,
  title: long,
  cause: long,
  affects: long,
  since: "2026-11-19T08:47:00.000Z",
  area: "health",
  path: "services",
  changedBefore: { text: long, at: "2026-11-19T08:47:00.000Z", by: long },
});

test("the worst lite page is at most 15 kB, and no text of others is markup", () => {
  const row = { name: long, state: "down", label: long, detail: long };
  const overview: Overview = {
    observedAt: "2026-11-19T09:14:09.000Z",
    intervalMs: 1_000,
    checks: {
      total: 9,
      ok: 0,
      degraded: 0,
      down: 9,
      unknown: 0,
      stale: 0,
      maintenance: 0,
      pending: 0,
      explained: 0,
    },
    problems: Array.from({ length: 200 }, (_, at) => problem(at)),
    red: { ratePerSecond: figure, errorRatio: figure, durationMsP95: figure },
    tiles: {
      queues: { queues: 0, waiting: figure, oldestWaitingMs: null, noWorker: null, paused: null },
      breakers: { breakers: 0, open: null, halfOpen: null, worst: [] },
      redis: { servers: 0, usedMemoryBytes: figure, opsPerSecond: null, evictionPolicy: null },
      caches: { caches: 0, hitRatio: figure, lowest: null },
      webhooks: {
        endpoints: null,
        deadLetters: null,
        pending: null,
        deliveredPerSecond: figure,
        firstAttemptSuccessRatio: null,
      },
    },
    recentChanges: Array.from({ length: 20 }, () => ({
      at: "2026-11-19T08:47:00.000Z",
      text: long,
      by: long,
      kind: "audit",
      state: null,
    })),
    sources: [],
  };
  const page: LitePage = {
    organization: { slug: "northwind", name: long.slice(0, 100) },
    overview,
    verdict: { parts: [{ text: "9 down" }], sentence: long },
    services: Array.from({ length: 300 }, () => row),
    queues: Array.from({ length: 300 }, () => row),
    incidents: Array.from({ length: 50 }, (_, number) => ({
      id: "0192f0c4-0000-7000-8000-000000000001",
      number,
      title: long,
      severity: "critical",
      acknowledgedBy: null,
    })),
    csrf: "c".repeat(43),
    person: "Priya",
    basePath: "",
    nowMs: Date.parse("2026-11-19T09:14:10.000Z"),
  };
  const html = litePage(page);
  expect(html).not.toContain("<script");
  expect(html).toMatch(/300 services, 0 OK\. \d+ more are not OK/);
  expect(Buffer.byteLength(html)).toBeLessThanOrEqual(15_360);
});
