import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { basename, dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";

const root = fileURLToPath(new URL("../../", import.meta.url));
const textOf = (path: string) => readFileSync(join(root, path), "utf8");
const skipped = new Set(["node_modules", ".git", ".wheelhouse", "dist", "test-results"]);
const walk = (folder: string): string[] =>
  readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    if (skipped.has(entry.name)) return [];
    const path = join(folder, entry.name);
    return entry.isDirectory() ? [`${path}/`, ...walk(path)] : [path];
  });
const paths = walk(".");
const documents = paths.filter((path) => path.endsWith(".md") && path !== "docs/schema.md");

/** Files that exist only while the product runs, or only where it is installed. */
const madeLater =
  /^(\.wheelhouse\/.*|secrets\/|e2e\/test-results\/|wheelhouse\.yaml|audit-checkpoints\/|audit-public-keys\.pem)$/;
const packages = /^(bff|web|shared|e2e|docs|\.ci)\//;
/** The examples that the how-tos make, and patterns. */
const isExample = (path: string) => /[<>*…]|NNNN|\b(locks|notes)\b/.test(path);

/** What a document says in code that reads as a file or a folder. */
const namedPaths = (text: string) =>
  [...text.replaceAll(/```[\s\S]*?```/g, "").matchAll(/`([^`\s]+)`/g)]
    .map(([, token = ""]) => token)
    .filter((token) => /^[\w.][\w./-]*(\/|\.(ts|tsx|mjs|sql|lua|md|yaml|yml|pem|json|css))$/.test(token))
    // An ending alone, such as `.test.ts`, names no file.
    .filter((token) => !/^\.[\w.]+$/.test(token) && !madeLater.test(token) && !isExample(token));
const exists = (token: string) =>
  packages.test(token)
    ? existsSync(join(root, token))
    : paths.some((path) => path === token || path.endsWith(`/${token}`));

describe.each(documents)("%s", (document) => {
  const text = textOf(document);
  // A changelog speaks of what was there.
  const isPresent = document !== "CHANGELOG.md";

  test("names only files that exist", () => {
    const gone = isPresent ? namedPaths(text).filter((token) => !exists(token)) : [];
    expect(gone).toEqual([]);
  });

  test("links only to what exists", () => {
    const links = [...text.matchAll(/\]\(([^)\s#]+)[^)]*\)/g)].map(([, target = ""]) => target);
    const gone = links.filter(
      (target) => !/^https?:/.test(target) && !existsSync(join(root, dirname(document), target)),
    );
    expect(gone).toEqual([]);
  });
});

test("pages of parts and how-tos are listed, and a page of a part is at most 120 lines", () => {
  const architecture = textOf("docs/architecture.md");
  for (const page of documents.filter((path) => /^docs\/(parts|how-to)\//.test(path)))
    expect(architecture, page).toContain(`(${relative("docs", page)})`);
  const long = documents.filter(
    (path) => path.startsWith("docs/parts/") && textOf(path).split("\n").length > 121,
  );
  expect(long).toEqual([]);
});

type Row = { place: number; path: string; act: string };
/** The table of files that a how-to begins with. */
const rowsOf = (document: string): Row[] =>
  [...textOf(document).matchAll(/^\| (\d+) \| `([^`]+)` \| ([^|]+) \|/gm)].map(
    ([, place = "", path = "", act = ""]) => ({ place: Number(place), path, act: act.trim() }),
  );
const named = (path: string, feature: string) => path.replaceAll("<feature>", feature);
const isTest = (path: string) => /\.(test|fixture|faults)\.|\/testing\/|\/journeys\//.test(path);

/** Code outside a feature's own folders that imports it. */
const importersOf = (feature: string) =>
  paths.filter(
    (path) =>
      /^(bff|web|shared)\/.*\.tsx?$/.test(path) &&
      !isTest(path) &&
      !path.startsWith("web/parts/") &&
      !path.includes(`/features/${feature}/`) &&
      new RegExp(
        `from "(#features/${feature}/|#routes/${feature}\\.|@wheelhouse/shared/${feature}\\.ts|\\./${feature}\\.ts)`,
      ).test(textOf(path)),
  );

