// `npm start`: brings the clone up to date and runs the product, all roles in one process, on embedded servers.
import { spawn } from "node:child_process";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { checkNode, ensureBuilt, ensureInstalled, root } from "./install.mjs";
import { ensureRedis } from "./programs.mjs";
import { launch } from "./progress.mjs";

await launch(async () => {
  checkNode();
  await ensureInstalled();
  await ensureBuilt();
  if (!process.env.REDIS_URL) await ensureRedis();
  process.exitCode = await runMain();
});

/**
 * Runs main as a child in a session of its own, so that a Ctrl-C, which a terminal sends to everybody, reaches it
 * once, from here; resolves with its exit code.
 */
function runMain() {
  const tether = pathToFileURL(join(import.meta.dirname, "tether.mjs")).href;
  const main = spawn(process.execPath, ["--import", "tsx", "--import", tether, "src/main.ts"], {
    cwd: join(root, "bff"),
    stdio: ["inherit", "inherit", "inherit", "ipc"],
    detached: true,
  });
  let stopping = false;
  const end = () => {
    if (!stopping) main.kill("SIGTERM");
    stopping = true;
  };
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, end);
  endWithNpm(end);
  return new Promise((resolve) => {
    main.once("error", (error) => {
      process.stderr.write(`${error.message}\n`);
      resolve(1);
    });
    main.once("exit", (code, signal) => resolve(signal ? 1 : code));
  });
}

/** A killed npm tells its child nothing: the child sees only that it has another parent. */
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
