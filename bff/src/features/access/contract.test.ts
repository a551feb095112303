import { keptFieldsOf } from "@wheelhouse/shared/audit-actions.ts";
import { capabilities, capabilitiesOf } from "@wheelhouse/shared/capabilities.ts";
import type { Endpoint } from "@wheelhouse/shared/endpoint.ts";
import { endpoints } from "@wheelhouse/shared/endpoints.ts";
import { sql } from "kysely";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startTestApp, type TestApp } from "#testing/access-app.ts";
import { signInAs } from "#testing/access-client.ts";
import { createTestDatabase, createTestRedis } from "#testing/stack.ts";

const named = (list: readonly Endpoint[]) =>
  list.map((endpoint) => ({ name: `${endpoint.method} ${endpoint.path}`, endpoint }));
const mutations = endpoints.filter(({ method }) => method !== "GET");

let it: TestApp;
let viewer: Awaited<ReturnType<typeof signInAs>>;
let admin: Awaited<ReturnType<typeof signInAs>>;
beforeAll(async () => {
  const [urls, redis] = await Promise.all([createTestDatabase(), createTestRedis()]);
  it = await startTestApp({ urls, redisUrl: redis.url });
  [viewer, admin] = await Promise.all([signInAs(it, "viewer"), signInAs(it, "admin")]);
});
afterAll(() => it.close());

const ids = "01900000-0000-7000-8000-0000000000aa";
const urlOf = ({ path }: Endpoint) => path.replace(/:\w+/g, ids);

describe("the contract", () => {
  test("is not empty, and no two endpoints share an address", () => {
    expect(mutations.length).toBeGreaterThan(5);
    const addresses = endpoints.map(({ method, path }) => `${method} ${path}`);
    expect(new Set(addresses).size).toBe(addresses.length);
  });

  test.each(named(mutations))(
    "every mutation endpoint declares capability and audit action: $name",
    ({ endpoint }) => {
      // Reports of machines change nothing that a person would have to answer for.
      if (endpoint.audited === false)
        expect(["/otlp/v1/metrics", "/notifications/bell/read"]).toContain(endpoint.path);
      else expect([...keptFieldsOf.keys()]).toContain(endpoint.action);
      const known = [...capabilities, "session", "public"];
      expect(known).toContain(endpoint.access);
      // Anonymous callers may only sign in, reset a password by link, and answer an invitation.
      if (endpoint.access === "public")
        expect(endpoint.path).toMatch(/^\/(session|session\/password-reset|invitations\/(open|accept))$/);
      if (endpoint.access === "session")
        expect(endpoint.path).toMatch(/^\/(session|alerts\/me|notifications\/bell)/);
    },
  );

  test("every route below /api/v1 comes from the contract", async () => {
    const described = Object.entries(it.app.swagger().paths ?? {}).flatMap(([path, methods]) =>
      Object.keys(methods ?? {}).map((method) => `${method.toUpperCase()} ${path}`),
    );
    const declared = new Set(
      endpoints.map(({ method, path }) => `${method} /api/v1${path.replace(/:(\w+)/g, "{$1}")}`),
    );
    expect(described.filter((route) => route.includes("/api/v1") && !declared.has(route))).toEqual([]);
  });
});

describe("authorisation", () => {
  const mounted = ({ method, path }: Endpoint) => it.app.hasRoute({ method, url: `/api/v1${path}` });

  test.each(named(endpoints.filter(({ access: right }) => right !== "public")))(
    "$name responds with 401 without credentials and 403 without the right",
    async ({ endpoint }) => {
      if (!mounted(endpoint)) return;
      const url = urlOf(endpoint);
      const payload = endpoint.body ? { payload: {} } : {};
      const nobody = await it.app.inject({ method: endpoint.method, url: `/api/v1${url}`, ...payload });
      expect(nobody.statusCode).toBe(401);
      if (endpoint.access === "session") return;
      const answer = await viewer.call(endpoint.method, url, payload);
      if (capabilitiesOf.viewer.some((capability) => capability === endpoint.access))
        expect(answer.statusCode).not.toBe(403);
      else expect(answer.statusCode).toBe(403);
      const foreign = { headers: { "x-wheelhouse-organization": "contoso" } };
      expect((await viewer.call(endpoint.method, url, { ...payload, ...foreign })).statusCode).toBe(403);
    },
  );
});

