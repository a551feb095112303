import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startTestApp, type TestApp } from "#testing/access-app.ts";
import { signInAs } from "#testing/access-client.ts";
import { createTestDatabase, createTestRedis } from "#testing/stack.ts";

let it: TestApp;
type Person = Awaited<ReturnType<typeof signInAs>>;
let admin: Person;
let superadmin: Person;
beforeAll(async () => {
  const [urls, redis] = await Promise.all([createTestDatabase(), createTestRedis()]);
  it = await startTestApp({ urls, redisUrl: redis.url });
  [admin, superadmin] = await Promise.all([signInAs(it, "admin"), signInAs(it, "superadmin", "platform")]);
});
afterAll(() => it.close());

const at = (organization: string) => ({ headers: { "x-wheelhouse-organization": organization } });
const password = "a password of my own";

async function invite(by: Person, email: string, role: string, organization = "northwind") {
  const answer = await by.call("POST", "/invitations", { payload: { email, role }, ...at(organization) });
  expect(answer.statusCode, answer.body).toBe(201);
  const invitation = answer.json();
  return { invitation, token: String(invitation.path).split("#")[1] };
}
const accept = (payload: Record<string, unknown>, cookies: Record<string, string> = {}) =>
  it.app.inject({ method: "POST", url: "/api/v1/invitations/accept", payload, cookies });
const open = (token: unknown) =>
  it.app.inject({ method: "POST", url: "/api/v1/invitations/open", payload: { token } });

/** A new, signed-in member of the organization. */
async function newcomer(email: string, role: string, organization = "northwind") {
  const { token } = await invite(superadmin, email, role, organization);
  const answer = await accept({ token, name: email.split("@")[0], password });
  expect(answer.statusCode, answer.body).toBe(200);
  const cookie = answer.cookies[0]?.value ?? "";
  const call = (method: "GET" | "POST" | "PATCH" | "DELETE", path: string, options: object = {}) =>
    it.app.inject({
      method,
      url: `/api/v1${path}`,
      cookies: { wheelhouse: cookie },
      ...at(organization),
      ...options,
    });
  const { user } = (await call("GET", "/session")).json();
  return { call, cookie, userId: String(user.id), email };
}

// Reading the trail is recorded too and may already be in the result.
async function newest(organization = "northwind") {
  const answer = await superadmin.call(
    "GET",
    "/audit/events?limit=5&action=audit.trail.read&not=action",
    at(organization),
  );
  return answer.json().items;
}
const memberNames = async (query: string, organization = "northwind", by = admin) => {
  const answer = await by.call("GET", `/members?${query}`, at(organization));
  return answer
    .json()
    .items.map(
      ({ user, role, inherited }: { user: { name: string }; role: string; inherited: boolean }) =>
        `${role}${inherited ? " from above" : ""}: ${user.name}`,
    );
};

