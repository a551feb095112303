import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import pg from "pg";

const archive = new URL("./former-migrations.sql.gz", import.meta.url);
const rows = new URL("./former-rows.sql", import.meta.url);

/** The files that the baseline was made of, in order; packed, so that nobody finds old functions when looking for new. */
export function formerFiles(): { name: string; sql: string; checksum: string }[] {
  return gunzipSync(readFileSync(archive))
    .toString("utf8")
    .split(/^-- file: /m)
    .slice(1)
    .map((text) => {
      const end = text.indexOf("\n");
      const sql = text.slice(end + 1);
      return { name: text.slice(0, end), sql, checksum: createHash("sha256").update(sql).digest("hex") };
    });
}

/** Brings an empty database to the last state of those files, as their release did, with rows of every feature. */
export async function makeFormerState(adminUrl: string) {
  const client = new pg.Client({ connectionString: adminUrl, connectionTimeoutMillis: 5_000 });
  await client.connect();
  try {
    await client.query(`
      create schema wheelhouse;
      create table wheelhouse.schema_migrations (
        name text primary key, checksum text not null, applied_at timestamptz not null default now()
      )`);
    for (const { name, sql, checksum } of formerFiles()) {
      await client.query("begin");
      await client.query(sql);
      await client.query("insert into wheelhouse.schema_migrations (name, checksum) values ($1, $2)", [
        name,
        checksum,
      ]);
      await client.query("commit");
    }
    await client.query(`begin; ${readFileSync(rows, "utf8")} commit`);
  } finally {
    await client.end();
  }
}