test("sensitive actions require a step-up, and no others do", async () => {
  const grave = endpoints.filter(({ stepUp }) => stepUp === true);
  const sometimes = endpoints.filter(({ stepUp }) => stepUp !== undefined && stepUp !== true);
  expect(sometimes.map(({ method, path }) => `${method} ${path}`).sort()).toEqual([
    "PATCH /members/:userId",
    "POST /invitations",
    "POST /queues/runs",
    "POST /webhooks/events/plans/:id/start",
    "POST /webhooks/replays",
  ]);
  expect(grave.map(({ method, path }) => `${method} ${path}`).sort()).toEqual([
    "DELETE /audit/holds/:id",
    "POST /invitations/:id/link",
    "POST /members/:userId/password-reset",
    "POST /members/:userId/reactivate",
    "POST /queues/:id/obliterate",
    "POST /tokens",
    "PUT /audit/retention",
  ]);
  const left = await signInAs(it, "admin", "contoso");
  await it.database.system
    .updateTable("sessions")
    .set({ confirmed_at: new Date(Date.now() - 6 * 60_000) })
    .where("user_id", "=", left.userId)
    .execute();
  for (const endpoint of grave) {
    const answer = await left.call(endpoint.method, urlOf(endpoint), { payload: {} });
    expect(answer.json(), endpoint.path).toMatchObject({ error: { code: "step_up_required" } });
  }
  const invite = (role: string) =>
    left.call("POST", "/invitations", { payload: { email: `${role}@invited.example`, role } });
  const raise = (role: string) =>
    left.call("PATCH", `/members/${left.userId}`, { payload: { role, currentRole: "viewer" } });
  for (const role of ["operator", "admin", "auditor", "superadmin"])
    for (const answer of [await invite(role), await raise(role)])
      expect(answer.json(), role).toMatchObject({ error: { code: "step_up_required" } });
  expect((await invite("viewer")).statusCode).toBe(201);
  expect((await raise("viewer")).json().error.code).not.toBe("step_up_required");
});

