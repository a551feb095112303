import { type Catalogue, shortType, type Table } from "./catalogue.ts";

/**
 * Diagrams of tables and keys, one for each feature.
 * @param featureOf the feature whose migration created the table.
 */
export function picture({ tables }: Catalogue, featureOf: ReadonlyMap<string, string>): string {
  const features = new Map<string, Table[]>();
  for (const table of tables) {
    const feature = featureOf.get(table.name) ?? "other";
    features.set(feature, [...(features.get(feature) ?? []), table]);
  }
  return [
    "# Tables and keys",
    "",
    "Written by `npm run schema` from the catalogues of a new database; do not edit. Checks, indexes, policies and grants",
    "are in [`bff/database/schema.sql`](../bff/database/schema.sql). Most tables have a column `org_id`; where it",
    "refers to no other table, a lock on the organization for each row would make all writers wait for each other.",
    ...[...features].sort(([a], [b]) => a.localeCompare(b)).flatMap(([name, its]) => chapter(name, its)),
    "",
  ].join("\n");
}

function chapter(feature: string, tables: readonly Table[]): string[] {
  return [
    "",
    `## ${feature}`,
    "",
    "```mermaid",
    "erDiagram",
    ...tables.flatMap((table) => [
      `  ${table.name} {`,
      ...table.columns.map(
        (column) =>
          `    ${shortType(column.type).replaceAll(" ", "_")} ${column.name}${marks(table, column.name)}`,
      ),
      "  }",
    ]),
    ...tables.flatMap((table) =>
      table.references.map(({ table: other, columns }) => {
        const isNullable = table.columns.some(({ name, notNull }) => columns.includes(name) && !notNull);
        return `  ${other} ${isNullable ? "|o" : "||"}--o{ ${table.name} : "${columns.join(", ")}"`;
      }),
    ),
    "```",
  ];
}

function marks(table: Table, column: string): string {
  const found = [
    table.primaryKey.includes(column) ? "PK" : "",
    table.references.some(({ columns }) => columns.includes(column)) ? "FK" : "",
    table.unique.includes(column) ? "UK" : "",
  ].filter((mark) => mark !== "");
  return found.length > 0 ? ` ${found.join(", ")}` : "";
}
