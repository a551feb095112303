import { endpoints } from "@wheelhouse/shared/endpoints.ts";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startTestApp, type TestApp } from "#testing/access-app.ts";
import { signInAs } from "#testing/access-client.ts";
import { freezePostgres } from "#testing/postgres/frozen-postgres.ts";
import { type OwnPostgres, type OwnRedis, startOwnPostgres, startOwnRedis } from "#testing/stack.ts";
import { query } from "#testing/stack-owner.ts";

let postgres: OwnPostgres;
let redis: OwnRedis;
let it: TestApp;
const clock = { now: () => Date.now() + skewMs };
let skewMs = 0;

beforeAll(async () => {
  [postgres, redis] = await Promise.all([startOwnPostgres(), startOwnRedis()]);
  it = await startTestApp({
    urls: postgres,
    redisUrl: redis.url,
    clock,
    environment: { WHEELHOUSE_RATE_LIMIT_FAILURES_PER_15_MIN: "4" },
  });
});
afterAll(async () => {
  await it.close();
  await Promise.all([postgres.dispose(), redis.dispose()]);
});

const attempt = (email: string, password: string, remoteAddress: string) =>
  it.app.inject({ method: "POST", url: "/api/v1/session", payload: { email, password }, remoteAddress });

/** Responses to six consecutive wrong passwords from one address. */
async function sixFailures(remoteAddress: string) {
  const answers = [];
  for (let n = 0; n < 6; n += 1)
    answers.push(await attempt(`nobody${n}@nowhere.example`, "x", remoteAddress));
  return answers;
}

test("an address with too many failures waits, even with the right password, and others do not", async () => {
  const answers = await sixFailures("192.0.2.30");
  expect(answers.map(({ statusCode }) => statusCode)).toEqual([401, 401, 401, 401, 429, 429]);
  const [person] = it.credentials;
  if (!person) throw new Error("no demo");
  const blocked = await attempt(person.email, person.password, "192.0.2.30");
  expect(blocked.statusCode).toBe(429);
  expect(Number(blocked.headers["retry-after"])).toBeGreaterThan(800);
  expect((await attempt(person.email, person.password, "192.0.2.31")).statusCode).toBe(200);
});

test("parallel guesses cannot bypass the limit", async () => {
  const answers = await Promise.all(
    Array.from({ length: 12 }, (_, n) => attempt(`guess${n}@nowhere.example`, "x", "192.0.2.32")),
  );
  expect(answers.filter(({ statusCode }) => statusCode === 401)).toHaveLength(4);
  expect(answers.filter(({ statusCode }) => statusCode === 429)).toHaveLength(8);
});

test("successful sign-ins do not use up the tries of an address", async () => {
  for (let n = 0; n < 6; n += 1) await signInAs(it, "viewer");
});

test("without Redis, Postgres counts failures, and people can sign in, read and change", async () => {
  await redis.stop();
  try {
    const answers = await sixFailures("192.0.2.40");
    expect(answers.map(({ statusCode }) => statusCode)).toEqual([401, 401, 401, 401, 429, 429]);
    const admin = await signInAs(it, "admin");
    // Reads and changes continue without limits, because they are needed most during an outage.
    expect((await admin.call("GET", "/members")).statusCode).toBe(200);
    const payload = { email: "uncounted@northwind.example", role: "viewer" };
    const invited = await admin.call("POST", "/invitations", { payload });
    expect(invited.statusCode).toBe(201);
    expect(invited.headers["ratelimit-limit"]).toBeUndefined();
    expect((await admin.call("GET", "/limits")).json()).toMatchObject({ available: false });
  } finally {
    await redis.start();
  }
});

test("with a frozen Redis, a sign-in falls back to Postgres within half a second and then remembers it", async () => {
  const [person] = it.credentials;
  if (!person) throw new Error("no demo");
  const signIn = async () => {
    const startedMs = performance.now();
    const { statusCode } = await attempt(person.email, person.password, "192.0.2.70");
    expect(statusCode).toBe(200);
    return performance.now() - startedMs;
  };
  await expect.poll(() => it.redis.status, { timeout: 15_000 }).toBe("ready");
  // Long after the outage of another test.
  skewMs = 60_000;
  const usualMs = await signIn();
  redis.pause();
  try {
    const first = await signIn();
    expect(first).toBeGreaterThan(200);
    expect(first).toBeLessThan(usualMs + 500);
    expect(await signIn()).toBeLessThan(200 + usualMs);
  } finally {
    redis.resume();
    skewMs = 0;
  }
});

