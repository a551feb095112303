import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createTestDatabase, type TestDatabase } from "#testing/stack.ts";
import { statementEnd } from "./db/shell.ts";

const bff = fileURLToPath(new URL("../", import.meta.url));
let urls: TestDatabase;
let dataDir: string;
beforeAll(async () => {
  urls = await createTestDatabase();
  dataDir = mkdtempSync(join(tmpdir(), "wheelhouse-db-"));
});
afterAll(async () => {
  rmSync(dataDir, { recursive: true });
  await urls.drop();
});

async function shell(typed: string, environment: Record<string, string> = {}) {
  const child = spawn(process.execPath, ["--import", "tsx", "launch/db.ts", "--shell"], {
    cwd: bff,
    env: { PATH: process.env.PATH, WHEELHOUSE_DATA_DIR: dataDir, ...environment },
  });
  child.stdin.end(typed);
  const closed = once(child, "close");
  const [printed, errors] = await Promise.all([text(child.stdout), text(child.stderr)]);
  const [code] = await closed;
  return { printed, errors, code };
}

test("multi-line statements, tables and errors are answered in turn, until \\q", async () => {
  writeFileSync(
    join(dataDir, "connections.json"),
    JSON.stringify({ databaseAdminUrl: urls.adminUrl, databaseUrl: urls.appUrl }),
  );
  const { printed, errors } = await shell(
    "select slug, depth,\n  null as parent from organizations; select 'a;b' as text;\nselect nothing;\n" +
      "create table made (id int);\ninsert into made values (1), (2);\n\\d memberships\n\\d\n\\d nowhere\n\\q\nselect 'too late';\n",
  );
  expect(errors).toBe("");
  expect(printed).toContain(
    " slug     | depth | parent\n----------+-------+--------\n platform | 1     |\n(1 row)\n text\n------\n a;b\n(1 row)\n" +
      'ERROR: column "nothing" does not exist\nCREATE\nINSERT 2\n',
  );
  expect(printed).toContain("create table wheelhouse.memberships (\n  org_id uuid not null,");
  expect(printed).toMatch(/^ audit_chain +\| org_id, seq, audit_id, /m);
  expect(printed).toContain("There is no table nowhere.");
  expect(printed).not.toContain("too late");
}, 40_000);

test("without a running Wheelhouse and without DATABASE_ADMIN_URL it prints what to do", async () => {
  const { errors, code } = await shell("", { WHEELHOUSE_DATA_DIR: join(dataDir, "none") });
  expect(errors).toBe("There is no database to open: run `npm start` first, or set DATABASE_ADMIN_URL\n");
  expect(code).toBe(1);
}, 40_000);

test.each([
  ["select 1", 0],
  ["select 1; select 2;", 9],
  ["select 'it''s; so';", 19],
  ["select 'not closed;", 0],
  ["select 1 -- no; end\n;", 21],
  ["do $$ begin null; end $$;", 25],
  ["do $x$ begin null; end", 0],
  ['select ";";', 11],
  ["/* ; */ select 1;", 17],
])("the statement in %j ends at %i", (sql, end) => {
  expect(statementEnd(sql)).toBe(end);
});
