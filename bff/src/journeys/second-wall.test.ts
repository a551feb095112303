import pg from "pg";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createTestDatabase, type TestDatabase } from "#testing/stack.ts";

/*
 * With the first wall disabled: statements of the application's role that omit the organization, or name a foreign one,
 * on every organization-owned table in the catalogue.
 */
type Table = { name: string; columns: string[] };

let urls: TestDatabase;
let admin: pg.Client;
let app: pg.Client;
let tables: Table[] = [];
const mine = "01900000-0000-7000-8000-0000000000a1";
const foreign = "01900000-0000-7000-8000-0000000000a2";

beforeAll(async () => {
  urls = await createTestDatabase();
  admin = new pg.Client({ connectionString: urls.adminUrl });
  app = new pg.Client({ connectionString: urls.appUrl });
  await Promise.all([admin.connect(), app.connect()]);
  const { rows } = await admin.query(`
    select c.relname as name, array_agg(a.attname::text) as columns
    from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped and a.attgenerated = '' and a.attidentity <> 'a'
    where c.relnamespace = 'wheelhouse'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition
    group by c.relname having 'org_id' = any (array_agg(a.attname::text)) order by c.relname`);
  tables = rows;
  await admin.query("select wheelhouse.make_webhook_partitions(current_date - 1, current_date + 1)");
  await admin.query("select wheelhouse.make_indexed_days(current_date - 1, current_date + 1)");
});
afterAll(async () => {
  await Promise.all([admin.end(), app.end()]);
});

/** Runs in a transaction of the application's role that sees only `mine`, and is rolled back. */
async function asMine<T>(work: () => Promise<T>): Promise<T> {
  await app.query("begin");
  try {
    await app.query("select set_config('wheelhouse.organization_ids', $1, true)", [`{${mine}}`]);
    return await work();
  } finally {
    await app.query("rollback");
  }
}

/**
 * The number of changed rows, or the code of the refusal: 42501 for a missing right and for row-level security alike.
 */
async function attempt(sql: string, values: unknown[] = []): Promise<number | string> {
  await app.query("savepoint attempt");
  try {
    return (await app.query(sql, values)).rowCount ?? 0;
  } catch (error) {
    await app.query("rollback to savepoint attempt");
    return error instanceof pg.DatabaseError ? (error.code ?? "") : String(error);
  }
}

/** One row per table of each organization, regardless of the table's other constraints. */
async function seed(name: string, organizationId: string) {
  await admin.query("begin");
  try {
    // The table's other guards would hide whether row-level security works.
    await admin.query(`alter table wheelhouse.${name} disable trigger all`);
    const { rows } = await admin.query(
      `select a.attname as column, format_type(a.atttypid, null) as type, t.typcategory as category
       from pg_attribute a join pg_type t on t.oid = a.atttypid
       left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
       where a.attrelid = ('wheelhouse.' || quote_ident($1))::regclass and a.attnum > 0 and not a.attisdropped
         and a.attgenerated = '' and a.attidentity = '' and a.attname <> 'org_id' and a.attnotnull`,
      [name],
    );
    const checks = await admin.query(
      `select conname from pg_constraint where conrelid = ('wheelhouse.' || quote_ident($1))::regclass and contype = 'c'`,
      [name],
    );
    for (const { conname } of checks.rows)
      await admin.query(`alter table wheelhouse.${name} drop constraint "${conname}"`);
    const columns = rows.map(({ column }) => `"${column}"`);
    const values = rows.map(({ type, category }) => sample(type, category));
    await admin.query(
      `insert into wheelhouse.${name} (${["org_id", ...columns].join(", ")}) values (${[`'${organizationId}'`, ...values].join(", ")})`,
    );
    await admin.query("commit");
  } catch (error) {
    await admin.query("rollback");
    throw new Error(`no row for ${name}`, { cause: error });
  }
}

