import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import pg from "pg";
import type { Logger } from "pino";
import { formerLedger } from "#database/former-ledger.ts";
import { roleSettings } from "./postgres.ts";

const databaseFolder = fileURLToPath(new URL("../../../database/", import.meta.url));
// An arbitrary fixed number that names the lock within the database.
const lockKey = 4600_0001;

type MigrateOptions = {
  /** A role that may create roles and schemas (`DATABASE_ADMIN_URL`). */
  adminUrl: string;
  /** Login URLs; their roles are created, or get their password, before the first migration. */
  loginUrls?: readonly string[];
  /** Folder with migrations `NNNN-*.sql` and `functions/<feature>/*.sql`; the product's own by default. */
  folder?: string;
  log: Pick<Logger, "info">;
};

/** A file's name in the ledger: `NNNN-<what>.sql` or `functions/<what>.sql`, whatever folder of a feature it lies in. */
type SqlFile = { name: string; sql: string; checksum: string };
/** Checksums of the applied files, by name. */
type Ledger = Map<string, string>;

/**
 * Brings the database up to date while holding an advisory lock, so that processes that start together apply each file
 * once. First come the new migrations in order, each in its own transaction; then the changed functions, all in one
 * transaction. A database that an earlier version left at its last state counts as at the baseline.
 * @returns the names of the files applied now, those of functions prefixed with `functions/`.
 * @throws before any change if an applied migration was changed or removed, or if an earlier version left the database
 * in any other state; and if a file fails (it leaves nothing behind; earlier ones stay).
 */
export async function migrate({
  adminUrl,
  loginUrls = [],
  folder = databaseFolder,
  log,
}: MigrateOptions): Promise<string[]> {
  const guard = await connect(adminUrl);
  const client = await connect(adminUrl).catch(async (error: unknown) => {
    await guard.end();
    throw error;
  });
  // Without its lock, this process must not go on.
  guard.on("error", () => void client.end());
  try {
    // A lock of a session would stay behind in a pooler.
    await guard.query("begin; set local idle_in_transaction_session_timeout = 0");
    await guard.query("select pg_advisory_xact_lock($1)", [lockKey]);
    await client.query(`
      create schema if not exists wheelhouse;
      create table if not exists wheelhouse.schema_migrations (
        name text primary key,
        checksum text not null,
        applied_at timestamptz not null default now()
      )`);
    const migrations = readFiles(`${folder}/migrations`, "");
    const functions = readFiles(`${folder}/functions`, "functions/");
    let ledger = await readLedger(client);
    if (isFormer(ledger, migrations)) {
      ledger = await adoptFormer(client, ledger, migrations);
      log.info({ replaced: formerLedger.migrations.size }, "ledger replaced by the baseline");
    }
    checkApplied(ledger, migrations);
    for (const url of loginUrls) await ensureLogin(client, new URL(url));
    const applied = await applyMigrations(client, pendingOf(migrations, ledger), log);
    const logins = loginUrls.map((url) => decodeURIComponent(new URL(url).username));
    await setRoles(client, ["wheelhouse_app", "wheelhouse_system", ...logins]);
    return [...applied, ...(await applyFunctions(client, functions, ledger, log))];
  } finally {
    await client.end();
    await guard.end();
  }
}

async function connect(adminUrl: string): Promise<pg.Client> {
  const client = new pg.Client({
    connectionString: adminUrl,
    connectionTimeoutMillis: 10_000,
    application_name: "wheelhouse-migrate",
  });
  client.on("error", () => {});
  await client.connect();
  return client;
}

