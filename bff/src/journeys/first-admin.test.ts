import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import pg from "pg";
import { pino } from "pino";
import { afterAll, beforeAll, expect, inject, test } from "vitest";
import { createFirstAdmin } from "#features/access/sign-in/first-admin.ts";
import { createChanges } from "#features/audit/writing/changes.ts";
import { migrate } from "#lib/postgres/migrate.ts";
import { createDatabase } from "#lib/postgres/postgres.ts";
import { createSecretBox } from "#lib/security/secret-box.ts";
import { startTestApp, type TestApp } from "#testing/access-app.ts";
import { signInAs } from "#testing/access-client.ts";
import { createTestDatabase, createTestRedis, type TestDatabase } from "#testing/stack.ts";

const bff = fileURLToPath(new URL("../../", import.meta.url));
const email = "ops@example.org";
const log = pino({ level: "silent" });

let urls: TestDatabase;
let it: TestApp;
beforeAll(async () => {
  const [made, redis] = await Promise.all([createTestDatabase(), createTestRedis()]);
  urls = made;
  it = await startTestApp({ urls, redisUrl: redis.url });
});
afterAll(() => it.close());

async function firstAdmin(adminUrl: string, given: { email?: string; password?: string } = {}) {
  const database = createDatabase({
    appUrl: adminUrl,
    systemUrl: adminUrl,
    poolSize: 1,
    isAdministrator: true,
    log,
  });
  const box = createSecretBox(Buffer.alloc(32, 7).toString("base64"));
  const changes = createChanges({ database, box, log });
  return createFirstAdmin({ changes, email, name: "Ops", ...given }).finally(() => database.close());
}

test("the first superadmin signs in; another password ends the sessions of the old one; both are in the trail", async () => {
  const signIn = (password: string) =>
    it.app.inject({ method: "POST", url: "/api/v1/session", payload: { email, password } });
  const first = await signIn(await firstAdmin(urls.adminUrl));
  expect(first.json().organization).toMatchObject({ slug: "platform", role: "superadmin" });

  const command = promisify(execFile)(
    process.execPath,
    ["--import", "tsx", "launch/create-admin.ts", "--email", email],
    { cwd: bff, env: { ...process.env, DATABASE_ADMIN_URL: urls.adminUrl }, timeout: 40_000 },
  );
  command.child.stdin?.end("another long password\n");
  expect((await command).stdout).toBe(`${email} is superadmin of this installation.\n`);
  expect((await signIn("another long password")).statusCode).toBe(200);
  const [cookie] = first.cookies;
  const old = await it.app.inject({ url: "/api/v1/session", cookies: { wheelhouse: cookie?.value ?? "" } });
  expect(old.statusCode).toBe(401);

  const root = await signInAs(it, "superadmin", "platform");
  const trail = await root.call("GET", "/audit/events?action=access.administrator.set");
  const by = { type: "system", display: "command for the first administrator" };
  expect(trail.json().items).toMatchObject([
    { actor: by, after: { role: "superadmin", account: "existing", endedSessions: 1 } },
    { actor: by, after: { account: "new", endedSessions: 0 }, targets: [{ type: "user", name: "Ops" }] },
  ]);
  expect(trail.body).not.toContain("another long password");
}, 60_000);

test("an administrator who is not a superuser, as on managed servers, migrates and creates the first superadmin", async () => {
  const { postgresUrl } = inject("stack");
  const name = `steward_${randomBytes(4).toString("hex")}`;
  const root = new pg.Client({ connectionString: postgresUrl });
  await root.connect();
  await root.query(`create role ${name} login createrole password 'steward'`);
  await root.query(`grant wheelhouse_owner, wheelhouse_search to ${name} with admin option`);
  await root.query(`create database ${name} owner ${name}`);
  const url = new URL(postgresUrl);
  Object.assign(url, { username: name, password: "steward", pathname: `/${name}` });
  try {
    expect((await migrate({ adminUrl: url.href, log })).length).toBeGreaterThan(20);
    await firstAdmin(url.href);
    const made = new pg.Client({ connectionString: url.href });
    await made.connect();
    const { rows } = await made.query(
      "select u.email, m.role from wheelhouse.users u join wheelhouse.memberships m on m.user_id = u.id",
    );
    await made.end();
    expect(rows).toEqual([{ email, role: "superadmin" }]);
  } finally {
    await root.query(`drop database ${name} with (force)`);
    await root.query(`revoke wheelhouse_owner, wheelhouse_search from ${name} cascade`);
    await root.query(`drop role ${name}`);
    await root.end();
  }
});

test.each([
  { email: "no address", password: "long enough to be one", problem: "must be an e-mail address" },
  { email, password: "short", problem: "12 to 1024 characters" },
])("a superadmin with $email and $password is not created", async ({ problem, ...given }) => {
  await expect(firstAdmin("postgres://nowhere", given)).rejects.toThrow(problem);
});