function sample(type: string, category: string): string {
  if (category === "A") return `'{}'::${type}`;
  if (type === "uuid") return "gen_random_uuid()";
  if (type === "bytea") return "decode(md5(random()::text) || md5(random()::text), 'hex')";
  if (type === "jsonb" || type === "json") return `'{}'::${type}`;
  if (category === "D") return "now()";
  if (category === "N") return "(random() * 10000)::int";
  if (category === "B") return "false";
  if (category === "T") return `'1 minute'::${type}`;
  if (category === "I") return `'127.0.0.1'::${type}`;
  return "substr(md5(random()::text), 1, 8)";
}

/**
 * Tries each kind of statement on each table.
 * @param otherwise an accepted result besides changing no row: "42501" where rights are missing.
 */
async function attack(otherwise: number | string): Promise<string[]> {
  const through: string[] = [];
  for (const { name, columns } of tables) {
    const table = `wheelhouse.${name}`;
    const rest = columns.filter((column) => column !== "org_id").map((column) => `"${column}"`);
    const statements: [string, string, unknown[], (number | string)[]][] = [
      ["reading all", `select from ${table} where org_id <> $1`, [mine], [0, otherwise]],
      ["reading a foreign row", `select from ${table} where org_id = $1`, [foreign], [0, otherwise]],
      ["changing", `update ${table} set org_id = org_id where org_id = $1`, [foreign], [0, otherwise]],
      ["removing", `delete from ${table} where org_id = $1`, [foreign], [0, otherwise]],
      ["moving a row out", `update ${table} set org_id = $1`, [foreign], ["42501"]],
      [
        "adding a foreign row",
        `insert into ${table} (org_id, ${rest}) select $1, ${rest} from ${table}`,
        [foreign],
        ["42501"],
      ],
    ];
    await asMine(async () => {
      for (const [what, sql, values, harmless] of statements) {
        const result = await attempt(sql, values);
        if (!harmless.includes(result)) through.push(`${name}: ${what} gave ${result}`);
      }
    });
    const { rows } = await admin.query(`select count(*)::int as n from ${table} where org_id = $1`, [
      foreign,
    ]);
    if (rows[0]?.n !== 1) through.push(`${name}: ${rows[0]?.n} foreign rows are left of one`);
  }
  return through;
}

