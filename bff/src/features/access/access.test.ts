import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
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

describe("a session", () => {
  test("returns its user, the organizations below, and the role's capabilities", async () => {
    const admin = await signInAs(it, "admin");
    const view = (await admin.call("GET", "/session")).json();
    expect(
      view.organizations.map(({ slug, role }: { slug: string; role: string }) => `${slug}:${role}`),
    ).toEqual(["northwind:admin", "northwind-eu:admin"]);
    expect(view.capabilities).toContain("webhooks:replay");
    expect(view.capabilities).not.toContain("audit:sign-off");
    const operator = await signInAs(it, "operator");
    const seen = (await operator.call("GET", "/session")).json();
    expect(seen.organizations).toHaveLength(1);
    expect(seen.capabilities).not.toContain("webhooks:replay");
  });

  test("is required everywhere else: 401 in the error shape, with a request id", async () => {
    for (const headers of [
      {},
      { cookie: "wheelhouse=made-up" },
      { authorization: `Bearer ${"a".repeat(43)}` },
    ]) {
      const answer = await it.app.inject({ method: "GET", url: "/api/v1/audit/events", headers });
      expect(answer.statusCode).toBe(401);
      expect(answer.json()).toEqual({
        error: {
          code: "unauthenticated",
          message: expect.any(String),
          requestId: answer.headers["x-request-id"],
        },
      });
    }
  });

  test("ends on sign-out, immediately and in every replica's memory", async () => {
    const viewer = await signInAs(it, "viewer");
    const answer = await viewer.call("DELETE", "/session");
    expect(answer.statusCode).toBe(204);
    expect(answer.cookies[0]).toMatchObject({ name: "wheelhouse", value: "" });
    expect((await viewer.call("GET", "/session")).statusCode).toBe(401);
    expect((await trail("&action=access.session.delete"))[0].actor.display).toBe("Emma Lindqvist");
  });

  test("ends after the idle and absolute limits, and when its user is deactivated", async () => {
    for (const change of [
      { last_seen_at: new Date(Date.now() - 13 * 3_600_000) },
      { expires_at: new Date(Date.now() - 1_000) },
    ]) {
      const viewer = await signInAs(it, "viewer");
      await it.database.system
        .updateTable("sessions")
        .set(change)
        .where("user_id", "=", viewer.userId)
        .execute();
      expect((await viewer.call("GET", "/session")).statusCode).toBe(401);
    }
    const viewer = await signInAs(it, "viewer", "contoso");
    const disable = (disabled_at: Date | null) =>
      it.database.system.updateTable("users").set({ disabled_at }).where("id", "=", viewer.userId).execute();
    await disable(new Date());
    expect((await viewer.call("GET", "/session")).statusCode).toBe(401);
    expect((await attempt(viewer.person.email, viewer.person.password)).statusCode).toBe(401);
    await disable(null);
  });

  test("loses a right with the first request after its membership is removed", async () => {
    const viewer = await signInAs(it, "viewer", "contoso");
    expect((await viewer.call("GET", "/audit/events")).statusCode).toBe(200);
    const membership = { user_id: viewer.userId, org_id: viewer.organizationId, role: "viewer" } as const;
    await it.database.system.deleteFrom("memberships").where("user_id", "=", viewer.userId).execute();
    expect((await viewer.call("GET", "/audit/events")).statusCode).toBe(403);
    await it.database.system.insertInto("memberships").values(membership).execute();
  });

  test("records its last use, so that an active user is not timed out", async () => {
    const viewer = await signInAs(it, "viewer");
    const old = new Date(Date.now() - 2 * 3_600_000);
    const sessions = () =>
      it.database.system
        .selectFrom("sessions")
        .select("last_seen_at")
        .where("user_id", "=", viewer.userId)
        .execute();
    await it.database.system
      .updateTable("sessions")
      .set({ last_seen_at: old })
      .where("user_id", "=", viewer.userId)
      .execute();
    await viewer.call("GET", "/session");
    await vi.waitFor(async () => {
      expect((await sessions()).some(({ last_seen_at }) => last_seen_at.getTime() > old.getTime())).toBe(
        true,
      );
    });
  });
});

