// Puts what an installation runs into a folder, beside its packages: `node bff/build/image.mjs <folder>`.
import { copyFileSync, mkdirSync, readdirSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../../", import.meta.url));
const [folder] = process.argv.slice(2);
if (!folder) throw new Error("Give the folder: node bff/build/image.mjs <folder>");

const everything = /./;
const parts = [
  { path: "bff/dist", holds: /\.js(\.map)?$/ },
  // The server reads SQL and Lua where they lie among the sources.
  { path: "bff/src", holds: /\.lua$/ },
  { path: "bff/database/migrations", holds: /\.sql$/ },
  { path: "bff/database/functions", holds: /\.sql$/ },
  { path: "web/dist", holds: everything },
];
const files = parts.flatMap(({ path, holds }) =>
  readdirSync(join(root, path), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && holds.test(entry.name))
    .map((entry) => relative(root, join(entry.parentPath, entry.name))),
);
for (const file of ["bff/package.json", ...files]) {
  mkdirSync(dirname(join(folder, file)), { recursive: true });
  copyFileSync(join(root, file), join(folder, file));
}
