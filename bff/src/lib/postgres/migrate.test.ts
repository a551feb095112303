import { createHash, randomBytes } from "node:crypto";
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import pg from "pg";
import { pino } from "pino";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { formerLedger } from "#database/former-ledger.ts";
import { formerFiles, makeFormerState } from "#database/testing/former-state.fixture.ts";
import { startTestApp } from "#testing/access-app.ts";
import { signInAs } from "#testing/access-client.ts";
import { createTestDatabase, createTestRedis } from "#testing/stack.ts";
import { migrate } from "./migrate.ts";

const log = pino({ level: "silent" });
const own = fileURLToPath(new URL("../../../database/", import.meta.url));
const platform = "00000000-0000-7000-8000-000000000001";

let root: pg.Client;
const databases: string[] = [];
const folders: string[] = [];
beforeAll(async () => {
  root = new pg.Client({ connectionString: inject("stack").postgresUrl });
  await root.connect();
});
afterAll(async () => {
  for (const name of databases) await root.query(`drop database ${name} with (force)`);
  for (const folder of folders) rmSync(folder, { recursive: true });
  await root.end();
});

/** @param template a database without connections; an empty one by default. */
async function makeDatabase(template = "template0") {
  const name = `migrate_${randomBytes(6).toString("hex")}`;
  await root.query(`create database ${name} template ${template}`);
  databases.push(name);
  const url = new URL(inject("stack").postgresUrl);
  url.pathname = `/${name}`;
  return { name, url: url.href };
}

/** Paths of the files in a folder by their names in the ledger, in the order in which they are applied. */
const filesIn = (folder: string, prefix: string) =>
  new Map(
    readdirSync(join(own, folder), { recursive: true, encoding: "utf8" })
      .filter((path) => path.endsWith(".sql"))
      .map((path): [string, string] => [`${prefix}${basename(path)}`, join(folder, path)])
      .sort(([a], [b]) => (a < b ? -1 : 1)),
  );
const migrationFiles = filesIn("migrations", "");
const functionFiles = filesIn("functions", "functions/");
const pathOf = (name: string) => migrationFiles.get(name) ?? functionFiles.get(name) ?? name;

/** A copy of the product's files that a test may change, by their names in the ledger. */
function copyFiles() {
  const folder = mkdtempSync(join(tmpdir(), "wheelhouse-migrate-"));
  folders.push(folder);
  for (const part of ["migrations", "functions"])
    cpSync(join(own, part), join(folder, part), { recursive: true });
  return {
    folder,
    change: (file: string, by: (sql: string) => string) => {
      const path = join(folder, pathOf(file));
      writeFileSync(path, by(readFileSync(path, "utf8")));
    },
    add: (file: string, sql: string) => writeFileSync(join(folder, file), sql),
    remove: (file: string) => rmSync(join(folder, pathOf(file))),
  };
}

async function read<Row extends pg.QueryResultRow>(url: string, sql: string, values: unknown[] = []) {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query<Row>(sql, values)).rows;
  } finally {
    await client.end();
  }
}

const checksumOf = (path: string) => createHash("sha256").update(readFileSync(path)).digest("hex");

const ledgerOf = (url: string) =>
  read<{ name: string; checksum: string }>(
    url,
    "select name, checksum from wheelhouse.schema_migrations order by name",
  );