describe("an invitation", () => {
  test("creates an account and a member, once, and every step is in the trail", async () => {
    const { invitation, token } = await invite(admin, "ravi@northwind.example", "operator");
    expect(invitation).toMatchObject({ email: "ravi@northwind.example", role: "operator", openedAt: null });
    const offer = await open(token);
    expect(offer.json()).toMatchObject({
      organization: { slug: "northwind" },
      role: "operator",
      account: "new",
      invitedBy: "Priya Raman",
    });
    expect(
      (await accept({ token, name: "Ravi Menon", password: "too short" })).json().error.details[0].field,
    ).toBe("body.password");
    const done = await accept({ token, name: "Ravi Menon", password });
    expect(done.statusCode, done.body).toBe(200);
    expect(done.cookies[0]).toMatchObject({ name: "wheelhouse", httpOnly: true });
    expect((await accept({ token, name: "Ravi Menon", password })).statusCode).toBe(404);
    expect((await open(token)).statusCode).toBe(404);
    const events = (await newest()).map(
      ({ action, actor, before, after }: Record<string, { display?: string }>) => [
        action,
        actor?.display,
        before,
        after,
      ],
    );
    expect(events).toEqual(
      expect.arrayContaining([
        ["access.invitation.accept", "Ravi Menon", { role: null }, { role: "operator", account: "new" }],
        ["access.invitation.open", "ravi@northwind.example", null, null],
        ["access.invitation.create", "Priya Raman", null, expect.objectContaining({ role: "operator" })],
      ]),
    );
    expect(await memberNames("role=operator&limit=200")).toContain("operator: Ravi Menon");
  });

  test("keeps its secret out of the database, the trail and the list", async () => {
    const { token } = await invite(admin, "secret@northwind.example", "viewer");
    const rows = await it.database.system.selectFrom("invitations").selectAll().execute();
    expect(JSON.stringify(rows)).not.toContain(token);
    expect(JSON.stringify(await newest())).not.toContain(token);
    const list = await admin.call("GET", "/invitations");
    expect(list.body).toContain("secret@northwind.example");
    expect(list.body).not.toContain(token);
  });

  test("ends when it is revoked, renewed or expired, or when its inviter may no longer invite", async () => {
    const { invitation, token } = await invite(admin, "elin@northwind.example", "viewer");
    const again = await admin.call("POST", "/invitations", {
      payload: { email: "Elin@northwind.example", role: "viewer" },
    });
    expect(again.json().error).toMatchObject({ code: "conflict", details: [{ field: "body.email" }] });
    const renewed = await admin.call("POST", `/invitations/${invitation.id}/link`);
    expect((await open(token)).statusCode).toBe(404);
    const second = String(renewed.json().path).split("#")[1];
    expect((await open(second)).statusCode).toBe(200);
    await it.database.system
      .updateTable("memberships")
      .set({ role: "viewer" })
      .where("user_id", "=", admin.userId)
      .execute();
    expect((await open(second)).statusCode).toBe(404);
    await it.database.system
      .updateTable("memberships")
      .set({ role: "admin" })
      .where("user_id", "=", admin.userId)
      .execute();
    expect((await admin.call("DELETE", `/invitations/${invitation.id}`)).statusCode).toBe(204);
    expect((await open(second)).statusCode).toBe(404);
    expect((await admin.call("DELETE", `/invitations/${invitation.id}`)).statusCode).toBe(404);
    const old = await invite(admin, "late@northwind.example", "viewer");
    await it.database.asOrganizations([admin.organizationId], (tx) =>
      tx
        .updateTable("invitations")
        .set({ expires_at: new Date(0) })
        .where("id", "=", old.invitation.id)
        .execute(),
    );
    expect((await open(old.token)).statusCode).toBe(404);
    expect((await accept({ token: old.token, name: "Late", password })).statusCode).toBe(404);
  });

  test("admits an existing account with its password or session, and nobody else", async () => {
    const grace = await signInAs(it, "viewer", "contoso");
    const { token } = await invite(admin, grace.person.email, "viewer");
    expect((await open(token)).json().account).toBe("existing");
    expect((await accept({ token, name: "Somebody", password })).statusCode).toBe(401);
    const stranger = await signInAs(it, "operator");
    expect((await accept({ token }, { wheelhouse: stranger.cookie })).statusCode).toBe(400);
    const done = await accept({ token }, { wheelhouse: grace.cookie });
    expect(done.statusCode, done.body).toBe(200);
    expect(done.cookies).toEqual([]);
    expect((await grace.call("GET", "/session", at("northwind"))).json().organization.role).toBe("viewer");
    const twice = await admin.call("POST", "/invitations", {
      payload: { email: grace.person.email, role: "viewer" },
    });
    expect(twice.json().error).toMatchObject({
      code: "conflict",
      message: expect.stringContaining("already a member"),
    });
    expect((await admin.call("DELETE", `/members/${grace.userId}`)).statusCode).toBe(204);
    expect((await grace.call("GET", "/session", at("northwind"))).statusCode).toBe(403);
    expect((await grace.call("GET", "/session")).statusCode).toBe(200);
  });

  test("cannot be created above one's own role, for oneself, or with read access only", async () => {
    const attempt = (by: Person, email: string, role: string, organization = "northwind") =>
      by.call("POST", "/invitations", { payload: { email, role }, ...at(organization) });
    expect((await attempt(admin, "x@y.example", "superadmin")).statusCode).toBe(403);
    expect((await attempt(superadmin, "x@y.example", "superadmin")).statusCode).toBe(403);
    expect((await attempt(admin, admin.person.email, "auditor")).statusCode).toBe(403);
    expect((await attempt(admin, admin.person.email, "auditor", "northwind-eu")).statusCode).toBe(403);
    expect((await attempt(await signInAs(it, "auditor"), "x@y.example", "viewer")).statusCode).toBe(403);
    expect((await attempt(admin, "x@y.example", "viewer", "contoso")).statusCode).toBe(403);
  });
});