describe("the second wall", () => {
  test("the application's roles own nothing, are not superusers, and bypass nothing", async () => {
    const { rows } = await admin.query(`
      select rolname, rolsuper, rolbypassrls, rolcreaterole, rolcreatedb,
        exists (select from pg_class c where c.relowner = r.oid) as owns,
        exists (select from pg_auth_members m where m.member = r.oid) as inherits
      from pg_roles r where rolname in ('wheelhouse_app', 'wheelhouse_system') order by rolname`);
    const nothing = {
      rolsuper: false,
      rolbypassrls: false,
      rolcreaterole: false,
      rolcreatedb: false,
      owns: false,
      inherits: false,
    };
    expect(rows).toEqual([
      { rolname: "wheelhouse_app", ...nothing },
      { rolname: "wheelhouse_system", ...nothing },
    ]);
  });

  test("protects every table that has an organization, forced on its owner too, including partitions", async () => {
    expect(tables.length).toBeGreaterThan(10);
    const { rows } = await admin.query(`
      select c.relname as name, c.relispartition as partition, c.relrowsecurity as enabled, c.relforcerowsecurity as forced,
        has_any_column_privilege('wheelhouse_app', c.oid, 'select, insert, update') or
          has_table_privilege('wheelhouse_app', c.oid, 'delete, truncate') as granted,
        exists (select from pg_policy p where p.polrelid = c.oid
          and (select oid from pg_roles where rolname = 'wheelhouse_app') = any (p.polroles)) as bound,
        (select string_agg(pg_get_expr(p.polqual, p.polrelid) || pg_get_expr(p.polwithcheck, p.polrelid), ' ')
          from pg_policy p where p.polrelid = c.oid
          and ((select oid from pg_roles where rolname = 'wheelhouse_app') = any (p.polroles) or 0 = any (p.polroles))) as rule
      from pg_class c
      where c.relnamespace = 'wheelhouse'::regnamespace and c.relkind in ('r', 'p')
        and exists (select from pg_attribute a where a.attrelid = c.oid and a.attname = 'org_id' and not a.attisdropped)`);
    const open = rows.filter(({ partition, enabled, forced, bound, granted, rule }) => {
      // A partition is reached through its parent; without grants it cannot be reached directly.
      if (partition) return granted && !(enabled && forced);
      return !(enabled && forced && bound && String(rule).includes("current_organizations"));
    });
    expect(open.map(({ name }) => name)).toEqual([]);
  });

  test("a table without an organization that the application may access has its own wall, or holds nobody's data", async () => {
    const { rows } = await admin.query(`
      select c.relname as name, c.relrowsecurity and c.relforcerowsecurity as walled from pg_class c
      where c.relnamespace = 'wheelhouse'::regnamespace and c.relkind in ('r', 'p')
        and not exists (select from pg_attribute a
          where a.attrelid = c.oid and a.attname = 'org_id' and not a.attisdropped)
        and (has_any_column_privilege('wheelhouse_app', c.oid, 'select, insert, update')
          or has_table_privilege('wheelhouse_app', c.oid, 'delete, truncate'))
      order by c.relname`);
    const of = (walled: boolean) => rows.filter((row) => row.walled === walled).map(({ name }) => name);
    expect(of(true)).toEqual(["oidc_identities", "organizations", "sessions", "users"]);
    // The progress of the history's roll-up.
    expect(of(false)).toEqual(["history_rollups"]);
  });

  test("a view or a function does not bypass it", async () => {
    const { rows } = await admin.query(`
      select c.relname as name from pg_class c
      where c.relnamespace = 'wheelhouse'::regnamespace and c.relkind in ('v', 'm')
        and has_table_privilege('wheelhouse_app', c.oid, 'select')
        and not coalesce('security_invoker=true' = any (c.reloptions), false)`);
    expect(rows).toEqual([]);
    const { rows: functions } = await admin.query(`
      select p.proname as name, p.proconfig is not null as pinned from pg_proc p
      where p.pronamespace = 'wheelhouse'::regnamespace and p.prosecdef`);
    expect(functions.filter(({ pinned }) => !pinned)).toEqual([]);
  });

  test("holds for reading, adding, changing and removing on every table while the first wall is disabled", async () => {
    for (const { name } of tables)
      for (const organizationId of [mine, foreign]) await seed(name, organizationId);
    expect(await attack("42501")).toEqual([]);
  });

  test("holds by itself if the application is granted more than it needs", async () => {
    await admin.query("grant all on all tables in schema wheelhouse to wheelhouse_app");
    expect(await attack(0)).toEqual([]);
  });

  test("without naming an organization no row is visible", async () => {
    const seen: string[] = [];
    for (const { name } of tables) {
      await app.query("begin");
      const result = await attempt(`select from wheelhouse.${name}`);
      await app.query("rollback");
      if (result !== 0 && result !== "42501") seen.push(`${name}: ${result}`);
    }
    expect(seen).toEqual([]);
  });

  test("protects people too, who have no organization: a member of another one is invisible", async () => {
    await admin.query("set session_replication_role = replica");
    for (const [organizationId, email] of [
      [mine, "mine@wall.example"],
      [foreign, "foreign@wall.example"],
    ])
      await admin.query(
        `with made as (insert into wheelhouse.users (email, name) values ($2, 'Somebody') returning id)
         insert into wheelhouse.memberships (org_id, user_id, role) select $1, id, 'viewer' from made`,
        [organizationId, email],
      );
    await admin.query("set session_replication_role = origin");
    const emails = await asMine(() => app.query("select email from wheelhouse.users"));
    expect(emails.rows).toEqual([{ email: "mine@wall.example" }]);
    const changed = await asMine(() => attempt("update wheelhouse.users set disabled_at = now()"));
    expect(changed).toBe(1);
  });
});
