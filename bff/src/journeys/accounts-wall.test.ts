import pg from "pg";
import { pino } from "pino";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createChanges } from "#features/audit/writing/changes.ts";
import { createSecretBox } from "#lib/security/secret-box.ts";
import { startTestApp, type TestApp } from "#testing/access-app.ts";
import { signInAs } from "#testing/access-client.ts";
import { testContext } from "#testing/contexts.ts";
import { createTestDatabase, createTestRedis, type TestDatabase } from "#testing/stack.ts";

/*
 * Accounts, sessions and identities belong to no single organization, so row-level security alone does not guard them.
 * The application's role sees only the acting person and the people of the transaction's organizations, may use few
 * columns, and a change without an audit event is refused at COMMIT.
 */
let urls: TestDatabase;
let it: TestApp;
let app: pg.Client;
let admin: pg.Client;
let victim: Awaited<ReturnType<typeof signInAs>>;
let other: Awaited<ReturnType<typeof signInAs>>;

beforeAll(async () => {
  const [made, redis] = await Promise.all([createTestDatabase(), createTestRedis()]);
  urls = made;
  it = await startTestApp({ urls, redisUrl: redis.url });
  app = new pg.Client({ connectionString: urls.appUrl });
  admin = new pg.Client({ connectionString: urls.adminUrl });
  await Promise.all([app.connect(), admin.connect()]);
  victim = await signInAs(it, "operator");
  other = await signInAs(it, "viewer");
});
afterAll(async () => {
  await Promise.all([app.end(), admin.end()]);
  await it.close();
});

/**
 * Runs statements as the application's role, without the application's code.
 * @returns the code of the refusal, or "done".
 */
async function attempt(sql: string, values: unknown[] = []): Promise<string> {
  await app.query("begin");
  try {
    await app.query("select set_config('wheelhouse.organization_ids', $1, true)", [
      `{${victim.organizationId}}`,
    ]);
    await app.query(sql, values);
    await app.query("commit");
    return "done";
  } catch (error) {
    await app.query("rollback");
    return error instanceof pg.DatabaseError ? (error.code ?? "") : String(error);
  }
}
const refused = "42501";

test.each([
  "select password_hash from wheelhouse.users",
  "select token_hash from wheelhouse.sessions",
  "select address, user_agent from wheelhouse.sessions",
  "select * from wheelhouse.sessions",
  "select issuer, subject from wheelhouse.oidc_identities",
  "select from wheelhouse.sessions where token_hash = decode(repeat('00', 32), 'hex')",
  "update wheelhouse.sessions set user_id = user_id",
  "update wheelhouse.sessions set token_hash = token_hash",
  "update wheelhouse.sessions set expires_at = expires_at",
  "update wheelhouse.users set email = email",
  "update wheelhouse.oidc_identities set user_id = user_id",
  "delete from wheelhouse.users",
  "delete from wheelhouse.sessions",
  "delete from wheelhouse.oidc_identities",
])("the application's role may not: %s", async (sql) => {
  expect(await attempt(sql)).toBe(refused);
});

describe("a transaction of the application's role sees", () => {
  /** Rows of a query in a transaction of these organizations, with this person as the actor. */
  async function seen<T extends pg.QueryResultRow>(
    { organizationIds = [], personId = "" }: { organizationIds?: string[]; personId?: string },
    query: string,
    values: unknown[] = [],
  ): Promise<T[]> {
    await app.query("begin");
    try {
      await app.query(
        "select set_config('wheelhouse.organization_ids', $1, true), set_config('wheelhouse.person_id', $2, true)",
        [`{${organizationIds.join(",")}}`, personId],
      );
      return (await app.query<T>(query, values)).rows;
    } finally {
      await app.query("rollback");
    }
  }
  const everybody = "select email from wheelhouse.users order by email";

  test("the members of its organizations and nobody else, in each organization", async () => {
    const { rows: organizations } = await admin.query<{ id: string; emails: string[] }>(`
      select o.id, coalesce(array_agg(u.email order by u.email) filter (where u.id is not null), '{}') as emails
      from wheelhouse.organizations o left join wheelhouse.memberships m on m.org_id = o.id
      left join wheelhouse.users u on u.id = m.user_id group by o.id`);
    expect(organizations.filter(({ emails }) => emails.length > 0).length).toBeGreaterThan(2);
    for (const { id, emails } of organizations)
      expect(await seen({ organizationIds: [id] }, everybody)).toEqual(emails.map((email) => ({ email })));
  });

  test.each([
    "select email, name from wheelhouse.users where id = $1",
    "select from wheelhouse.sessions where user_id = $1",
    "select from wheelhouse.oidc_identities where user_id = $1",
  ])("nothing of a person elsewhere: %s", async (query) => {
    const stranger = await signInAs(it, "admin", "contoso");
    await admin.query(
      "insert into wheelhouse.oidc_identities (issuer, subject, user_id) values ('i', 's', $1) on conflict do nothing",
      [stranger.userId],
    );
    expect(await seen({ organizationIds: [victim.organizationId] }, query, [stranger.userId])).toEqual([]);
    expect(await seen({ organizationIds: [stranger.organizationId] }, query, [stranger.userId])).not.toEqual(
      [],
    );
    expect(await seen({ personId: stranger.userId }, query, [stranger.userId])).not.toEqual([]);
  });

  test("no people without naming an organization", async () => {
    expect(await seen({}, everybody)).toEqual([]);
    expect(await seen({}, "select user_id from wheelhouse.sessions")).toEqual([]);
  });

  test("an administrator from above who invited or created a token there, although no member", async () => {
    const above = await signInAs(it, "superadmin", "platform");
    const names = () =>
      seen({ organizationIds: [victim.organizationId] }, "select from wheelhouse.users where id = $1", [
        above.userId,
      ]);
    expect(await names()).toEqual([]);
    const invited = await above.call("POST", "/invitations", {
      headers: { "x-wheelhouse-organization": "northwind" },
      payload: { email: "somebody@new.example", role: "viewer" },
    });
    expect(invited.statusCode).toBe(201);
    expect(await names()).toHaveLength(1);
    const invitations = await (await signInAs(it, "admin")).call("GET", "/invitations");
    expect(invitations.json().items).toMatchObject([{ email: "somebody@new.example" }]);
  });

  test("the acting person even where no member, who changes the password and ends their own sessions there", async () => {
    const above = await signInAs(it, "superadmin", "platform");
    const second = await signInAs(it, "superadmin", "platform");
    const headers = { "x-wheelhouse-organization": "northwind" };
    const ended = await above.call("DELETE", "/sessions", { headers });
    expect(ended.statusCode).toBe(200);
    expect((await second.call("GET", "/session")).statusCode).toBe(401);
    const { email, password: currentPassword } = above.person;
    const newPassword = "granite-lantern-47-orbit";
    const changed = await above.call("PUT", "/session/password", {
      headers,
      payload: { currentPassword, newPassword },
    });
    expect(changed.statusCode).toBe(200);
    const again = await it.app.inject({
      method: "POST",
      url: "/api/v1/session",
      payload: { email, password: newPassword },
    });
    expect(again.statusCode).toBe(200);
  });
});

