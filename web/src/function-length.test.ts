import { readdirSync, readFileSync } from "node:fs";
import { basename, join, relative } from "node:path";
import { parseSync } from "vite";
import { expect, test } from "vitest";

const root = join(import.meta.dirname, "../..");
const folders = ["bff/src", "shared/src", "web/src", "e2e"];
const linesMax = 60;
const factoryLinesMax = 200;

const whyColumns = "a table of columns, one entry after the other";

/** Functions that read better as a whole, by path and name, with their current length as limit. */
const exceptions: Readonly<Record<string, { lines: number; why: string }>> = {
  "web/src/features/breakers/columns.tsx: columns": { lines: 92, why: whyColumns },
  "web/src/features/caches/columns.tsx: columns": { lines: 113, why: whyColumns },
  "web/src/features/queues/columns.tsx: columns": { lines: 90, why: whyColumns },
  "web/src/features/queues/find/table.tsx: columnsOf": { lines: 69, why: whyColumns },
  "web/src/features/schedules/columns.tsx: columns": { lines: 63, why: whyColumns },
  "web/src/features/webhooks/refusals/tab.tsx: columnsOf": { lines: 65, why: whyColumns },
  "web/src/ui/table/table.tsx: Table": {
    lines: 65,
    why: "the rows in view, their groups and the focus share one window of rows",
  },
};

const isSource = (name: string): boolean =>
  /\.tsx?$/.test(name) && !/\.(test|spec|fixture|d)\.tsx?$|-fixture\.ts$/.test(name);

const sources = (folder: string): string[] =>
  readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory())
      return ["node_modules", "testing", "dist"].includes(entry.name) ? [] : sources(path);
    return isSource(entry.name) ? [path] : [];
  });

/** `id`: the path of its file and its name, as the lists above name it. */
type Found = { id: string; name: string; lines: number };

const isNode = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null;
const nameIn = (value: unknown): string =>
  isNode(value) && typeof value.name === "string" ? value.name : "";

/** The functions of a file with the number of non-blank lines in their bodies. `path` is relative to the root. */
const functionsOf = (path: string, text: string): Found[] => {
  const found: Found[] = [];
  const visit = (node: unknown, outer: string): void => {
    if (Array.isArray(node)) for (const each of node) visit(each, outer);
    if (!isNode(node) || Array.isArray(node)) return;
    const name = nameIn(node.id) || nameIn(node.key) || outer;
    const { type, body } = node;
    const isFunction = type === "FunctionDeclaration" || type === "FunctionExpression";
    if ((isFunction || type === "ArrowFunctionExpression") && isNode(body)) {
      const content = text.slice(Number(body.start), Number(body.end)).split("\n");
      const lines = content.filter((line) => line.trim() !== "").length;
      found.push({ id: `${path}: ${name}`, name, lines });
      for (const each of Object.values(node)) visit(each, `${name}, inner`);
      return;
    }
    for (const each of Object.values(node)) visit(each, name);
  };
  visit(parseSync(basename(path), text).program, basename(path));
  return found;
};

/** A factory holds the functions it hands out. */
const isFactory = (name: string): boolean => /^(create|attach)[A-Z]\w*$/.test(name);

const isOverLimit = ({ name, lines }: Found): boolean =>
  lines > (isFactory(name) ? factoryLinesMax : linesMax);
const allowedLines = (id: string): number => exceptions[id]?.lines ?? 0;

const longOnes = folders
  .flatMap((folder) => sources(join(root, folder)))
  .flatMap((path) => functionsOf(relative(root, path), readFileSync(path, "utf8")))
  .filter(isOverLimit);

test("no function is longer than 60 lines, or 200 for a factory", () => {
  const unexpected = longOnes.filter(({ id, lines }) => lines > allowedLines(id));
  expect(unexpected.map(({ id, lines }) => `${id}, ${lines} lines`)).toEqual([]);
});

test("only functions that are longer are listed as such", () => {
  const ids = new Set(longOnes.map(({ id }) => id));
  expect(Object.keys(exceptions).filter((id) => !ids.has(id))).toEqual([]);
});

test("a function and a factory are measured by the lines of their bodies", () => {
  const body = Array.from({ length: 61 }, (_, index) => `  f(${index});`).join("\n\n");
  const text = `const short = () => 1;\nfunction long() {\n${body}\n}\nconst createIt = () => {\n${body}\n};`;
  const ids = functionsOf("web/a.ts", text)
    .filter(isOverLimit)
    .map(({ id }) => id);
  expect(ids).toEqual(["web/a.ts: long"]);
});