describe.each([
  {
    document: "docs/how-to/add-a-live-aspect.md",
    example: "locks",
    existing: "queues",
    most: 9,
    // The jobs of a queue have a page and a bench of their own.
    otherImporters: ["bff/bench/jobs.ts", "web/src/routes/jobs.tsx"],
  },
  {
    document: "docs/how-to/add-a-feature.md",
    example: "notes",
    existing: "sources",
    most: 12,
    // What is watched is read from what people declare, too.
    otherImporters: [
      "bff/src/doctor/keys.ts",
      // A start and an empty organization try addresses and keep them as sources.
      "bff/src/app/first-start.ts",
      "shared/src/sources/trial.ts",
      "web/src/features/first-run/queries.ts",
      "web/src/routes/overview-page.tsx",
      "bff/src/observe/sources/catalogue.ts",
      "bff/src/observe/sources/schema.ts",
    ],
  },
])("$document", ({ document, example, existing, most, otherImporters }) => {
  const rows = rowsOf(document);
  const text = textOf(document);
  const changed = rows.filter(({ act }) => act !== "new").map(({ path }) => path);

  test("touches few files, each once, and none of the generic code", () => {
    expect(rows.length).toBeGreaterThan(5);
    expect(rows.length).toBeLessThanOrEqual(most);
    expect(new Set(rows.map(({ path }) => path)).size).toBe(rows.length);
    const generic = /^(bff\/src\/(observe|plugins|features\/history)|web\/src\/lib)\//;
    expect(rows.filter(({ path }) => generic.test(path))).toEqual([]);
  });

  test("has a step for each file, in their order", () => {
    const steps = [...text.matchAll(/^## (\d+)\. `([^`]+)`$/gm)].map(([, place, path]) => `${place} ${path}`);
    const wanted = rows.map(({ place, path }) => {
      const step = named(path, example).replace("NNNN", "\\d{4}").replace("<what>", "[a-z-]+");
      return expect.stringMatching(new RegExp(`^${place} ${step}$`));
    });
    expect(steps).toEqual(wanted);
  });

  test("an existing feature has all of these files, and is listed in each that is changed", () => {
    for (const { path, act } of rows) {
      const own = named(path, existing);
      if (own.includes("NNNN")) {
        const file = new RegExp(`^\\d{4}-[a-z-]*${existing}[a-z-]*\\.sql$`);
        const there = readdirSync(join(root, dirname(own))).filter((name) => file.test(name));
        expect(there, path).not.toEqual([]);
      } else {
        expect(existsSync(join(root, own)) && statSync(join(root, own)).isFile(), own).toBe(true);
        if (act !== "new") expect(textOf(own), own).toMatch(new RegExp(`\\b${existing}\\b`));
      }
    }
  });

  test("nothing outside its own folders imports an existing feature but what the page names", () => {
    const mayBe = [...rows.map(({ path }) => named(path, existing)), ...otherImporters];
    expect(importersOf(existing).length).toBeGreaterThan(2);
    expect(importersOf(existing).filter((path) => !mayBe.includes(path) && !text.includes(path))).toEqual([]);
    expect(changed.filter((path) => !existsSync(join(root, path)))).toEqual([]);
  });
});

test("a function is changed in the folders that the how-to names", () => {
  const rows = rowsOf("docs/how-to/change-a-function.md");
  expect(rows.map(({ path }) => dirname(path))).toEqual([
    "bff/database/functions/<feature>",
    "bff/database/migrations",
  ]);
  const migrations = readdirSync(join(root, "bff/database/migrations"), { withFileTypes: true });
  for (const { name } of migrations.filter((entry) => entry.isFile()))
    expect(name).toMatch(/^\d{4}-[a-z0-9-]+\.sql$/);
  const folder = join(root, "bff/database/functions");
  for (const feature of readdirSync(folder))
    for (const name of readdirSync(join(folder, feature)))
      expect(textOf(`bff/database/functions/${feature}/${name}`), name).toMatch(
        new RegExp(
          `^create or replace function wheelhouse\\.${basename(name, ".sql").replaceAll("-", "_")}\\(`,
          "m",
        ),
      );
});

test("the README and CONTRIBUTING name only scripts that there are", () => {
  const { scripts } = JSON.parse(textOf("package.json"));
  for (const document of documents.filter((path) => path !== "CHANGELOG.md")) {
    const named = [...textOf(document).matchAll(/npm run ([a-z][a-z:-]*)/g)].map(([, name]) => name);
    expect(
      named.filter((name) => name === undefined || !(name in scripts)),
      document,
    ).toEqual([]);
    expect(textOf(document), document).not.toMatch(
      /\bpnpm (run |bench|schema|db|parts|test|check|dev|faults)/,
    );
  }
});