/** Everything in the schema as Postgres describes it, row by row, without internal numbers. */
async function describeSchema(url: string): Promise<string[]> {
  const found = await read<{ line: string }>(
    url,
    `select concat_ws(' | ', 'relation', c.relname, c.relkind, c.relowner::regrole, c.relrowsecurity, c.relforcerowsecurity,
        c.reloptions, pg_get_expr(c.relpartbound, c.oid), pg_get_partkeydef(c.oid),
        (select array_agg(a::text order by a::text) from unnest(c.relacl) a)) as line
      from pg_class c where c.relnamespace = 'wheelhouse'::regnamespace
    union all select concat_ws(' | ', 'column', c.relname, a.attnum, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull,
        a.attidentity, a.attgenerated, a.attstorage, a.attcompression, pg_get_expr(d.adbin, d.adrelid),
        (select array_agg(x::text order by x::text) from unnest(a.attacl) x))
      from pg_attribute a join pg_class c on c.oid = a.attrelid
      left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
      where c.relnamespace = 'wheelhouse'::regnamespace and a.attnum > 0
    union all select concat_ws(' | ', 'constraint', k.conrelid::regclass, k.conname, k.convalidated, pg_get_constraintdef(k.oid))
      from pg_constraint k where k.connamespace = 'wheelhouse'::regnamespace
    union all select concat_ws(' | ', 'index', i.indexrelid::regclass, i.indisclustered, pg_get_indexdef(i.indexrelid))
      from pg_index i join pg_class c on c.oid = i.indexrelid where c.relnamespace = 'wheelhouse'::regnamespace
    union all select concat_ws(' | ', 'policy', p.polrelid::regclass, p.polname, p.polcmd, p.polpermissive,
        (select array_agg(r::regrole::text order by r::regrole::text) from unnest(p.polroles) r),
        pg_get_expr(p.polqual, p.polrelid), pg_get_expr(p.polwithcheck, p.polrelid))
      from pg_policy p join pg_class c on c.oid = p.polrelid where c.relnamespace = 'wheelhouse'::regnamespace
    union all select concat_ws(' | ', 'trigger', t.tgrelid::regclass, t.tgenabled,
        regexp_replace(pg_get_triggerdef(t.oid), 'RI_ConstraintTrigger_(.)_\\d+', 'RI_\\1'))
      from pg_trigger t join pg_class c on c.oid = t.tgrelid where c.relnamespace = 'wheelhouse'::regnamespace
    union all select concat_ws(' | ', 'function', p.oid::regprocedure, p.proowner::regrole, pg_get_functiondef(p.oid),
        (select array_agg(a::text order by a::text) from unnest(p.proacl) a))
      from pg_proc p where p.pronamespace = 'wheelhouse'::regnamespace
    union all select concat_ws(' | ', 'schema', n.nspowner::regrole, (select array_agg(a::text order by a::text) from unnest(n.nspacl) a))
      from pg_namespace n where n.nspname = 'wheelhouse'`,
  );
  return found.map(({ line }) => line).sort();
}

/** A hash over all rows of each table, and their number. */
async function describeRows(url: string) {
  const tables = await read<{ name: string }>(
    url,
    `select relname as name from pg_class where relnamespace = 'wheelhouse'::regnamespace and relkind in ('r', 'p')
       and not relispartition and relname <> 'schema_migrations' order by relname`,
  );
  const counted = await read<{ name: string; rows: number; hash: string }>(
    url,
    tables
      .map(
        ({ name }) => `
          select '${name}' as name, count(*)::int as rows, md5(coalesce(string_agg(t::text, E'\\n' order by t::text), '')) as hash
          from wheelhouse.${name} t`,
      )
      .join(" union all ")
      .concat(" order by name"),
  );
  return counted;
}

describe("a new database", () => {
  test("gets every migration and every function, once, however many processes start together", async () => {
    const { url } = await makeDatabase();
    const results = await Promise.all([1, 2, 3].map(() => migrate({ adminUrl: url, log })));
    const files = [...migrationFiles.keys(), ...functionFiles.keys()];
    expect(results.flat()).toEqual(files);
    expect((await ledgerOf(url)).map(({ name }) => name)).toEqual([...files].sort());
    expect(await migrate({ adminUrl: url, log })).toEqual([]);
  });

  test("keeps nothing of a failed migration, and everything of those before it", async () => {
    const { url } = await makeDatabase();
    const files = copyFiles();
    files.add("migrations/9000-one.sql", "create table wheelhouse.one ();");
    files.add("migrations/9001-two.sql", "create table wheelhouse.two ();\nselect 1 / 0;");
    await expect(migrate({ adminUrl: url, folder: files.folder, log })).rejects.toThrow(
      "migration 9001-two.sql failed: division by zero",
    );
    const [made] = await read(
      url,
      "select to_regclass('wheelhouse.one') is not null as one, to_regclass('wheelhouse.two') is not null as two",
    );
    expect(made).toEqual({ one: true, two: false });
    const applied = (await ledgerOf(url)).map(({ name }) => name);
    expect(applied).toContain("9000-one.sql");
    expect(applied).not.toContain("9001-two.sql");
  });
});

