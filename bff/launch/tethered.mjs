// Runs a program of the bff as a child of a launcher, and ends it with the launcher.
import { spawn } from "node:child_process";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { root } from "./install.mjs";

/**
 * Runs the program as a child in its own session, so that a Ctrl-C, which a terminal sends to every process, reaches it
 * once, from here; resolves with its exit code.
 * @param {readonly string[]} args Node's options, the program below `bff`, and its arguments
 * @param {NodeJS.ProcessEnv} [env]
 * @returns {Promise<number>}
 */
export function runTethered(args, env = process.env) {
  const tether = pathToFileURL(join(import.meta.dirname, "tether.mjs")).href;
  const child = spawn(process.execPath, ["--import", tether, ...args], {
    cwd: join(root, "bff"),
    env,
    stdio: ["inherit", "inherit", "inherit", "ipc"],
    detached: true,
  });
  let stopping = false;
  const end = () => {
    if (!stopping) child.kill("SIGTERM");
    stopping = true;
  };
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, end);
  endWithNpm(end);
  return new Promise((resolve) => {
    child.once("error", (error) => {
      process.stderr.write(`${error.message}\n`);
      resolve(1);
    });
    child.once("exit", (code, signal) => resolve(signal ? 1 : code));
  });
}

/** A killed npm does not notify its child: the child only sees that it has another parent. */
function endWithNpm(end) {
  const npm = process.ppid;
  if (!process.env.npm_lifecycle_event) return;
  const watch = setInterval(() => {
    if (process.ppid === npm) return;
    clearInterval(watch);
    end();
  }, 1000);
  watch.unref();
}