test("with a frozen Postgres, a verified session reads snapshots at once, and a revocation holds when it answers", async () => {
  const admin = await signInAs(it, "admin");
  const other = await signInAs(it, "admin", "contoso");
  for (const one of [admin, other]) expect((await one.call("GET", "/session")).statusCode).toBe(200);
  await query(postgres.adminUrl, "update wheelhouse.sessions set revoked_at = now() where user_id = $1", [
    other.userId,
  ]);
  const thaw = await freezePostgres(postgres);
  const tookMs: number[] = [];
  try {
    for (let n = 0; n < 200; n += 1) {
      const startedMs = performance.now();
      expect((await admin.call("GET", "/session")).statusCode).toBe(200);
      tookMs.push(performance.now() - startedMs);
    }
    // Nothing but snapshots is read without the database.
    expect((await other.call("GET", "/audit/events")).statusCode).toBe(503);
  } finally {
    thaw();
  }
  tookMs.sort((a, b) => a - b);
  expect(tookMs[Math.floor(tookMs.length * 0.99) - 1]).toBeLessThan(100);
  // The first read finds out that the database is late.
  expect(tookMs.at(-1)).toBeLessThan(1_000);
  await expect
    .poll(async () => (await other.call("GET", "/session")).statusCode, { timeout: 15_000 })
    .toBe(401);
});

test("without Postgres, a verified session reads snapshots until its idle timeout, and nothing else", async () => {
  const admin = await signInAs(it, "admin");
  const other = await signInAs(it, "admin", "contoso");
  expect((await admin.call("GET", "/session")).statusCode).toBe(200);
  await other.call("DELETE", "/session");
  await postgres.stop();
  try {
    const read = await admin.call("GET", "/session");
    expect(read.statusCode).toBe(200);
    expect(read.json().organization.slug).toBe("northwind");
    const foreign = { headers: { "x-wheelhouse-organization": "contoso" } };
    expect((await admin.call("GET", "/session", foreign)).statusCode).toBe(403);
    // Signed out before the outage, so the outage must not make it valid again.
    expect((await other.call("GET", "/session")).statusCode).toBe(503);

    for (const [method, path, payload] of [
      ["GET", "/audit/events", undefined],
      ["GET", "/webhooks/deliveries", undefined],
      ["DELETE", "/session", undefined],
      ["PUT", "/session/organization", { organizationId: admin.organizationId }],
    ] as const) {
      const answer = await admin.call(method, path, payload ? { payload } : {});
      expect.soft(answer.statusCode, `${method} ${path}`).toBe(503);
      expect.soft(Number(answer.headers["retry-after"])).toBeGreaterThan(0);
      expect.soft(answer.json().error.code).toBe("unavailable");
    }
    expect((await attempt(admin.person.email, admin.person.password, "192.0.2.50")).statusCode).toBe(503);

    skewMs = 13 * 3_600_000;
    expect((await admin.call("GET", "/session")).statusCode).toBe(503);
    skewMs = 0;
  } finally {
    await postgres.start();
  }
  await expect
    .poll(async () => (await admin.call("GET", "/audit/events")).statusCode, { timeout: 15_000 })
    .toBe(200);
});

test("without Postgres, a verified session reads every endpoint that is served from memory, and no other", async () => {
  const admin = await signInAs(it, "admin");
  expect((await admin.call("GET", "/session")).statusCode).toBe(200);
  const reads = endpoints.filter(({ method, access }) => method === "GET" && access !== "public");
  const [snapshots, others] = [true, false].map((wanted) =>
    reads.filter(({ snapshot = false }) => snapshot === wanted),
  );
  expect(snapshots?.map(({ path }) => path).sort()).toEqual([
    "/breakers",
    "/breakers/:id",
    "/caches",
    "/caches/servers",
    "/health",
    "/health/:id",
    "/overview",
    "/queues",
    "/queues/:id",
    "/schedules",
    "/session",
    "/sources",
  ]);
  await postgres.stop();
  try {
    for (const { path } of snapshots ?? []) {
      const answer = await admin.call("GET", path.replace(/:\w+/g, "unknown"));
      expect.soft([200, 404], path).toContain(answer.statusCode);
    }
    for (const { path } of others ?? []) {
      const answer = await admin.call("GET", path.replace(/:\w+/g, "01900000-0000-7000-8000-0000000000aa"));
      expect.soft(answer.statusCode, path).toBe(503);
    }
  } finally {
    await postgres.start();
  }
  await expect
    .poll(async () => (await admin.call("GET", "/audit/events")).statusCode, { timeout: 15_000 })
    .toBe(200);
});

test("with both away nobody signs in, and the answer says so", async () => {
  await Promise.all([redis.stop(), postgres.stop()]);
  try {
    const answer = await attempt("nobody@nowhere.example", "x", "192.0.2.60");
    expect(answer.statusCode).toBe(503);
    expect(answer.headers["retry-after"]).toBeDefined();
  } finally {
    await Promise.all([redis.start(), postgres.start()]);
  }
});