describe("an applied migration", () => {
  test.each([
    { what: "has changed", error: "was changed after it was applied" },
    { what: "is gone", error: "was applied to this database but is gone" },
  ])("that $what is refused before anything is changed", async ({ what, error }) => {
    const { url } = await makeDatabase("wheelhouse");
    const before = [await ledgerOf(url), await describeSchema(url)];
    const files = copyFiles();
    const file = "0009-baseline-history.sql";
    if (what === "is gone") files.remove(file);
    else files.change(file, (sql) => `${sql}\n-- Another word.\n`);
    // Neither the migration before it nor the function after it is applied.
    files.add("migrations/0001-a.sql", "create table wheelhouse.early ();");
    files.change("functions/audit-lexeme.sql", (sql) => `${sql}\n-- Another word.\n`);
    await expect(migrate({ adminUrl: url, folder: files.folder, log })).rejects.toThrow(
      `migration 0009-baseline-history.sql ${error}`,
    );
    expect([await ledgerOf(url), await describeSchema(url)]).toEqual(before);
  });
});

describe("a function", () => {
  const readFunction = (url: string, name: string) =>
    read<{ owner: string; body: string; acl: string[] }>(
      url,
      `select proowner::regrole::text as owner, prosrc as body, array(select a::text from unnest(proacl) a order by 1) as acl
       from pg_proc where pronamespace = 'wheelhouse'::regnamespace and proname = $1`,
      [name],
    );

  test("is applied again when its file has changed, and no other; owner and rights stay", async () => {
    const { url } = await makeDatabase("wheelhouse");
    const files = copyFiles();
    const [before] = await readFunction(url, "find_audit");
    files.change("functions/find-audit.sql", (sql) =>
      sql.replace("#variable_conflict", "-- New.\n#variable_conflict"),
    );
    expect(await migrate({ adminUrl: url, folder: files.folder, log })).toEqual(["functions/find-audit.sql"]);
    const [after] = await readFunction(url, "find_audit");
    expect(after).toEqual({ ...before, body: before?.body.replace("#variable", "-- New.\n#variable") });
    expect(after?.owner).toBe("wheelhouse_search");
    expect(await migrate({ adminUrl: url, folder: files.folder, log })).toEqual([]);
  });

  test("that fails leaves all functions and the rights on the schema unchanged", async () => {
    const { url } = await makeDatabase("wheelhouse");
    const before = [await ledgerOf(url), await describeSchema(url)];
    const files = copyFiles();
    files.change("functions/audit-begins.sql", (sql) => sql.replace("1 day", "2 days"));
    files.change("functions/audit-lexeme.sql", (sql) => sql.replace("select ''''", "select no_such_column"));
    await expect(migrate({ adminUrl: url, folder: files.folder, log })).rejects.toThrow(
      /^function functions\/audit-lexeme\.sql failed: column "no_such_column" does not exist \(line 5\)$/,
    );
    expect([await ledgerOf(url), await describeSchema(url)]).toEqual(before);
  });

  test("whose signature changes is dropped by a migration and created again from its file", async () => {
    const { url } = await makeDatabase("wheelhouse");
    const files = copyFiles();
    files.add("migrations/9000-drop.sql", "drop function wheelhouse.audit_begins(uuid[]);");
    files.change("functions/audit-begins.sql", (sql) =>
      sql
        .replaceAll("(organizations uuid[])", "(organizations uuid[], days int)")
        .replaceAll("(uuid[])", "(uuid[], int)"),
    );
    expect(await migrate({ adminUrl: url, folder: files.folder, log })).toEqual([
      "9000-drop.sql",
      "functions/audit-begins.sql",
    ]);
    expect(await readFunction(url, "audit_begins")).toHaveLength(1);
  });

  test("whose file is gone leaves the ledger", async () => {
    const { url } = await makeDatabase("wheelhouse");
    const files = copyFiles();
    files.add("migrations/9000-drop.sql", "drop function wheelhouse.bound_audit_pending();");
    files.remove("functions/bound-audit-pending.sql");
    await migrate({ adminUrl: url, folder: files.folder, log });
    expect((await ledgerOf(url)).map(({ name }) => name)).not.toContain("functions/bound-audit-pending.sql");
  });

  test("has a file of its own with its name, unless a table or a migration needs it", async () => {
    const { url } = await makeDatabase("wheelhouse");
    const bound = await read<{ name: string }>(
      url,
      `select distinct p.proname as name from pg_proc p join pg_depend d on d.refobjid = p.oid and d.refclassid = 'pg_proc'::regclass
       where p.pronamespace = 'wheelhouse'::regnamespace order by 1`,
    );
    const all = await read<{ name: string }>(
      url,
      // Once, although the former signature of a function may remain beside it during an upgrade.
      "select distinct proname as name from pg_proc where pronamespace = 'wheelhouse'::regnamespace order by 1",
    );
    const inFiles = [...functionFiles].map(([name, path]) => {
      const file = basename(name);
      const sql = readFileSync(join(own, path), "utf8");
      const made = [...sql.matchAll(/^create (or replace )?(\w+) wheelhouse\.(\w+)\(/gm)];
      expect(made.map(([, , kind, called]) => `${kind} ${called?.replaceAll("_", "-")}.sql`)).toEqual([
        `function ${file}`,
      ]);
      expect(made[0]?.[1]).toBe("or replace ");
      return made[0]?.[3] ?? "";
    });
    const needed = [...bound.map(({ name }) => name), "own_by_organization"];
    expect(inFiles.sort()).toEqual(all.map(({ name }) => name).filter((name) => !needed.includes(name)));
  });
});

describe("a database that the release before left", () => {
  let former: { name: string; url: string };
  beforeAll(async () => {
    former = await makeDatabase();
    await makeFormerState(former.url);
  });

  test("is recorded with the checksums of the files that made it", () => {
    expect(formerFiles().map(({ name, checksum }) => [name, checksum])).toEqual([...formerLedger.migrations]);
    expect(formerLedger.migrations.size).toBe(33);
  });

  test("at its last state runs nothing of the baseline, gets its ledger and keeps every row", async () => {
    const { url } = await makeDatabase(former.name);
    const functions =
      "select oid, xmin::text from pg_proc where pronamespace = 'wheelhouse'::regnamespace order by oid";
    const before = [await describeRows(url), await describeSchema(url), await read(url, functions)];
    const empty = (await describeRows(url)).filter(({ rows }) => rows === 0);
    expect(empty.map(({ name }) => name)).toEqual(["audit_expirations"]);

    const files = copyFiles();
    for (const name of migrationFiles.keys())
      if (formerLedger.baseline.has(name)) files.change(name, () => `select 'it was run' / 0; -- ${name}`);
      else files.remove(name);
    const changed = [...functionFiles]
      .filter(([name, path]) => formerLedger.functions.get(name) !== checksumOf(join(own, path)))
      .map(([name]) => name);
    for (const name of changed) files.remove(name);
    expect(await migrate({ adminUrl: url, folder: files.folder, log })).toEqual([]);
    expect([await describeRows(url), await describeSchema(url), await read(url, functions)]).toEqual(before);
    expect(new Set((await ledgerOf(url)).map(({ name }) => name))).toEqual(
      new Set([
        ...formerLedger.baseline,
        ...[...formerLedger.functions.keys()].filter((name) => !changed.includes(name)),
      ]),
    );
    expect(await migrate({ adminUrl: url, folder: files.folder, log })).toEqual([]);
  });

  test("gets the functions that have changed since", async () => {
    const { url } = await makeDatabase(former.name);
    const files = copyFiles();
    files.change("functions/audit-begins.sql", (sql) => sql.replace("1 day", "2 days"));
    expect(await migrate({ adminUrl: url, folder: files.folder, log })).toContain(
      "functions/audit-begins.sql",
    );
  });

  test("becomes the same as a new one, down to the bodies of functions, rights and partitions", async () => {
    const { url } = await makeDatabase(former.name);
    const fresh = await makeDatabase("wheelhouse");
    await read(fresh.url, "select wheelhouse.make_webhook_partitions(current_date - 1, current_date + 1)");
    await migrate({ adminUrl: url, log });
    expect(await describeSchema(url)).toEqual(await describeSchema(fresh.url));
    expect(await ledgerOf(url)).toEqual(await ledgerOf(fresh.url));
  });

  test("waits for no fates of its events: they are set afterwards, in batches, by the sweeper's role", async () => {
    const { url } = await makeDatabase(former.name);
    const nobody = 5;
    await read(
      url,
      `insert into wheelhouse.webhook_events (event_id, org_id, source_id, source_event_id, event_type, content_type,
         headers, payload, received_at, created_at)
       select 'msg_nobody_' || n, org_id, source_id, 'nobody_' || n, event_type, content_type, headers, payload, received_at,
         created_at + n * interval '1 millisecond'
       from (select * from wheelhouse.webhook_events limit 1) e cross join generate_series(1, ${nobody}) as n`,
    );
    const fates = async () =>
      new Map(
        (
          await read<{ fate: string; count: number }>(
            url,
            "select fate, count(*)::int as count from wheelhouse.webhook_events group by fate",
          )
        ).map(({ fate, count }) => [fate, count]),
      );
    await migrate({ adminUrl: url, log });
    const all = (await fates()).get("matched") ?? 0;
    expect(await fates()).toEqual(new Map([["matched", all]]));
    const client = new pg.Client({ connectionString: url });
    await client.connect();
    await client.query("set role wheelhouse_system; set search_path = wheelhouse");
    let batches = 0;
    for (let isDone = false; !isDone; batches += 1) {
      const { rows } = await client.query<{ done: boolean }>("select settle_webhook_fates(3) as done");
      isDone = rows[0]?.done ?? false;
    }
    expect(batches).toBeGreaterThan(1);
    expect(await fates()).toEqual(
      new Map([
        ["matched", all - nobody],
        ["unrecorded", nobody],
      ]),
    );
    expect((await client.query("select settle_webhook_fates(3) as done")).rows).toEqual([{ done: true }]);
    await client.end();
  });

  test("serves the application: the old trail is found, verified and continued, and each function works", async () => {
    const { name, url } = await makeDatabase(former.name);
    await migrate({ adminUrl: url, log });
    const [made, redis] = await Promise.all([createTestDatabase(), createTestRedis()]);
    const here = (other: string) => Object.assign(new URL(other), { pathname: `/${name}` }).href;
    const urls = { appUrl: here(made.appUrl), systemUrl: here(made.systemUrl), adminUrl: url };
    const it = await startTestApp({ urls, redisUrl: redis.url });
    try {
      const root = await signInAs(it, "superadmin", "platform");
      const found = await root.call("GET", "/audit/events?q=kept%20123");
      expect(found.json().items).toMatchObject([{ reason: "kept since 123", actor: { display: "Ada" } }]);
      const byAction = await root.call("GET", "/audit/events?action=webhooks.source.create&limit=5");
      expect(byAction.json().items).toHaveLength(5);
      const [chain] = await read(
        url,
        `select count(*)::int as links, bool_and(c.hash = wheelhouse.audit_link_hash(c.org_id, c.seq, c.audit_id,
             sha256(convert_to(e.content, 'UTF8')), c.prev)) as sound, max(c.seq) > 300 as continued
         from wheelhouse.audit_chain c join wheelhouse.audit_events e on e.id = c.audit_id where c.org_id = $1`,
        [platform],
      );
      expect(chain).toMatchObject({ sound: true, continued: true });
      const [asSystem] = await read(
        urls.systemUrl,
        `select wheelhouse.roll_up_audit($1, 1000) > 300 as rolled, wheelhouse.build_audit_blocks($1, 1) as blocks,
           wheelhouse.make_audit_partitions(12) as months, wheelhouse.order_audit_month() as month,
           wheelhouse.make_webhook_partitions(current_date + 90, current_date + 90) as days,
           wheelhouse.audit_expire($1, 300) as expired`,
        [platform],
      );
      expect(asSystem).toEqual({ rolled: true, blocks: 0, months: 0, month: null, days: 4, expired: 300 });
      const [asApp] = await read(
        urls.appUrl,
        "select wheelhouse.rotate_session($1, sha256('kept'), sha256('next'), now(), null, null) as rotated",
        ["01900000-0000-7000-8000-0000000000b1"],
      );
      expect(asApp).toEqual({ rotated: true });
    } finally {
      await it.close();
      await made.drop();
    }
  });

  test.each([
    {
      what: "lacks a file",
      change: "delete from wheelhouse.schema_migrations where name = '0160-webhook-replays.sql'",
      problem: "0160-webhook-replays.sql was never applied",
    },
    {
      what: "has another checksum",
      change: "update wheelhouse.schema_migrations set checksum = 'other' where name = '0010-webhooks.sql'",
      problem: "0010-webhooks.sql was changed before it was applied",
    },
    {
      what: "has a file too many",
      change: "insert into wheelhouse.schema_migrations values ('0161-more.sql', 'other')",
      problem: "0161-more.sql is no file of that release",
    },
  ])("whose ledger $what is refused with the remedy, and nothing is changed", async ({ change, problem }) => {
    const { url } = await makeDatabase(former.name);
    await read(url, change);
    const before = [await ledgerOf(url), await describeSchema(url), await describeRows(url)];
    await expect(migrate({ adminUrl: url, log })).rejects.toThrow(
      `this database was left at a state that cannot be upgraded (${problem}): run \`npm run migrate\` of the release ` +
        "before this one until it succeeds, or restore a backup that it made, then start this release again",
    );
    expect([await ledgerOf(url), await describeSchema(url), await describeRows(url)]).toEqual(before);
  });
});
