import { readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { pagePaths } from "@wheelhouse/shared/pages.ts";
import { expect, test } from "vitest";
import { type Manifest, preloadsOf } from "./web-preloads.ts";

const manifest: Manifest = {
  "index.html": { file: "assets/index-1.js", imports: ["_panel.js"] },
  "_panel.js": { file: "assets/panel-2.js" },
  "_table.js": { file: "assets/table-3.js", css: ["assets/table-4.css"], imports: ["_panel.js"] },
  "src/features/health/services-page.tsx": {
    file: "assets/services-page-5.js",
    css: ["assets/health-6.css"],
    imports: ["_table.js", "_panel.js", "index.html"],
  },
  "src/features/audit/page.tsx": { file: "assets/audit-7.js" },
  "src/features/audit/review/review-page.tsx": { file: "assets/review-page-8.js" },
};
const html = '<script src="/assets/index-1.js"></script><link href="/assets/panel-2.js">';
const hrefs = (page: string) =>
  [...preloadsOf(manifest, page, { html, basePath: "" }).matchAll(/href="([^"]+)"/g)].map(([, href]) => href);

test("a page's script, its imports and its style are loaded with the first script, each once", () => {
  expect(hrefs("services")).toEqual([
    "/assets/services-page-5.js",
    "/assets/table-3.js",
    "/assets/health-6.css",
    "/assets/table-4.css",
  ]);
});

test("a page is not mistaken for another whose name ends alike, and an unknown page has no preloads", () => {
  expect(hrefs("audit")).toEqual(["/assets/audit-7.js"]);
  expect(hrefs("nothing")).toEqual([]);
  expect(hrefs("")).toEqual([]);
});

test("every page of the console has one script that is loaded with the first one", () => {
  const source = fileURLToPath(new URL("../../../web/src/", import.meta.url));
  const files = readdirSync(source, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".tsx"))
    .map((name): [string, { file: string }] => [`src/${name}`, { file: name }]);
  const sources: Manifest = Object.fromEntries(files);
  const scriptsOf = (page: string) =>
    [...preloadsOf(sources, page, { html: "", basePath: "" }).matchAll(/href="([^"]+)"/g)].length;
  const pages = pagePaths.map((path) => path.slice(1)).filter(Boolean);
  expect(pages.filter((page) => scriptsOf(page) !== 1)).toEqual([]);
});
