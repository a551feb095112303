// Writes the files generated from the database: schema.sql, tables.ts and docs/schema.md, from a new database in a
// temporary folder.
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { pino } from "pino";
import { dumpDatabase } from "#database/dump/dump.ts";
import { createGuardian } from "#embedded/guardian.ts";
import { startEmbeddedPostgres } from "#embedded/postgres.ts";
import { makeSecrets } from "#embedded/secrets.ts";
import { migrate } from "#lib/postgres/migrate.ts";

const log = pino({ level: "warn" });
const dataDir = mkdtempSync(join(tmpdir(), "wheelhouse-schema-"));
// The embedded server's account must be able to enter it.
chmodSync(dataDir, 0o711);
const guardian = createGuardian();
try {
  const { adminUrl } = await startEmbeddedPostgres({
    guardian,
    dataDir,
    secrets: makeSecrets(),
    log,
    durable: false,
  });
  await migrate({ adminUrl, log });
  for (const [path, text] of await dumpDatabase(adminUrl)) {
    const isSame = existsSync(path) && readFileSync(path, "utf8") === text;
    if (!isSame) writeFileSync(path, text);
    process.stdout.write(
      `${isSame ? "unchanged" : "written  "}  ${relative(join(process.cwd(), ".."), path)}\n`,
    );
  }
} finally {
  await guardian.end();
  rmSync(dataDir, { recursive: true, force: true });
}
