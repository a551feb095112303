import { createInterface } from "node:readline";
import pg from "pg";
import { readCatalogue } from "#database/dump/catalogue.ts";
import { tableSql } from "#database/dump/schema-sql.ts";

type ShellOptions = {
  url: string;
  input: NodeJS.ReadableStream;
  output: NodeJS.WritableStream;
  /** Shows a prompt, for interactive use. */
  prompts: boolean;
};

const cellLengthMax = 100;
const raw = { getTypeParser: () => (text: string | Buffer) => text.toString() };

/**
 * Reads statements up to their `;` and prints the database's answers, until `\q` or the end of the input. `\d` lists
 * tables, `\d <table>` shows one. An error is printed and does not end the shell.
 */
export async function runShell({ url, input, output, prompts }: ShellOptions): Promise<void> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 5_000 });
  // A lost connection shows in the answer to the next statement.
  client.on("error", () => {});
  await client.connect();
  const say = (text: string) => output.write(`${text}\n`);
  let pending = "";
  const prompt = () => {
    if (prompts) output.write(pending ? "     -> " : "wheelhouse=> ");
  };
  try {
    await client.query("set search_path = wheelhouse, public");
    prompt();
    // Created last, because lines that arrive before anything waits for them are lost.
    const lines = createInterface({ input, terminal: false });
    for await (const line of lines) {
      const command = pending ? null : /^\\(\w+)\s*(\S*)/.exec(line);
      if (command?.[1] === "q") break;
      if (command) await meta(command[1], command[2] ?? "").then(say, (error) => say(described(error)));
      else {
        pending += `${pending ? "\n" : ""}${line}`;
        for (let end = statementEnd(pending); end > 0; end = statementEnd(pending)) {
          const sql = pending.slice(0, end);
          pending = pending.slice(end).trimStart();
          await run(sql).then(say, (error) => say(described(error)));
        }
      }
      prompt();
    }
  } finally {
    await client.end();
  }

  async function run(sql: string): Promise<string> {
    const { fields, rows, command, rowCount } = await client.query({
      text: sql,
      rowMode: "array",
      types: raw,
    });
    if (fields.length === 0) return `${command}${rowCount === null ? "" : ` ${rowCount}`}`;
    return tableOf(
      fields.map(({ name }) => name),
      rows,
    );
  }

  async function meta(name: string | undefined, argument: string): Promise<string> {
    if (name !== "d")
      return "\\d lists tables, \\d <table> shows one, \\q ends; a statement ends with a semicolon.";
    const { tables } = await readCatalogue(url);
    if (!argument)
      return tableOf(
        ["table", "columns"],
        tables.map((table) => [table.name, table.columns.map((column) => column.name).join(", ")]),
      );
    const table = tables.find((one) => one.name === argument.replace(/^wheelhouse\./, ""));
    return table ? tableSql(table).trim() : `There is no table ${argument}.`;
  }
}

/** The position after the first semicolon outside quotes, comments and dollar quotes; 0 if there is none yet. */
export function statementEnd(text: string): number {
  const token =
    /'(?:[^']|'')*'|"[^"]*"|--[^\n]*(?:\n|$)|\/\*[\s\S]*?\*\/|(\$\w*\$)[\s\S]*?\1|['"]|\/\*|\$\w*\$|;/g;
  for (const found of text.matchAll(token)) {
    const [word] = found;
    if (word === ";") return found.index + 1;
    // Opened and not closed yet.
    if (word === "'" || word === '"' || word === "/*" || /^\$\w*\$$/.test(word)) return 0;
  }
  return 0;
}

function tableOf(names: readonly string[], rows: readonly (readonly (string | null)[])[]): string {
  const cells = rows.map((row) => row.map((cell) => shown(cell ?? "")));
  const widths = names.map((name, n) => Math.max(name.length, ...cells.map((row) => row[n]?.length ?? 0)));
  const line = (row: readonly string[]) =>
    row
      .map((cell, n) => ` ${cell.padEnd(widths[n] ?? 0)} `)
      .join("|")
      .trimEnd();
  return [
    line(names),
    widths.map((width) => "-".repeat(width + 2)).join("+"),
    ...cells.map(line),
    `(${rows.length} ${rows.length === 1 ? "row" : "rows"})`,
  ].join("\n");
}

function shown(cell: string): string {
  const text = cell.replaceAll("\n", "⏎");
  return text.length > cellLengthMax ? `${text.slice(0, cellLengthMax - 1)}…` : text;
}

function described(error: unknown): string {
  return `ERROR: ${error instanceof Error ? error.message : String(error)}`;
}
