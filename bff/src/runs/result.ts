import { Readable } from "node:stream";
import type { StreamedFile } from "#lib/http/route.ts";

/** A cell of CSV; text that a spreadsheet would take for a formula is told apart from it by an apostrophe. */
function cell(value: string | number | null): string {
  const text = value === null ? "" : String(value);
  const inert = /^[=+\-@\t\r]/.test(text) && typeof value === "string" ? `'${text}` : text;
  return /[",\r\n]/.test(inert) ? `"${inert.replaceAll('"', '""')}"` : inert;
}

/** The items of a run as a CSV file, read page by page while it is sent. `read`: the page after a place. */
export function resultFile<Row, Place>(options: {
  name: string;
  columns: readonly string[];
  read(after: Place | null): Promise<readonly Row[]>;
  placeOf(row: Row): Place;
  cells(row: Row): readonly (string | number | null)[];
}): StreamedFile {
  const { name, columns, read, placeOf, cells } = options;
  async function* lines() {
    yield `${columns.join(",")}\r\n`;
    let after: Place | null = null;
    for (;;) {
      const rows: readonly Row[] = await read(after);
      const last = rows.at(-1);
      if (last === undefined) return;
      yield rows.map((row) => `${cells(row).map(cell).join(",")}\r\n`).join("");
      after = placeOf(last);
    }
  }
  return { file: Readable.from(lines()), type: "text/csv; charset=utf-8", name };
}
