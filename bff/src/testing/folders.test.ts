import { readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const root = fileURLToPath(new URL("../../../", import.meta.url));
const filesMax = 20;
const isTest = /\.(test|faults|spec)\.tsx?$/;
const notOurs = new Set(["node_modules", "dist", "test-results", "fonts"]);

function countsBelow(folder: string): { folder: string; files: number }[] {
  const entries = readdirSync(root + folder, { withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile() && !isTest.test(entry.name)).length;
  const below = entries.filter((entry) => entry.isDirectory() && !notOurs.has(entry.name));
  return [{ folder, files }, ...below.flatMap(({ name }) => countsBelow(`${folder}/${name}`))];
}

test("no folder of sources holds more than 20 files beside tests", () => {
  const counts = [
    "bff/src",
    "bff/database",
    "bff/launch",
    "bff/bench",
    "shared/src",
    "web/src",
    "e2e",
  ].flatMap(countsBelow);
  expect(counts.length).toBeGreaterThan(50);
  expect(counts.filter(({ files }) => files > filesMax)).toEqual([]);
});
