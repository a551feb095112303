import { readdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { parseSync } from "vite";
import { expect, test } from "vitest";

const root = join(import.meta.dirname, "../..");
const folders = ["bff/src", "shared/src", "web/src", "e2e"];
const linesMax = 60;
const factoryLinesMax = 200;

/** Functions that read better as a whole, with their current length as limit. */
const exceptions: Readonly<Record<string, { lines: number; why: string }>> = {
  columns: { lines: 113, why: "a table of columns, one entry after the other" },
  walk: { lines: 87, why: "one pass over a chain, whose state every step changes" },
  Table: { lines: 85, why: "the rows in view, their groups and the focus share one window of rows" },
};

/** Functions still to be split; remove an entry once it is split. */
const pending: Readonly<Record<string, number>> = {
  buildApp: 280,
  registerLive: 222,
  createServicesBoard: 203,
  read: 91,
  buildOverview: 88,
  start: 76,
  useTail: 72,
  observe: 69,
  rollUpWindow: 66,
  pack: 64,
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

type Found = { name: string; lines: number };

const isNode = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null;
const nameIn = (value: unknown): string =>
  isNode(value) && typeof value.name === "string" ? value.name : "";

/** The functions of a file with the number of non-blank lines in their bodies. */
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
      found.push({ name, lines: content.filter((line) => line.trim() !== "").length });
      for (const each of Object.values(node)) visit(each, `${name}, inner`);
      return;
    }
    for (const each of Object.values(node)) visit(each, name);
  };
  visit(parseSync(basename(path), text).program, basename(path));
  return found;
};

/** A factory contains the functions it returns. */
const isFactory = (name: string): boolean => /^(create|attach)[A-Z]\w*$/.test(name);

const tooLong = ({ name, lines }: Found): boolean =>
  lines >
  Math.max(isFactory(name) ? factoryLinesMax : linesMax, exceptions[name]?.lines ?? 0, pending[name] ?? 0);

test("no function is longer than 60 lines, or 200 for a factory", () => {
  const long = folders
    .flatMap((folder) => sources(join(root, folder)))
    .flatMap((path) =>
      functionsOf(path, readFileSync(path, "utf8"))
        .filter(tooLong)
        .map(({ name, lines }) => `${path.slice(root.length + 1)}: ${name}, ${lines} lines`),
    );
  expect(long).toEqual([]);
});

test("a function and a factory are measured by the lines of their bodies", () => {
  const body = Array.from({ length: 61 }, (_, index) => `  f(${index});`).join("\n\n");
  const text = `const short = () => 1;\nfunction long() {\n${body}\n}\nconst createIt = () => {\n${body}\n};`;
  const names = functionsOf("a.ts", text)
    .filter(tooLong)
    .map(({ name }) => name);
  expect(names).toEqual(["long"]);
});
