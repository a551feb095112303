// `npm test`: every check and every test, from a bare clone; the last line says how many passed and failed.
// `npm run check` runs the checks alone, `npm run faults` the repetitions, soaks and random schedules.
import { checkNode, ensureInstalled, ensurePagesBuilt, ensureServerBuilt, root } from "./install.mjs";
import { ensureChromium, ensurePgBouncer, ensurePostgres15, ensureRedis } from "./programs.mjs";
import { launch, Stop } from "./progress.mjs";
import { inTurn, report } from "./test/counts.mjs";
import { runCheck, runPlaywright, runVitest } from "./test/runners.mjs";

const tsc = `${root}node_modules/typescript/bin/tsc`;
const biome = `${root}node_modules/@biomejs/biome/bin/biome`;
const faultsTimeoutMs = 3 * 3_600_000;

const lint = () => runCheck("lint", root, [biome, "check", "--error-on-warnings", "."]);
const types = ["shared", "bff", "web", "e2e"].map(
  (folder) => () => runCheck(`types of ${folder}`, `${root}${folder}`, [tsc, "--noEmit"]),
);
const deadCode = () => runCheck("dead code", root, [`${root}node_modules/knip/bin/knip.js`]);

/** Tests often wait, which leaves about enough of two cores for the checks; journeys need both cores for themselves. */
async function runAll() {
  await prepare();
  const tests = ["shared", "web", "bff"].map((folder) => () => runVitest(folder, folder));
  return inTurn([
    async () => (await Promise.all([inTurn([lint, ...types, deadCode]), inTurn(tests)])).flat(),
    () => runPlaywright("journeys", "e2e"),
  ]);
}

async function runChecks() {
  return (await Promise.all([inTurn([lint, deadCode]), inTurn(types)])).flat();
}

async function runFaults() {
  await prepare();
  await ensurePostgres15();
  return [await runVitest("faults", "bff", ["--config", "vitest.faults.config.ts"], faultsTimeoutMs)];
}

async function prepare() {
  await ensureRedis();
  await ensurePgBouncer();
  process.env.E2E_CHROMIUM ??= await ensureChromium();
  await ensurePagesBuilt();
  await ensureServerBuilt();
}

const suites = new Map([
  ["", runAll],
  ["check", runChecks],
  ["faults", runFaults],
]);

await launch(async () => {
  const startedAtMs = performance.now();
  const run = suites.get(process.argv[2] ?? "");
  if (!run) throw new Stop(`There is no suite ${process.argv[2]}. Suites: check, faults.`);
  checkNode();
  await ensureInstalled();
  const counts = await run();
  if (process.exitCode === 130) return;
  report(counts, startedAtMs);
});