describe("the organization of a request", () => {
  test("is taken from the header by slug or id, and inherited rights apply there", async () => {
    const admin = await signInAs(it, "admin");
    const [, child] = (await admin.call("GET", "/session")).json().organizations;
    for (const reference of [child.slug, child.id]) {
      const answer = await admin.call("GET", "/session", {
        headers: { "x-wheelhouse-organization": reference },
      });
      expect(answer.json().organization).toMatchObject({ slug: "northwind-eu", role: "admin" });
    }
  });

  test.each(["contoso", "platform", "no-such-organization", "northwind-eu"])(
    "of someone else (%s) gets the same 403, audited where it was attempted",
    async (reference) => {
      const viewer = await signInAs(it, "viewer");
      const answer = await viewer.call("GET", "/audit/events", {
        headers: { "x-wheelhouse-organization": reference },
      });
      expect(answer.statusCode).toBe(403);
      expect(answer.json().error.message).toBe("You are not a member of this organization.");
      const home = reference === "no-such-organization" ? "platform" : reference;
      const events = await trail("&outcome=denied", home);
      expect(events[0]).toMatchObject({
        action: "audit:read",
        outcome: "denied",
        actor: { display: "Emma Lindqvist" },
      });
    },
  );

  test("changes by switching: new token, the old one only reads for 30 s, and the switch is in the trail", async () => {
    const admin = await signInAs(it, "admin");
    const [, child] = (await admin.call("GET", "/session")).json().organizations;
    const answer = await admin.call("PUT", "/session/organization", {
      payload: { organizationId: child.id },
    });
    expect(answer.statusCode).toBe(200);
    expect(answer.json().organization.slug).toBe("northwind-eu");
    const fresh = answer.cookies[0]?.value ?? "";
    expect(fresh).not.toBe(admin.cookie);
    const withFresh = { headers: { cookie: `wheelhouse=${fresh}` } };
    expect((await admin.call("GET", "/session", withFresh)).json().organization.slug).toBe("northwind-eu");

    expect((await admin.call("GET", "/session")).statusCode).toBe(200);
    expect((await admin.call("DELETE", "/session")).statusCode).toBe(401);
    await it.database.system
      .updateTable("sessions")
      .set({ previous_until: new Date(Date.now() - 1) })
      .where("previous_token_hash", "is not", null)
      .execute();
    expect((await admin.call("GET", "/session")).statusCode).toBe(401);

    expect((await trail("&action=access.session.switch-organization", "northwind-eu"))[0]).toMatchObject({
      actor: { display: "Priya Raman" },
      before: { defaultOrganization: "northwind" },
      after: { defaultOrganization: "northwind-eu" },
    });
  });

  test("is changed only so often in a minute: 429 with Retry-After, for this person alone", async () => {
    const [person, other] = [await signInAs(it, "auditor"), await signInAs(it, "operator")];
    const payload = { organizationId: person.organizationId };
    const change = async (who: typeof person, cookie = who.cookie) => {
      const headers = { cookie: `wheelhouse=${cookie}` };
      return who.call("PUT", "/session/organization", { payload, headers });
    };
    let answer = await change(person);
    for (let n = 0; n < 40 && answer.statusCode === 200; n += 1)
      answer = await change(person, answer.cookies[0]?.value);
    expect(answer.json().error.code).toBe("rate_limited");
    expect(Number(answer.headers["retry-after"])).toBeGreaterThan(0);
    expect(Number(answer.headers["retry-after"])).toBeLessThanOrEqual(60);
    expect((await change(other)).statusCode).toBe(200);
  });

  test("cannot be switched to a foreign one; the attempt is in that organization's trail, once", async () => {
    const admin = await signInAs(it, "admin");
    const foreign = await signInAs(it, "viewer", "contoso");
    const payload = { organizationId: foreign.organizationId };
    expect((await admin.call("PUT", "/session/organization", { payload })).statusCode).toBe(403);
    const action = "access.session.switch-organization";
    const events = await trail(`&action=${action}&outcome=denied`, "contoso");
    expect(events).toHaveLength(1);
    expect(await trail(`&action=${action}&outcome=denied`)).toHaveLength(0);
  });

  test("can be any organization for a superadmin", async () => {
    const root = await signInAs(it, "superadmin", "platform");
    const view = (
      await root.call("GET", "/session", { headers: { "x-wheelhouse-organization": "contoso" } })
    ).json();
    expect(view.organization).toMatchObject({ slug: "contoso", role: "superadmin" });
    expect(view.organizations).toHaveLength(4);
  });
});

describe("a change sent with a cookie", () => {
  const signOut = (headers: Record<string, string>, cookie: string) =>
    it.app.inject({
      method: "DELETE",
      url: "/api/v1/session",
      headers: { host: "console.example", ...headers },
      cookies: { wheelhouse: cookie },
    });

  test("is refused and recorded if a page of another site sent it", async () => {
    const viewer = await signInAs(it, "viewer");
    for (const headers of [
      {},
      { origin: "https://evil.example" },
      { origin: "null" },
      { "sec-fetch-site": "cross-site" },
      { "sec-fetch-site": "same-site", origin: "https://other.console.example" },
    ])
      expect.soft((await signOut(headers, viewer.cookie)).statusCode, JSON.stringify(headers)).toBe(403);
    expect((await viewer.call("GET", "/session")).statusCode).toBe(200);
    expect((await trail("&action=access.session.delete&outcome=denied"))[0].actor.display).toBe(
      "Emma Lindqvist",
    );
  });

  test.each([
    { origin: "https://console.example" },
    { "sec-fetch-site": "same-origin" },
    { "x-wheelhouse-organization": "northwind" },
  ])("is accepted from a page of its own: %o", async (headers) => {
    const viewer = await signInAs(it, "viewer");
    expect((await signOut(headers, viewer.cookie)).statusCode).toBe(204);
  });

  test("needs no such header if the token was sent explicitly", async () => {
    const viewer = await signInAs(it, "viewer");
    const answer = await it.app.inject({
      method: "DELETE",
      url: "/api/v1/session",
      headers: { authorization: `Bearer ${viewer.cookie}` },
    });
    expect(answer.statusCode).toBe(204);
  });
});
