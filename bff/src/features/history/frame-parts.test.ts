import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import pg from "pg";
import { pino } from "pino";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createDatabase, type Database } from "#lib/postgres/postgres.ts";
import { createTestDatabase } from "#testing/stack.ts";
import { beginMs, historyOf, isoOf, makeOrganization } from "./testing/history.fixture.ts";
import { deltaBase, packDifference, packWhole } from "./writing/delta.ts";

const folder = fileURLToPath(new URL("../../../database/migrations/", import.meta.url));
const migration = readdirSync(folder).find((name) => name.endsWith("-history-frame-parts.sql")) ?? "";

/** The table before frames were divided into parts. */
const asBefore = `
  set local role wheelhouse_owner;
  drop table wheelhouse.history_frames;
  create table wheelhouse.history_frames (
    org_id uuid not null references wheelhouse.organizations (id),
    at timestamptz not null,
    base_at timestamptz,
    keep_until timestamptz not null,
    overview bytea not null, health bytea not null, breakers bytea not null, caches bytea not null,
    queues bytea not null, servers bytea, details bytea,
    primary key (org_id, at)
  );
  create index history_frames_expired on wheelhouse.history_frames (keep_until);
  select wheelhouse.own_by_organization('wheelhouse.history_frames');
  grant select on wheelhouse.history_frames to wheelhouse_app;
  grant select, insert, delete on wheelhouse.history_frames to wheelhouse_system;
  reset role;`;

let database: Database;
let admin: pg.Client;
beforeAll(async () => {
  const urls = await createTestDatabase();
  database = createDatabase({ ...urls, poolSize: 4, log: pino({ level: "silent" }) });
  admin = new pg.Client({ connectionString: urls.adminUrl });
  await admin.connect();
});
afterAll(async () => {
  await admin.end();
  await database.close();
});
const inTransaction = async (sql: string) => {
  await admin.query("begin");
  await admin.query(sql);
  await admin.query("commit");
};

test("frames stored as a whole are readable after they were divided into parts", async () => {
  const organization = await makeOrganization(database);
  const foreign = await makeOrganization(database);
  const names = ["overview", "health", "breakers", "caches", "queues"];
  const textOf = (name: string, at: number) =>
    Buffer.from(JSON.stringify({ name, at, items: Array.from({ length: 50 }, (_, each) => each) }));
  await inTransaction(asBefore);
  const store = async (at: number, baseAt: number | null, packed: (Buffer | null)[]) =>
    admin.query(
      "insert into wheelhouse.history_frames values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
      [organization.id, isoOf(at), baseAt === null ? null : isoOf(baseAt), isoOf(at + 1_000), ...packed],
    );
  const laterMs = beginMs + 10_000;
  const whole = await Promise.all(names.map((name) => packWhole(textOf(name, 0))));
  await store(beginMs, null, [...whole, null, null]);
  const different = await Promise.all(
    names.map((name) => packDifference(textOf(name, 1), deltaBase(textOf(name, 0)))),
  );
  expect(different.every(([mark]) => mark === 1)).toBe(true);
  await store(laterMs, beginMs, [...different, await packWhole(textOf("servers", 1)), null]);

  await inTransaction(readFileSync(`${folder}/${migration}`, "utf8"));

  const { readPart } = historyOf(database, laterMs + 60_000).past;
  const read = async (part: string, ms: number) => String(await readPart(organization.id, part, isoOf(ms)));
  for (const name of names) {
    expect(await read(name, beginMs)).toBe(String(textOf(name, 0)));
    expect(await read(name, laterMs + 5_000)).toBe(String(textOf(name, 1)));
  }
  expect(await read("servers", laterMs)).toBe(String(textOf("servers", 1)));
  const notYet = { code: "not_found", message: "This was not yet stored at that time." };
  await expect(read("servers", beginMs)).rejects.toMatchObject(notYet);
  await expect(read("details", laterMs)).rejects.toMatchObject(notYet);
  await expect(read("overview", beginMs - 1)).rejects.toMatchObject({
    code: "not_found",
    message: expect.stringContaining(isoOf(beginMs)),
  });
  await expect(readPart(foreign.id, "overview", isoOf(laterMs))).rejects.toMatchObject({ code: "not_found" });
  const { rows } = await admin.query(
    "select count(*)::int as count, min(keep_until) as first, max(base_at) as base from wheelhouse.history_frames",
  );
  expect(rows).toEqual([{ count: 11, first: new Date(beginMs + 1_000), base: new Date(beginMs) }]);
});
