import { readdirSync, readFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";

const root = fileURLToPath(new URL("../", import.meta.url));
const filesIn = (folder: string) =>
  readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
    .map((name) => join(folder, name))
    .filter((path) => /\.(ts|lua)$/.test(path) && !/\.test\.ts$|[.-]fixture\.ts$/.test(path));
const textOf = (path: string) => readFileSync(join(root, path), "utf8");

/** The source without comments, import paths and texts for people. */
const codeOf = (text: string) =>
  text
    .replaceAll(/\/\*[\s\S]*?\*\//g, "")
    .replaceAll(/^\s*(\/\/|--).*$/gm, "")
    .replaceAll(/\bfrom "[^"\n]*"/g, "")
    .replaceAll(/"[^"\n]* [^"\n]*"|`[^`\n]* [^`\n]*`/g, '""');

const featureWords = new Set(
  [
    ["queue", "queues", "breaker", "breakers", "cache", "caches", "webhook", "webhooks"],
    ["delivery", "deliveries", "replay", "replays", "overview", "problem"],
  ].flat(),
);
/** Splits a name such as `queueRows` into its words. */
const wordsOf = (code: string) =>
  [...code.matchAll(/[A-Za-z]+/g)].flatMap(([name]) =>
    name.split(/(?<=[a-z])(?=[A-Z])|_/).map((word) => word.toLowerCase()),
  );

/** Words that a generic file may use, and why. */
const allowed = new Map<string, readonly string[]>([
  // The contract of the summary page shapes an aspect's contribution.
  ["observe/aspect.ts", ["overview", "problem"]],
  // The configuration file names parts of services and servers in its own format.
  ["observe/sources/catalogue.ts", ["caches", "cache", "breakers"]],
  ["observe/sources/file.ts", ["caches", "cache"]],
  ["observe/sources/schema.ts", ["caches", "cache", "breakers"]],
  ["observe/sources/sources.ts", ["cache"]],
  // The header `cache-control`.
  ["observe/spread/answers.ts", ["cache"]],
  // One of Wheelhouse's own caches.
  ["features/history/history.ts", ["cache"]],
  ["features/history/reading/series.ts", ["cache"]],
  // The header `cache-control`.
  ["plugins/web.ts", ["cache"]],
]);

describe("the generic parts name no feature", () => {
  test.each(["observe", "plugins", "features/history"].flatMap(filesIn))("%s", (path) => {
    const may = allowed.get(path) ?? [];
    const named = wordsOf(codeOf(textOf(path))).filter(
      (word) => featureWords.has(word) && !may.includes(word),
    );
    expect([...new Set(named)]).toEqual([]);
  });

  test.each([...allowed])("the exception for %s is still needed", (path, words) => {
    expect(wordsOf(codeOf(textOf(path))).some((word) => words.includes(word))).toBe(true);
  });
});

describe("rooms of the observe path", () => {
  const rooms = ["tick", "spread", "sources", "reports", "targets"];
  const importsOf = (path: string) =>
    [...textOf(path).matchAll(/\bfrom "([^"]+)"/g)].map(([, module = ""]) => module);
  const all = readdirSync(root, { recursive: true, encoding: "utf8" }).filter((path) => path.endsWith(".ts"));

  test("are imported through the file that bears their name, from every other place", () => {
    const entries = new Set(rooms.map((room) => `observe/${room}/${room}.ts`));
    const wrong = all.flatMap((path) =>
      importsOf(path).flatMap((module) => {
        const target = module.startsWith("#")
          ? module.slice(1)
          : join(dirname(path), module.startsWith(".") ? module : `./${module}`);
        const room = rooms.find((each) => target.startsWith(`observe/${each}/`));
        const isInside = room !== undefined && dirname(path) === `observe/${room}`;
        return room === undefined || isInside || entries.has(target) ? [] : [`${path}: ${module}`];
      }),
    );
    expect(wrong).toEqual([]);
  });

  test("hold at most 20 files", () => {
    const counts = rooms.map((room) => [room, filesIn(`observe/${room}`).length] as const);
    expect(counts.filter(([, count]) => count > 20)).toEqual([]);
    expect(
      filesIn("observe")
        .filter((path) => dirname(path) === "observe")
        .map((path) => basename(path)),
    ).toEqual(["aspect.ts", "figures.ts"]);
  });
});