describe("members", () => {
  test("are listed by role and name, page by page, including inherited roles", async () => {
    const first = await admin.call("GET", "/members?limit=2");
    expect(first.json().items).toHaveLength(2);
    const names: string[] = [];
    let cursor = "";
    do {
      const { items, nextCursor } = (await admin.call("GET", `/members?limit=2${cursor}`)).json();
      names.push(...items.map(({ user }: { user: { name: string } }) => user.name));
      cursor = nextCursor ? `&cursor=${nextCursor}` : "";
    } while (cursor);
    expect(names.slice(0, 2)).toEqual(["Noor Haddad", "Priya Raman"]);
    expect(new Set(names).size).toBe(names.length);
    expect(names).toContain("Emma Lindqvist");
    expect(await memberNames("limit=50", "northwind-eu")).toEqual([
      "superadmin from above: Noor Haddad",
      "admin from above: Priya Raman",
      "auditor from above: Aiko Tanaka",
    ]);
    expect(await memberNames("q=PRIYA")).toEqual(["admin: Priya Raman"]);
    expect(await memberNames("q=%25")).toEqual([]);
  });

  test("a parent's admin can manage the child, but the child's admin cannot manage the parent", async () => {
    const child = await newcomer("child-admin@northwind.example", "admin", "northwind-eu");
    expect((await child.call("GET", "/members")).statusCode).toBe(200);
    expect((await child.call("GET", "/members", at("northwind"))).statusCode).toBe(403);
    expect((await child.call("DELETE", `/members/${admin.userId}`)).statusCode).toBe(404);
    expect((await child.call("GET", "/members", { ...at("contoso") })).statusCode).toBe(403);
    const demoted = await admin.call("PATCH", `/members/${child.userId}`, {
      payload: { role: "viewer", currentRole: "admin" },
      ...at("northwind-eu"),
    });
    expect(demoted.statusCode, demoted.body).toBe(200);
    expect((await child.call("GET", "/members")).statusCode).toBe(403);
    const [event] = await newest("northwind-eu");
    expect(event).toMatchObject({ action: "access:read", outcome: "denied" });
  });

  test("a role changes once, from the one that the admin saw, with before and after in the trail", async () => {
    const viewer = await newcomer("changing@northwind.example", "viewer");
    const change = (role: string, currentRole: string) =>
      admin.call("PATCH", `/members/${viewer.userId}`, { payload: { role, currentRole } });
    expect((await change("operator", "viewer")).json().role).toBe("operator");
    expect((await change("viewer", "viewer")).statusCode).toBe(409);
    expect((await change("superadmin", "operator")).statusCode).toBe(403);
    const events = await newest();
    expect(
      events.find(
        ({ outcome, action }: Record<string, string>) =>
          outcome === "success" && action === "access.member.update",
      ),
    ).toMatchObject({
      targets: [{ type: "user", id: viewer.userId, name: "changing" }],
      before: { role: "viewer" },
      after: { role: "operator" },
    });
    expect((await viewer.call("GET", "/session")).json().capabilities).toContain("queues:act");
  });

  test("nobody can extend their own permissions, and the last admin of a root stays", async () => {
    const self = (role: string) =>
      admin.call("PATCH", `/members/${admin.userId}`, { payload: { role, currentRole: "admin" } });
    expect((await self("auditor")).statusCode).toBe(403);
    expect((await self("viewer")).json().error.message).toContain("last admin of Northwind");
    expect((await admin.call("DELETE", `/members/${admin.userId}`)).statusCode).toBe(409);
    expect(
      (await superadmin.call("DELETE", `/members/${superadmin.userId}`, at("platform"))).json().error.message,
    ).toContain("last superadmin");
  });

  test("two admins who remove each other at the same time leave one", async () => {
    const [one, other] = await Promise.all([
      newcomer("one@contoso.example", "admin", "contoso"),
      newcomer("other@contoso.example", "admin", "contoso"),
    ]);
    const tomas = await signInAs(it, "admin", "contoso");
    expect((await one.call("DELETE", `/members/${tomas.userId}`)).statusCode).toBe(204);
    const answers = await Promise.all([
      one.call("DELETE", `/members/${other.userId}`),
      other.call("DELETE", `/members/${one.userId}`),
    ]);
    expect(answers.map(({ statusCode }) => statusCode).sort()).toEqual([204, 409]);
  });

  test("an account can only be deactivated by someone who administers all of its memberships, and its sessions end for good", async () => {
    const both = await newcomer("both@northwind.example", "viewer");
    const { token } = await invite(superadmin, both.email, "viewer", "contoso");
    await accept({ token, password });
    const detail = (await admin.call("GET", `/members/${both.userId}`)).json();
    expect(detail).toMatchObject({
      elsewhere: 1,
      deactivationRefusal: expect.stringContaining("role elsewhere"),
    });
    expect((await admin.call("POST", `/members/${both.userId}/deactivate`)).statusCode).toBe(403);
    const own = await newcomer("own@northwind.example", "viewer");
    expect(
      (await admin.call("POST", `/members/${own.userId}/deactivate`)).json().user.deactivatedAt,
    ).not.toBeNull();
    expect((await own.call("GET", "/session")).statusCode).toBe(401);
    expect((await admin.call("POST", `/members/${own.userId}/deactivate`)).statusCode).toBe(409);
    expect(
      (await admin.call("POST", `/members/${own.userId}/reactivate`)).json().user.deactivatedAt,
    ).toBeNull();
    expect((await own.call("GET", "/session")).statusCode).toBe(401);
    const back = { email: own.email, password };
    expect((await it.app.inject({ method: "POST", url: "/api/v1/session", payload: back })).statusCode).toBe(
      200,
    );
    expect((await admin.call("POST", `/members/${admin.userId}/deactivate`)).statusCode).toBe(403);
  });
});

