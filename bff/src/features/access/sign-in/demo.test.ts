import { mkdtempSync, readFileSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { roles } from "@wheelhouse/shared/capabilities.ts";
import { expect, test } from "vitest";
import { createTestDatabase } from "#testing/stack.ts";
import { seedDemo } from "./demo.ts";

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

  // A restart keeps the passwords, even if the database was lost in between.
  expect(await seedDemo({ adminUrl: urls.adminUrl, dataDir })).toEqual(credentials);
  const fresh = await createTestDatabase();
  expect(await seedDemo({ adminUrl: fresh.adminUrl, dataDir })).toEqual(credentials);
});
