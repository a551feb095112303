// `npm test`: every check and every test, from a bare clone; the last line says how many passed and failed.
// `node bff/launch/test.mjs faults` runs the repetitions, soaks and random schedules instead.
import { checkNode, ensureBuilt, ensureInstalled, root } from "./install.mjs";
import { ensureChromium, ensureRedis } from "./programs.mjs";
import { launch } from "./progress.mjs";
import { runCheck, runPlaywright, runVitest } from "./runners.mjs";

const tsc = `${root}node_modules/typescript/bin/tsc`;
const faultsTimeoutMs = 3 * 3_600_000;
const suites = new Map([
  ["", runAll],
  [
    "faults",
    () => [() => runVitest("faults", "bff", ["--config", "vitest.faults.config.ts"], faultsTimeoutMs)],
  ],
]);

await launch(async () => {
  const startedAt = performance.now();
  const suite = suites.get(process.argv[2] ?? "");
  if (!suite) throw new Error(`there is no suite ${process.argv[2]}; there is: faults`);
  checkNode();
  await ensureInstalled();
  await ensureRedis();
  process.env.E2E_CHROMIUM ??= await ensureChromium();
  await ensureBuilt();
  const counts = (await inTurn(suite())).flat();
  if (process.exitCode === 130) return;
  report(counts, (performance.now() - startedAt) / 1000);
});

/** Tests often wait, and leave idle about as much of two cores as the checks take; journeys want both for themselves. */
function runAll() {
  const biome = `${root}node_modules/@biomejs/biome/bin/biome`;
  const checks = [
    () => runCheck("lint", root, [biome, "check", "--error-on-warnings", "."]),
    ...["shared", "bff", "web", "e2e"].map(
      (folder) => () => runCheck(`types of ${folder}`, `${root}${folder}`, [tsc, "--noEmit"]),
    ),
    () => runCheck("dead code", root, [`${root}node_modules/knip/bin/knip.js`]),
  ];
  const tests = ["shared", "web", "bff"].map((folder) => () => runVitest(folder, folder));
  return [
    async () => (await Promise.all([inTurn(checks), inTurn(tests)])).flat(),
    () => runPlaywright("journeys", "e2e"),
  ];
}

async function inTurn(runs) {
  const counts = [];
  for (const run of runs) {
    counts.push(await run());
    if (process.exitCode === 130) break;
  }
  return counts;
}

function report(counts, seconds) {
  process.stdout.write("\n");
  for (const { name, passed, failed, skipped, seconds: own } of counts)
    process.stdout.write(
      `${name.padEnd(18)} ${String(passed).padStart(4)} passed ${String(failed).padStart(3)} failed${skipped ? ` ${skipped} skipped` : ""}  ${own.toFixed(1)} s\n`,
    );
  const total = (key) => counts.reduce((sum, count) => sum + count[key], 0);
  if (total("failed") > 0 || total("passed") === 0) process.exitCode = 1;
  process.stdout.write(
    `${seconds.toFixed(0)} s in all\n\n${total("passed")} passed, ${total("failed")} failed\n`,
  );
}
