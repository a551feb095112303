// Sums the results of checks and test runners; the total is the last line of every run.

/** @typedef {import("./runners.mjs").Count} Count */

/**
 * Runs one after the other, until a Ctrl-C.
 * @param {readonly (() => Promise<Count | Count[]>)[]} runs
 */
export async function inTurn(runs) {
  const counts = [];
  for (const run of runs) {
    counts.push(await run());
    if (process.exitCode === 130) break;
  }
  return counts.flat();
}

/**
 * Prints a line for each count and the total; a failure, or no tests at all, is exit code 1.
 * @param {readonly Count[]} counts
 * @param {number} startedAtMs by `performance.now()`
 */
export function report(counts, startedAtMs) {
  const seconds = (performance.now() - startedAtMs) / 1000;
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
