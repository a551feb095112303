// `npm run test:one -- <pattern>`: runs the test files of any package whose path contains the pattern.
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { checkNode, ensureInstalled, ensurePagesBuilt, ensureServerBuilt, root } from "./install.mjs";
import { ensureChromium, ensurePgBouncer, ensureRedis } from "./programs.mjs";
import { launch, Stop } from "./progress.mjs";
import { inTurn, report } from "./test/counts.mjs";
import { runPlaywright, runVitest } from "./test/runners.mjs";

const usage =
  "Give part of a test's path: npm run test:one -- audit/proof. Further arguments go to the runner.";
const skipped = new Set(["node_modules", "dist", "test-results"]);
const isTest = /\.(test\.tsx?|spec\.ts)$/;

await launch(async () => {
  const startedAtMs = performance.now();
  const [pattern = "", ...options] = process.argv.slice(2).filter((part, at) => at > 0 || part !== "--");
  if (pattern === "" || pattern.startsWith("-")) throw new Stop(usage);
  const found = ["shared", "web", "bff", "e2e"].map((folder) => ({
    folder,
    files: testsBelow(folder).filter((path) => `${folder}/${path}`.includes(pattern)),
  }));
  const filesOf = (name) => found.find(({ folder }) => folder === name).files;
  if (found.every(({ files }) => files.length === 0))
    throw new Stop(`No test path contains "${pattern}". ${usage}`);
  checkNode();
  await ensureInstalled();
  if (filesOf("bff").length + filesOf("e2e").length > 0) {
    await ensureRedis();
    await ensurePgBouncer();
    await ensurePagesBuilt();
    await ensureServerBuilt();
  }
  if (filesOf("e2e").length > 0) process.env.E2E_CHROMIUM ??= await ensureChromium();
  const counts = await inTurn(
    found
      .filter(({ files }) => files.length > 0)
      .map(({ folder, files }) =>
        folder === "e2e"
          ? () => runPlaywright("journeys", folder, [...files.map(exactly), ...options])
          : () => runVitest(folder, folder, [...files, ...options]),
      ),
  );
  if (process.exitCode === 130) return;
  report(counts, startedAtMs);
});

/** Playwright interprets a path as a pattern. */
function exactly(path) {
  return `/${path.replaceAll(".", "\\.")}$`;
}

/** Paths relative to the folder. */
function testsBelow(folder, path = "") {
  return readdirSync(join(root, folder, path), { withFileTypes: true })
    .filter(({ name }) => !skipped.has(name))
    .flatMap((entry) => {
      const inside = path === "" ? entry.name : `${path}/${entry.name}`;
      if (entry.isDirectory()) return testsBelow(folder, inside);
      return isTest.test(entry.name) ? [inside] : [];
    });
}
