import { readdirSync, readFileSync } from "node:fs";
import { basename } from "node:path";
import { fileURLToPath } from "node:url";
import { readCatalogue } from "./catalogue.ts";
import { picture } from "./picture.ts";
import { schemaSql } from "./schema-sql.ts";
import { tableTypes } from "./table-types.ts";

const migrationsFolder = new URL("../migrations/", import.meta.url);

/** The files generated from a migrated database: the text of each by its path. */
export async function dumpDatabase(url: string): Promise<Map<string, string>> {
  const catalogue = await readCatalogue(url);
  const pathOf = (relative: string) => fileURLToPath(new URL(relative, import.meta.url));
  return new Map([
    [pathOf("../schema.sql"), schemaSql(catalogue)],
    [pathOf("../tables.ts"), await tableTypes(url, catalogue)],
    [pathOf("../../../docs/schema.md"), picture(catalogue, featuresOfTables())],
  ]);
}

/** The feature of each table: the first word in the name of the migration that created it. */
function featuresOfTables(): Map<string, string> {
  const features = new Map<string, string>();
  const paths = readdirSync(migrationsFolder, { recursive: true, encoding: "utf8" });
  for (const path of paths.filter((each) => each.endsWith(".sql"))) {
    const [, feature = ""] = /^\d+-(?:baseline-)?([a-z]+)/.exec(basename(path)) ?? [];
    const sql = readFileSync(new URL(path, migrationsFolder), "utf8");
    for (const [, table = ""] of sql.matchAll(/^create table wheelhouse\.(\w+)/gm))
      features.set(table, feature);
  }
  return features;
}