function readFiles(folder: string, prefix: string): SqlFile[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((path) => path.endsWith(".sql"))
    .map((path) => {
      const sql = readFileSync(join(folder, path), "utf8");
      const checksum = createHash("sha256").update(sql).digest("hex");
      return { name: `${prefix}${basename(path)}`, sql, checksum };
    })
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

async function readLedger(client: pg.Client): Promise<Ledger> {
  const { rows } = await client.query<{ name: string; checksum: string }>(
    "select name, checksum from wheelhouse.schema_migrations",
  );
  return new Map(rows.map(({ name, checksum }) => [name, checksum]));
}

function pendingOf(files: readonly SqlFile[], ledger: ReadonlyMap<string, string>): SqlFile[] {
  return files.filter(({ name, checksum }) => ledger.get(name) !== checksum);
}

/** How a database differs from what this release would make of it; names of files, all empty when it does not. */
export function judgeLedger(ledger: ReadonlyMap<string, string>, folder = databaseFolder) {
  const migrations = readFiles(`${folder}/migrations`, "");
  const functions = readFiles(`${folder}/functions`, "functions/");
  const names = ({ name }: SqlFile) => name;
  const known = new Set([...migrations, ...functions].map(names));
  const isApplied = ({ name }: SqlFile) => ledger.has(name);
  return {
    pending: [...migrations, ...functions].filter((file) => !isApplied(file)).map(names),
    changed: pendingOf(migrations.filter(isApplied), ledger).map(names),
    unknown: [...ledger.keys()].filter((name) => !known.has(name)),
    staleFunctions: pendingOf(functions.filter(isApplied), ledger).map(names),
  };
}

function isFormer(ledger: Ledger, migrations: readonly SqlFile[]): boolean {
  const current = new Set(migrations.map(({ name }) => name));
  return [...ledger.keys()].some((name) => !current.has(name) && formerLedger.migrations.has(name));
}

/** Replaces the ledger rows of the former files with those of the baseline, which creates the same schema. */
async function adoptFormer(
  client: pg.Client,
  ledger: Ledger,
  migrations: readonly SqlFile[],
): Promise<Ledger> {
  const problem = differenceToFormer(ledger);
  if (problem)
    throw new Error(
      `this database was left at a state that cannot be upgraded (${problem}): run \`npm run migrate\` of the release ` +
        "before this one until it succeeds, or restore a backup that it made, then start this release again",
    );
  const baseline = migrations.filter(({ name }) => formerLedger.baseline.has(name));
  const adopted: Ledger = new Map([
    ...baseline.map(({ name, checksum }) => [name, checksum] as const),
    ...formerLedger.functions,
  ]);
  await inTransaction(client, async () => {
    await client.query("delete from wheelhouse.schema_migrations");
    for (const [name, checksum] of adopted) await note(client, { name, checksum });
  });
  return adopted;
}

function differenceToFormer(ledger: Ledger): string | undefined {
  for (const [name, checksum] of formerLedger.migrations) {
    const known = ledger.get(name);
    if (!known) return `${name} was never applied`;
    if (known !== checksum) return `${name} was changed before it was applied`;
  }
  for (const name of ledger.keys())
    if (!formerLedger.migrations.has(name)) return `${name} is no file of that release`;
  return undefined;
}

function checkApplied(ledger: Ledger, migrations: readonly SqlFile[]) {
  const checksums = new Map(migrations.map(({ name, checksum }) => [name, checksum]));
  for (const [name, checksum] of ledger) {
    if (name.startsWith("functions/")) continue;
    const current = checksums.get(name);
    if (!current) throw new Error(`migration ${name} was applied to this database but is gone`);
    if (current !== checksum)
      throw new Error(`migration ${name} was changed after it was applied: write a new one instead`);
  }
}

async function applyMigrations(client: pg.Client, pending: readonly SqlFile[], log: MigrateOptions["log"]) {
  for (const file of pending) {
    await inTransaction(client, async () => {
      await run(client, file, "migration");
      await note(client, file);
    });
    log.info({ migration: file.name }, "migration applied");
  }
  return pending.map(({ name }) => name);
}

/** All together, because functions call each other; as the owner, unless the file itself says otherwise. */
async function applyFunctions(
  client: pg.Client,
  functions: readonly SqlFile[],
  ledger: Ledger,
  log: MigrateOptions["log"],
) {
  const pending = pendingOf(functions, ledger);
  const names = functions.map(({ name }) => name);
  const gone = [...ledger.keys()].filter((name) => name.startsWith("functions/") && !names.includes(name));
  if (pending.length + gone.length === 0) return [];
  await inTransaction(client, async () => {
    await client.query("grant create on schema wheelhouse to wheelhouse_search");
    for (const file of pending) {
      await client.query("set local role wheelhouse_owner");
      await run(client, file, "function");
      await client.query("reset role");
      await note(client, file);
    }
    await client.query("revoke create on schema wheelhouse from wheelhouse_search");
    await client.query("delete from wheelhouse.schema_migrations where name = any ($1)", [gone]);
  });
  for (const { name } of pending) log.info({ function: name }, "function applied");
  return pending.map(({ name }) => name);
}

async function inTransaction(client: pg.Client, work: () => Promise<void>) {
  await client.query("begin");
  try {
    await work();
    await client.query("commit");
  } catch (error) {
    await client.query("rollback");
    throw error;
  }
}

async function run(client: pg.Client, { name, sql }: SqlFile, kind: string) {
  try {
    await client.query(sql);
  } catch (cause) {
    throw new Error(`${kind} ${name} failed: ${describe(cause, sql)}`, { cause });
  }
}

async function note(client: pg.Client, { name, checksum }: Pick<SqlFile, "name" | "checksum">) {
  await client.query(
    `insert into wheelhouse.schema_migrations (name, checksum) values ($1, $2)
     on conflict (name) do update set checksum = excluded.checksum, applied_at = excluded.applied_at`,
    [name, checksum],
  );
}

async function ensureLogin(client: pg.Client, url: URL) {
  const role = decodeURIComponent(url.username);
  const password = client.escapeLiteral(decodeURIComponent(url.password));
  const { rowCount } = await client.query("select from pg_roles where rolname = $1", [role]);
  await client.query(
    `${rowCount ? "alter" : "create"} role ${client.escapeIdentifier(role)} login password ${password}`,
  );
}

/** Not a migration, because a backup that is restored elsewhere brings its ledger along, but not its roles. */
async function setRoles(client: pg.Client, names: readonly string[]) {
  const { rows } = await client.query<{ role: string; name: string }>(
    `select r.rolname as role, wanted.key as name from pg_roles r cross join json_each_text($2::json) wanted
     where r.rolname = any ($1) and not exists (
       select from pg_db_role_setting s
       where s.setrole = r.oid and s.setdatabase = 0 and wanted.key || '=' || wanted.value = any (s.setconfig))`,
    [names, JSON.stringify(roleSettings)],
  );
  const settings = new Map<string, string>(Object.entries(roleSettings));
  for (const { role, name } of rows) {
    const value = client.escapeLiteral(settings.get(name) ?? "");
    await client.query(`alter role ${client.escapeIdentifier(role)} set ${name} = ${value}`);
  }
}

function describe(cause: unknown, sql: string): string {
  if (!(cause instanceof pg.DatabaseError)) return String(cause);
  const line = cause.position ? ` (line ${sql.slice(0, Number(cause.position)).split("\n").length})` : "";
  return `${cause.message}${line}`;
}
