import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import pg from "pg";
import type { Logger } from "pino";

const migrationsFolder = fileURLToPath(new URL("../../migrations/", import.meta.url));
// Any fixed number will do; it is the name of the lock within the database.
const lockKey = 4600_0001;

type MigrateOptions = {
  /** A role that may create roles and schemas (`DATABASE_ADMIN_URL`). */
  adminUrl: string;
  /** Login URLs whose roles are made, or get their password, before the first migration. */
  loginUrls?: readonly string[];
  /** Folder of `NNNN-<what>.sql`; the product's own unless a test says otherwise. */
  folder?: string;
  log: Pick<Logger, "info">;
};

/**
 * Applies the numbered `.sql` files that the database has not seen, in order, each in a transaction of its own,
 * while holding an advisory lock, so that processes that start together apply each once.
 * @returns the names applied now.
 * @throws when a file that was already applied has changed or is gone, and when a migration fails (it leaves
 * nothing behind; those before it stay).
 */
export async function migrate({
  adminUrl,
  loginUrls = [],
  folder = migrationsFolder,
  log,
}: MigrateOptions): Promise<string[]> {
  const client = new pg.Client({
    connectionString: adminUrl,
    connectionTimeoutMillis: 10_000,
    application_name: "wheelhouse-migrate",
  });
  client.on("error", () => {});
  await client.connect();
  try {
    await client.query("select pg_advisory_lock($1)", [lockKey]);
    for (const url of loginUrls) await ensureLogin(client, new URL(url));
    await client.query(`
      create schema if not exists wheelhouse;
      create table if not exists wheelhouse.schema_migrations (
        name text primary key,
        checksum text not null,
        applied_at timestamptz not null default now()
      )`);
    return await applyPending(client, folder, log);
  } finally {
    await client.end();
  }
}

async function applyPending(client: pg.Client, folder: string, log: MigrateOptions["log"]) {
  const files = readdirSync(folder)
    .filter((name) => name.endsWith(".sql"))
    .sort();
  const { rows } = await client.query<{ name: string; checksum: string }>(
    "select name, checksum from wheelhouse.schema_migrations",
  );
  const applied = new Map(rows.map(({ name, checksum }) => [name, checksum]));
  for (const name of applied.keys())
    if (!files.includes(name)) throw new Error(`migration ${name} was applied to this database but is gone`);
  const done: string[] = [];
  for (const name of files) {
    const sql = readFileSync(`${folder}/${name}`, "utf8");
    const checksum = createHash("sha256").update(sql).digest("hex");
    const known = applied.get(name);
    if (known === checksum) continue;
    if (known) throw new Error(`migration ${name} was changed after it was applied: write a new one instead`);
    try {
      await client.query("begin");
      await client.query(sql);
      await client.query("insert into wheelhouse.schema_migrations (name, checksum) values ($1, $2)", [
        name,
        checksum,
      ]);
      await client.query("commit");
    } catch (cause) {
      await client.query("rollback");
      throw new Error(`migration ${name} failed: ${describe(cause, sql)}`, { cause });
    }
    log.info({ migration: name }, "migration applied");
    done.push(name);
  }
  return done;
}

async function ensureLogin(client: pg.Client, url: URL) {
  const role = decodeURIComponent(url.username);
  const password = client.escapeLiteral(decodeURIComponent(url.password));
  const { rowCount } = await client.query("select from pg_roles where rolname = $1", [role]);
  await client.query(
    `${rowCount ? "alter" : "create"} role ${client.escapeIdentifier(role)} login password ${password}`,
  );
}

function describe(cause: unknown, sql: string): string {
  if (!(cause instanceof pg.DatabaseError)) return String(cause);
  const line = cause.position ? ` (line ${sql.slice(0, Number(cause.position)).split("\n").length})` : "";
  return `${cause.message}${line}`;
}
