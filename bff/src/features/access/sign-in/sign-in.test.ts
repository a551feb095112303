import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startTestApp, type TestApp } from "#testing/access-app.ts";
import { signInAs } from "#testing/access-client.ts";
import { createTestDatabase, createTestRedis } from "#testing/stack.ts";

let it: TestApp;
beforeAll(async () => {
  const [urls, redis] = await Promise.all([createTestDatabase(), createTestRedis()]);
  it = await startTestApp({ urls, redisUrl: redis.url });
});
afterAll(() => it.close());

const attempt = (email: string, password: string, remoteAddress = "192.0.2.1") =>
  it.app.inject({ method: "POST", url: "/api/v1/session", payload: { email, password }, remoteAddress });

/** The newest events of the organization, as read by its auditor (or the superadmin). */
async function trail(query = "", organization = "northwind") {
  const reader = await signInAs(it, "superadmin", "platform");
  const answer = await reader.call("GET", `/audit/events?limit=20${query}`, {
    headers: { "x-wheelhouse-organization": organization },
  });
  expect(answer.statusCode).toBe(200);
  return answer.json().items;
}

describe("signing in", () => {
  test("the cookie is inaccessible to scripts and other sites, and the database has only a hash of its token", async () => {
    const { person, cookie } = await signInAs(it, "viewer");
    const answer = await attempt(person.email.toUpperCase(), person.password);
    expect(answer.statusCode).toBe(200);
    expect(answer.cookies[0]).toMatchObject({
      name: "wheelhouse",
      httpOnly: true,
      sameSite: "Lax",
      path: "/",
    });
    expect(answer.json()).not.toHaveProperty("token");
    const rows = await it.database.system.selectFrom("sessions").selectAll().execute();
    expect(JSON.stringify(rows)).not.toContain(cookie);
    expect(JSON.stringify(await trail())).not.toContain(cookie);
  });

  test("over TLS the cookie is Secure and bound to the host", async () => {
    const { person } = await signInAs(it, "viewer");
    const config = { WHEELHOUSE_TRUST_PROXY: "1" };
    const [urls, redis] = await Promise.all([createTestDatabase(), createTestRedis()]);
    const behindProxy = await startTestApp({ urls, redisUrl: redis.url, environment: config });
    const [known] = behindProxy.credentials;
    const answer = await behindProxy.app.inject({
      method: "POST",
      url: "/api/v1/session",
      payload: { email: person.email, password: known?.password },
      headers: { "x-forwarded-proto": "https" },
    });
    expect(answer.cookies[0]).toMatchObject({ name: "__Host-wheelhouse", secure: true, path: "/" });
    await behindProxy.close();
  });

  test("an unknown user and a wrong password get the same response, and both are in a trail", async () => {
    const { person } = await signInAs(it, "operator");
    const wrong = await attempt(person.email, "not the password");
    const unknown = await attempt("nobody@nowhere.example", "not the password");
    expect(wrong.statusCode).toBe(401);
    expect(unknown.statusCode).toBe(401);
    const [first, second] = [wrong.json().error, unknown.json().error];
    expect({ ...first, requestId: "" }).toEqual({ ...second, requestId: "" });
    expect((await trail("&outcome=failure"))[0]).toMatchObject({
      action: "access.session.create",
      outcome: "failure",
      actor: { type: "anonymous", display: person.email },
      targets: [{ type: "user", name: "Jonas Weber" }],
    });
    expect((await trail("&outcome=failure", "platform"))[0]).toMatchObject({
      action: "access.session.create",
      actor: { type: "anonymous", display: "nobody@nowhere.example" },
    });
  });

  test("text typed instead of an address is not stored", async () => {
    await attempt("correct horse battery staple", "x");
    const events = await trail("&outcome=failure", "platform");
    expect(JSON.stringify(events)).not.toContain("battery");
  });

  test("the browser's previous session ends", async () => {
    const before = await signInAs(it, "viewer");
    const again = await it.app.inject({
      method: "POST",
      url: "/api/v1/session",
      payload: { email: before.person.email, password: before.person.password },
      cookies: { wheelhouse: before.cookie },
    });
    expect(again.statusCode).toBe(200);
    expect((await before.call("GET", "/session")).statusCode).toBe(401);
  });

  test("repeated failures of one account are delayed, but the account stays available elsewhere", async () => {
    const { person } = await signInAs(it, "auditor");
    const codes = [];
    for (let n = 0; n < 6; n += 1)
      codes.push((await attempt(person.email, "wrong", "192.0.2.20")).statusCode);
    expect(codes).toEqual([401, 401, 401, 401, 401, 429]);
    const blocked = await attempt(person.email, person.password, "192.0.2.20");
    expect(blocked.statusCode).toBe(429);
    expect(Number(blocked.headers["retry-after"])).toBeGreaterThan(0);
    expect((await attempt(person.email, person.password, "192.0.2.21")).statusCode).toBe(200);
  });

  test("guesses from many addresses are delayed together, but not at the owner's address", async () => {
    const owner = await signInAs(it, "admin", "contoso", "192.0.2.90");
    const { person } = owner;
    // Signed out: the owner must not be locked out the next morning.
    expect((await owner.call("DELETE", "/session")).statusCode).toBe(204);
    const statuses = [];
    for (let n = 0; n < 21; n += 1)
      statuses.push((await attempt(person.email, "wrong", `198.51.100.${n}`)).statusCode);
    expect(statuses).toEqual([...Array(20).fill(401), 429]);
    expect((await attempt(person.email, person.password, "198.51.100.99")).statusCode).toBe(429);
    expect((await attempt(person.email, person.password, "192.0.2.90")).statusCode).toBe(200);
    const stranger = "nobody-else@nowhere.example";
    const unknown = [];
    for (let n = 0; n < 21; n += 1)
      unknown.push((await attempt(stranger, "wrong", `203.0.113.${n}`)).statusCode);
    expect(unknown).toEqual(statuses);
  });

  test("an unknown user gets a response as slowly as a wrong password", async () => {
    const { person } = await signInAs(it, "viewer", "contoso");
    const tookMs = async (email: string, address: string) => {
      const startedMs = performance.now();
      await attempt(email, "wrong", address);
      return performance.now() - startedMs;
    };
    const [known, unknown]: [number[], number[]] = [[], []];
    for (let n = 0; n < 7; n += 1) {
      known.push(await tookMs(person.email, `198.51.100.${100 + n}`));
      unknown.push(await tookMs(`nobody${n}@nowhere.example`, `198.51.100.${120 + n}`));
    }
    const median = (times: number[]) => times.toSorted((a, b) => a - b)[3] ?? 0;
    const ratio = median(unknown) / median(known);
    expect(ratio).toBeGreaterThan(0.4);
    expect(ratio).toBeLessThan(2.5);
  });

  test("a page of another site cannot sign its visitor in", async () => {
    const { person } = await signInAs(it, "viewer");
    const answer = await it.app.inject({
      method: "POST",
      url: "/api/v1/session",
      payload: { email: person.email, password: person.password },
      headers: { origin: "https://evil.example", "sec-fetch-site": "cross-site" },
    });
    expect(answer.statusCode).toBe(403);
    expect(answer.cookies).toEqual([]);
  });
});