describe("without an event about the person in the same transaction", () => {
  const changes: [string, string][] = [
    ["a password is set", "update wheelhouse.users set password_hash = 'mine' where id = $1"],
    ["every password is set", "update wheelhouse.users set password_hash = 'mine' where $1 <> ''"],
    ["an account is closed", "update wheelhouse.users set disabled_at = now() where id = $1"],
    [
      "an account is created",
      "insert into wheelhouse.users (id, email, name) values (gen_random_uuid(), 'mine@evil.example', $1)",
    ],
    [
      "a session is created",
      `insert into wheelhouse.sessions (token_hash, user_id, default_org_id, auth_method, expires_at)
       select sha256('mine'), user_id, org_id, 'password', now() + interval '1 day'
       from wheelhouse.memberships where user_id = $1`,
    ],
    ["a session is ended", "update wheelhouse.sessions set revoked_at = now() where user_id = $1"],
    [
      "an identity is linked",
      "insert into wheelhouse.oidc_identities (issuer, subject, user_id) values ('i', 's', $1)",
    ],
    ["a role is given", "update wheelhouse.memberships set role = 'admin' where user_id = $1"],
    ["a membership is ended", "delete from wheelhouse.memberships where user_id = $1"],
  ];

  test.each(changes)("%s by nobody", async (_, sql) => {
    expect(await attempt(sql, [victim.userId])).toBe(refused);
    expect((await victim.call("GET", "/session")).json()).toMatchObject({ user: { id: victim.userId } });
  });

  test("it is refused as well if the event is about somebody else, or belongs to another transaction", async () => {
    const trail = createChanges({
      database: it.database,
      box: createSecretBox(Buffer.alloc(32, 7).toString("base64")),
      log: pino({ level: "silent" }),
    });
    const context = testContext({ id: victim.organizationId, slug: "northwind", name: "Northwind" });
    const close = (about: string) =>
      trail.run(context, "access.member.deactivate", async (tx) => {
        await tx
          .updateTable("users")
          .set({ disabled_at: new Date() })
          .where("id", "=", victim.userId)
          .execute();
        return { result: null, audit: { targets: [{ type: "user", id: about, name: "" }] } };
      });
    await expect(close(other.userId)).rejects.toMatchObject({ code: refused });
    expect((await victim.call("GET", "/session")).statusCode).toBe(200);
    await close(victim.userId);
    expect((await victim.call("GET", "/session")).statusCode).toBe(401);
    expect(
      await attempt("update wheelhouse.users set disabled_at = null where id = $1", [victim.userId]),
    ).toBe(refused);
    await it.database.system
      .updateTable("users")
      .set({ disabled_at: null })
      .where("id", "=", victim.userId)
      .execute();
  });
});

test("signing in with a browser that somebody else uses ends that session, recorded in that person's organization", async () => {
  const before = await signInAs(it, "admin", "contoso");
  const person = it.credentials.find(
    ({ role, organization }) => role === "viewer" && organization === "northwind",
  );
  const answer = await it.app.inject({
    method: "POST",
    url: "/api/v1/session",
    cookies: { wheelhouse: before.cookie },
    payload: { email: person?.email, password: person?.password },
  });
  expect(answer.statusCode).toBe(200);
  expect((await before.call("GET", "/session")).statusCode).toBe(401);
  const again = await signInAs(it, "admin", "contoso");
  const events = await again.call("GET", "/audit/events?action=access.session.delete");
  expect(events.json().items).toMatchObject([
    { actor: { id: before.userId }, targets: [{ id: before.userId }] },
  ]);
  const elsewhere = await signInAs(it, "admin");
  const theirs = await elsewhere.call("GET", "/audit/events?limit=200");
  expect(JSON.stringify(theirs.json())).not.toContain(before.userId);
});
