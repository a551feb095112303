import { readFileSync } from "node:fs";
import { basename } from "node:path";
import type { Capability, Role } from "@wheelhouse/shared/capabilities.ts";
import type { ControlAct } from "@wheelhouse/shared/reporter/control.ts";
import type { ReplayPhase, ReplayState } from "@wheelhouse/shared/webhooks/replays.ts";
import type { Insertable, Selectable, Updateable } from "kysely";
import { afterAll, beforeAll, expect, expectTypeOf, test } from "vitest";
import { type Catalogue, readCatalogue } from "#database/dump/catalogue.ts";
import { dumpDatabase } from "#database/dump/dump.ts";
import { columnOverrides, type QueueAct } from "#database/table-overrides.ts";
import type { Tables } from "#database/tables.ts";
import { createTestDatabase, type TestDatabase } from "#testing/stack.ts";

let urls: TestDatabase;
let catalogue: Catalogue;
beforeAll(async () => {
  urls = await createTestDatabase();
  catalogue = await readCatalogue(urls.adminUrl);
});
afterAll(() => urls.drop());

test("schema.sql, tables.ts and docs/schema.md match the database (if not, run: npm run schema)", async () => {
  const dump = await dumpDatabase(urls.adminUrl);
  expect([...dump.keys()].map((path) => basename(path))).toEqual(["schema.sql", "tables.ts", "schema.md"]);
  for (const [path, text] of dump) expect(readFileSync(path, "utf8"), path).toBe(text);
});

test("the diagram names every table and every reference once", async () => {
  const text = [...(await dumpDatabase(urls.adminUrl))].at(-1)?.[1] ?? "";
  const named = [...text.matchAll(/^ {2}(\w+) \{$/gm)].map(([, name]) => name);
  expect(named.sort()).toEqual(catalogue.tables.map(({ name }) => name));
  const references = catalogue.tables.flatMap((table) => table.references);
  expect([...text.matchAll(/--o\{/g)]).toHaveLength(references.length);
  expect(text).not.toContain("## other");
});

test("every override names an existing column", () => {
  const columns = catalogue.tables.flatMap((table) =>
    table.columns.map(({ name }) => `${table.name}.${name}`),
  );
  expect(Object.keys(columnOverrides).filter((column) => !columns.includes(column))).toEqual([]);
});

/** Names of columns whose types are not restricted. */
type Loose<Table> = {
  [Column in keyof Selectable<Table>]: unknown extends Selectable<Table>[Column] ? Column : never;
}[keyof Selectable<Table>];

test("types are as narrow as the database and the contract: unions, shapes, and columns that nobody writes", () => {
  expectTypeOf<Selectable<Tables["memberships"]>["role"]>().toEqualTypeOf<Role>();
  expectTypeOf<Selectable<Tables["invitations"]>["role"]>().toEqualTypeOf<Role>();
  expectTypeOf<Selectable<Tables["api_tokens"]>["capabilities"]>().toEqualTypeOf<Capability[]>();
  expectTypeOf<Selectable<Tables["sessions"]>["auth_method"]>().toEqualTypeOf<"password" | "oidc">();
  expectTypeOf<Selectable<Tables["webhook_replays"]>["state"]>().toEqualTypeOf<ReplayState>();
  expectTypeOf<Selectable<Tables["webhook_replay_endpoints"]>["phase"]>().toEqualTypeOf<ReplayPhase>();
  expectTypeOf<Selectable<Tables["webhook_delivery_log"]>["status"]>().toEqualTypeOf<
    "pending" | "completed" | "failed" | "dead_letter" | "discarded"
  >();
  expectTypeOf<Selectable<Tables["operations"]>["act"]>().toEqualTypeOf<ControlAct | QueueAct>();
  expectTypeOf<Selectable<Tables["history_chunks"]>["means"]>().toEqualTypeOf<(number | null)[]>();
  expectTypeOf<Selectable<Tables["operations"]>["ordinal"]>().toEqualTypeOf<number>();

  expectTypeOf<keyof Insertable<Tables["audit_events"]>>().toEqualTypeOf<"id" | "org_id" | "content">();
  expectTypeOf<keyof Insertable<Tables["audit_checkpoints"]>>().toEqualTypeOf<"org_id" | "line">();
  type Sealed =
    | "audit_events"
    | "audit_chain"
    | "audit_heads"
    | "audit_checkpoints"
    | "audit_expirations"
    | "audit_blocks";
  expectTypeOf<{ [Name in Sealed]: keyof Updateable<Tables[Name]> }[Sealed]>().toEqualTypeOf<never>();
  type Derived = "audit_chain" | "audit_heads" | "audit_expirations" | "audit_blocks";
  expectTypeOf<{ [Name in Derived]: keyof Insertable<Tables[Name]> }[Derived]>().toEqualTypeOf<never>();
  expectTypeOf<"has_password">().not.toExtend<keyof Insertable<Tables["users"]>>();
  // A delivery always states its status, even though the table has defaults.
  expectTypeOf<Insertable<Tables["webhook_delivery_log"]>["attempts"]>().toEqualTypeOf<number>();

  type Any = { [Name in keyof Tables]: Loose<Tables[Name]> }[keyof Tables];
  expectTypeOf<Any>().toEqualTypeOf<"definition">();
});
