import { type Catalogue, type Column, shortType, type Table } from "./catalogue.ts";

/** The schema as SQL, for reading and comparing; function bodies are in their own files. */
export function schemaSql({ tables, functions }: Catalogue): string {
  return [
    "-- Written by `npm run schema` from the catalogues of a new database; do not edit. Partitions are left out; the bodies",
    "-- of functions are in `functions/` and, where a table needs them, in `migrations/`.",
    ...tables.map(tableSql),
    "\n-- Functions\n",
    ...functions.map(({ signature, owner, attributes, grants }) =>
      [`-- ${signature}`, `--   ${owner}: ${attributes}`, ...grants.map((grant) => `${grant};`)].join("\n"),
    ),
    "",
  ].join("\n");
}

export function tableSql(table: Table): string {
  const name = `wheelhouse.${table.name}`;
  const body = [
    ...table.columns.map(columnSql),
    ...table.keys.map((key) => `constraint ${key.name} ${lowerKeywords(key.definition)}`),
  ];
  const partitions = table.partitionedBy ? ` partition by ${lowerKeywords(table.partitionedBy)}` : "";
  const options = table.options.length > 0 ? ` with (${table.options.join(", ")})` : "";
  const owner = table.owner === "wheelhouse_owner" ? [] : [`alter table ${name} owner to ${table.owner};`];
  const security = {
    off: [],
    enabled: [`alter table ${name} enable row level security;`],
    forced: [`alter table ${name} enable row level security, force row level security;`],
  };
  return [
    "",
    `create table ${name} (`,
    body.map((line) => `  ${line}`).join(",\n"),
    `)${partitions}${options};`,
    ...owner,
    ...table.indexes.map((index) => `${lowerKeywords(index)};`),
    ...security[table.rowSecurity],
    ...table.policies.map((policy) => `${lowerKeywords(policy)};`),
    ...table.triggers.map((trigger) => lowerKeywords(trigger).replace(/( -- \w+)?$/, ";$1")),
    ...table.grants.map((grant) => `${grant};`),
  ].join("\n");
}

function columnSql({ name, type, notNull, filledBy }: Column): string {
  const written = {
    default: (expression: string) => ` default ${expression}`,
    generated: (expression: string) => ` generated always as (${expression}) stored`,
    identity: (expression: string) => ` generated ${expression} as identity`,
  };
  const filled = filledBy ? written[filledBy.kind](lowerKeywords(filledBy.expression)) : "";
  return `${name} ${shortType(type)}${notNull ? " not null" : ""}${filled}`;
}

/** Postgres writes keywords in capitals, which otherwise occur only in quotes; our SQL uses lower case. */
function lowerKeywords(definition: string): string {
  return definition.replace(/'[^']*'|\b[A-Z]{2,}\b/g, (word) =>
    word.startsWith("'") ? word : word.toLowerCase(),
  );
}