describe("organizations", () => {
  test("are created below one's own and renamed, at most five levels deep, and are reachable immediately", async () => {
    const make = (organization: string, slug: string, by = admin) =>
      by.call("POST", "/organizations", { payload: { name: slug.toUpperCase(), slug }, ...at(organization) });
    let parent = "northwind-eu";
    for (const slug of ["nw-3", "nw-4", "nw-5"]) {
      const made = await make(parent, slug);
      expect(made.statusCode, made.body).toBe(201);
      parent = slug;
    }
    expect((await make("nw-5", "nw-6")).json().error.message).toContain("5 levels");
    expect((await make("northwind", "nw-3")).json().error.details[0].field).toBe("body.slug");
    expect((await make("northwind", "contoso")).statusCode).toBe(409);
    expect((await make("platform", "root-x")).statusCode).toBe(403);
    expect((await make("platform", "fabrikam", superadmin)).json()).toMatchObject({
      parentId: null,
      level: 0,
    });
    const list = (await admin.call("GET", "/organizations")).json().items;
    expect(list.map(({ slug, level }: { slug: string; level: number }) => `${level} ${slug}`)).toEqual([
      "0 northwind",
      "1 northwind-eu",
      "2 nw-3",
      "3 nw-4",
      "4 nw-5",
    ]);
    const renamed = await admin.call("PATCH", `/organizations/${list[2].id}`, { payload: { name: "Third" } });
    expect(renamed.json()).toMatchObject({ name: "Third", slug: "nw-3" });
    expect((await newest("nw-3"))[0]).toMatchObject({ before: { name: "NW-3" }, after: { name: "Third" } });
    const foreign = (await superadmin.call("GET", "/organizations")).json().items;
    const contoso = foreign.find(({ slug }: { slug: string }) => slug === "contoso");
    expect(
      (await admin.call("PATCH", `/organizations/${contoso.id}`, { payload: { name: "Mine" } })).statusCode,
    ).toBe(404);
  });
});