describe("bad input", () => {
  const rows = async () => {
    const { rows: counts } = await sql<{ organizations: number; users: number }>`
      select (select count(*) from organizations) as organizations, (select count(*) from users) as users,
        (select count(*) from audit_events where action not in ('access.session.create', 'audit.trail.read')) as events
    `.execute(it.database.system);
    return counts[0];
  };

  const hostile = [
    "'; drop table wheelhouse.users; --",
    "<script>alert(1)</script>",
    "../../etc/passwd",
    "{{7*7}}",
    "a\u0000b",
    "\ud800",
    "x".repeat(5_000),
  ];

  test.each([
    ["an unknown field", "POST", "/session", { email: "a@b.example", password: "x", role: "admin" }, /role/],
    ["a wrong type", "POST", "/session", { email: ["a@b.example"], password: "x" }, /^body\.email/],
    ["a missing field", "POST", "/session", { email: "a@b.example" }, /^body\.password/],
    ["a list for a body", "POST", "/session", [], /^body/],
    ["not a UUID", "PUT", "/session/organization", { organizationId: "1 or 1=1" }, /^body\.organizationId/],
    ["an unknown query field", "GET", "/audit/events?admin=1", undefined, /admin/],
    ["an unknown outcome", "GET", "/audit/events?outcome=great", undefined, /^query\.outcome/],
    ["an unknown action", "GET", "/audit/events?action=rm%20-rf", undefined, /^query\.action/],
    ["a limit out of range", "GET", "/audit/events?limit=100000", undefined, /^query\.limit/],
    ["a limit that is not a number", "GET", "/audit/events?limit=1;select", undefined, /^query\.limit/],
    ["an invalid time", "GET", "/audit/events?from=yesterday", undefined, /^query\.from/],
    ["a made-up cursor", "GET", "/audit/events?cursor=abc", undefined, /^query\.cursor/],
    [
      "another list's cursor",
      "GET",
      `/audit/events?cursor=${btoa('{"id":"1"}')}`,
      undefined,
      /^query\.cursor/,
    ],
    ["not a UUID in the path", "GET", "/audit/events/1'--", undefined, /^path\.id/],
    ["a broken escape in the path", "GET", "/audit/events/%E0%A4%A", undefined, /^path/],
    ["an endless part in the path", "GET", `/audit/events/${"x".repeat(5_000)}`, undefined, /^path/],
    ["NUL in a query", "GET", "/audit/events?q=a%00b", undefined, /^query\.q/],
  ] as const)("%s gets a 400 that names the field", async (_, method, url, payload, field) => {
    const answer = await admin.call(method, url, payload === undefined ? {} : { payload });
    expect(answer.statusCode).toBe(400);
    const { error } = answer.json();
    expect(error).toMatchObject({ code: "validation_failed", requestId: expect.stringMatching(/^req_/) });
    expect(`${error.details[0].field} ${error.details[0].message}`).toMatch(field);
  });

  test("bodies that are not JSON, of another type or too large are refused before anything reads them", async () => {
    const post = (payload: string, type = "application/json") =>
      it.app.inject({ method: "POST", url: "/api/v1/session", payload, headers: { "content-type": type } });
    expect((await post("{")).statusCode).toBe(400);
    expect((await post("")).statusCode).toBe(400);
    expect((await post("email=a", "application/x-www-form-urlencoded")).statusCode).toBe(415);
    expect((await post("{}", "text/plain")).statusCode).toBe(415);
    expect((await post(`"${"x".repeat(2 * 1024 * 1024)}"`)).statusCode).toBe(413);
    expect((await post('{"__proto__":{"x":1},"email":"a@b.example","password":"x"}')).statusCode).toBe(400);
  });

  test.each(hostile.map((text) => [JSON.stringify(text).slice(0, 40), text] as const))(
    "text such as %s is refused or treated as text, in every field, and changes nothing",
    async (_, text) => {
      const before = await rows();
      const encoded = encodeURIComponent(text.replace(/\p{Surrogate}/gu, "?"));
      const answers = [
        await admin.call("POST", "/session", { payload: { email: text, password: text } }),
        await admin.call("PUT", "/session/organization", { payload: { organizationId: text } }),
        await admin.call("PUT", "/session/organization", { payload: { [text]: text } }),
        await admin.call("GET", `/audit/events?q=${encoded}`),
        await admin.call("GET", `/audit/events?target=${encoded}`),
        await admin.call("GET", `/audit/events?actor=${encoded}`),
        await admin.call("GET", `/audit/events?cursor=${encoded}`),
        await admin.call("GET", `/audit/events/${encoded}`),
        await admin.call("GET", "/audit/events", { headers: { "x-wheelhouse-organization": encoded } }),
        await admin.call("GET", "/audit/events", { headers: { "idempotency-key": encoded } }),
      ];
      for (const answer of answers) {
        expect.soft(answer.statusCode, answer.body).toBeLessThan(500);
        if (answer.statusCode >= 400)
          expect
            .soft(answer.json().error)
            .toMatchObject({ code: expect.any(String), message: expect.any(String) });
      }
      const after = await rows();
      expect(after?.organizations).toBe(before?.organizations);
      expect(after?.users).toBe(before?.users);
    },
  );
});
