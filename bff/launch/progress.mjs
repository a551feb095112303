// One line per step, with its duration; the output of a step's commands is shown only if they fail. All of it goes to
// standard error, because the output of a command may be read by a program.
import { spawn } from "node:child_process";

const live = process.stderr.isTTY === true;

/** A failure without a stack: its message is the one line that a person should read. */
export class Stop extends Error {}

/**
 * Shows the current step, then how long it took. The work may return other words for the finished line.
 * @param {string} what
 * @param {() => Promise<string | void> | string | void} work
 */
export async function step(what, work) {
  const startedAt = performance.now();
  const seconds = () => `${((performance.now() - startedAt) / 1000).toFixed(1)} s`;
  const tick = live
    ? setInterval(() => process.stderr.write(`\r\x1b[2K  … ${what} ${seconds()}`), 200)
    : undefined;
  process.stderr.write(live ? `  … ${what}` : "");
  try {
    const said = await work();
    process.stderr.write(`${live ? "\r\x1b[2K" : ""}  ✓ ${said ?? what} (${seconds()})\n`);
  } catch (error) {
    process.stderr.write(`${live ? "\r\x1b[2K" : ""}  ✗ ${what} (${seconds()})\n`);
    throw error;
  } finally {
    clearInterval(tick);
  }
}

/**
 * Runs a command to its end. Its output is shown on failure or time-out.
 * @param {string} command
 * @param {readonly string[]} args
 * @param {{ cwd: string, env?: NodeJS.ProcessEnv, timeoutMs?: number, quiet?: boolean }} options
 * @returns {Promise<string>} its output
 */
export function run(command, args, { cwd, env = process.env, timeoutMs = 600_000, quiet = false }) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd, env, stdio: ["ignore", "pipe", "pipe"], timeout: timeoutMs });
    let output = "";
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding("utf8").on("data", (text) => {
        output += text;
      });
    const fail = (reason) => {
      if (!quiet) process.stderr.write(`\n${output}\n`);
      reject(new Stop(`${command} ${args.join(" ")}: ${reason}`));
    };
    child.once("error", (error) => fail(error.message));
    child.once("close", (code, signal) => {
      if (code === 0) resolve(output);
      else fail(signal ? `ended by ${signal}` : `exit code ${code}`);
    });
  });
}

/** Runs the launcher's main function; a `Stop` becomes one line and exit code 1. */
export async function launch(main) {
  try {
    await main();
  } catch (error) {
    process.stderr.write(`\n${error instanceof Stop ? error.message : error.stack}\n`);
    process.exitCode = 1;
  }
}
