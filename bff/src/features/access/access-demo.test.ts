import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { roles } from "@wheelhouse/shared/capabilities.ts";
import { expect, test } from "vitest";
import { startTestApp } from "#testing/access-app.ts";
import { createTestDatabase, createTestRedis } from "#testing/stack.ts";
import { seedDemo } from "./access-demo.ts";
import { createFirstAdmin } from "./access-first-admin.ts";

const bff = fileURLToPath(new URL("../../../", import.meta.url));

test("the demo has one of each role in its first organization, two unrelated roots and one superadmin", async () => {
  const urls = await createTestDatabase();
  const dataDir = mkdtempSync(join(tmpdir(), "wheelhouse-demo-"));
  const credentials = await seedDemo({ adminUrl: urls.adminUrl, dataDir });
  const shown = credentials.map(({ role, organization }) => `${organization}:${role}`);
  expect(shown).toEqual([
    "northwind:viewer",
    "northwind:operator",
    "northwind:admin",
    "northwind:auditor",
    "contoso:admin",
    "contoso:viewer",
    "platform:superadmin",
  ]);
  expect(new Set(credentials.map(({ role }) => role))).toEqual(new Set(roles));
  expect(new Set(credentials.map(({ password }) => password)).size).toBe(credentials.length);
  const file = join(dataDir, "credentials.json");
  expect(statSync(file).mode & 0o777).toBe(0o600);
  expect(JSON.parse(readFileSync(file, "utf8"))).toEqual(credentials);

  // A restart keeps the passwords, also when the database was lost meanwhile.
  expect(await seedDemo({ adminUrl: urls.adminUrl, dataDir })).toEqual(credentials);
  const fresh = await createTestDatabase();
  expect(await seedDemo({ adminUrl: fresh.adminUrl, dataDir })).toEqual(credentials);
});

test("the first superadmin signs in; another password ends the sessions of the old one", async () => {
  const [urls, redis] = await Promise.all([createTestDatabase(), createTestRedis()]);
  const it = await startTestApp({ urls, redisUrl: redis.url });
  const signIn = (password: string) =>
    it.app.inject({
      method: "POST",
      url: "/api/v1/session",
      payload: { email: "ops@example.org", password },
    });
  const { adminUrl } = urls;
  const made = await createFirstAdmin({ adminUrl, email: "ops@example.org", name: "Ops" });
  const first = await signIn(made);
  expect(first.json().organization).toMatchObject({ slug: "platform", role: "superadmin" });

  const command = promisify(execFile)(
    process.execPath,
    ["--import", "tsx", "launch/create-admin.ts", "--email", "ops@example.org"],
    { cwd: bff, env: { ...process.env, DATABASE_ADMIN_URL: adminUrl }, timeout: 40_000 },
  );
  command.child.stdin?.end("another long password\n");
  expect((await command).stdout).toBe("ops@example.org is superadmin of this installation.\n");
  expect((await signIn("another long password")).statusCode).toBe(200);
  const [cookie] = first.cookies;
  const old = await it.app.inject({ url: "/api/v1/session", cookies: { wheelhouse: cookie?.value ?? "" } });
  expect(old.statusCode).toBe(401);
  await it.close();
}, 60_000);

test.each([
  { email: "no address", password: "long enough to be one", problem: "must be an e-mail address" },
  { email: "ops@example.org", password: "short", problem: "12 to 1024 characters" },
])("a superadmin with $email and $password is not made", async ({ email, password, problem }) => {
  await expect(
    createFirstAdmin({ adminUrl: "postgres://nowhere", email, name: "Ops", password }),
  ).rejects.toThrow(problem);
});
