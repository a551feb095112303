import { type ChildProcess, spawn } from "node:child_process";
import { fstatSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { bootstrapFleet } from "./bootstrap.ts";
import { readSettings } from "./settings.ts";

/**
 * Starts the demo fleet and keeps it running, as separate programs like a customer's. It ends all of them on SIGTERM,
 * SIGINT, and when its own parent goes away for any reason.
 */
const longestPauseMs = 30_000;
const steadyAfterMs = 60_000;
const killAfterMs = 2500;
const parentCheckMs = 1000;
const receivers = "receivers/receivers";
/** After so many failures in a row the receivers have lost a port; a new start of the fleet chooses others. */
const receiverFailuresMax = 4;

const children = new Map<string, ChildProcess>();
let ending = false;

const supervise = (name: string, failures = 0): void => {
  if (ending) return;
  const startedAt = performance.now();
  const child = spawn(process.execPath, ["--import", "tsx", `fleet/${name}.ts`], {
    cwd: fileURLToPath(new URL("..", import.meta.url)),
    stdio: ["ignore", "inherit", "inherit", "ipc"],
  });
  children.set(name, child);
  child.once("exit", (code, signal) => {
    children.delete(name);
    if (ending) return;
    const failed = performance.now() - startedAt > steadyAfterMs ? 1 : failures + 1;
    if (name === receivers && failed >= receiverFailuresMax) {
      console.error(`[fleet] ${name} ended ${failed} times in a row; the fleet starts anew`);
      return end(1);
    }
    const pauseMs = Math.min(1000 * 2 ** (failed - 1), longestPauseMs);
    console.log(`[fleet] ${name} ended (${signal ?? code}); restarting in ${pauseMs} ms`);
    setTimeout(() => supervise(name, failed), pauseMs);
  });
};

const end = (code: number): void => {
  if (ending) return;
  ending = true;
  const leave = () => {
    if (children.size === 0) process.exit(code);
  };
  for (const child of children.values()) {
    child.once("exit", leave);
    child.kill("SIGTERM");
  }
  setTimeout(() => {
    for (const child of children.values()) child.kill("SIGKILL");
    process.exit(code);
  }, killAfterMs);
  leave();
};

/**
 * A parent may hold us by IPC, by a pipe on our stdin, or by neither: then its process id shows whether it is alive.
 */
const followParent = (): void => {
  process.on("disconnect", () => end(0));
  const input = fstatSync(0, { bigint: false });
  if (!process.connected && (input.isFIFO() || input.isSocket())) {
    process.stdin.on("end", () => end(0)).on("error", () => end(0));
    process.stdin.resume();
  }
  const parent = process.ppid;
  setInterval(() => {
    if (process.ppid !== parent) end(0);
  }, parentCheckMs).unref();
};

process.on("SIGTERM", () => end(0));
process.on("SIGINT", () => end(0));
process.on("SIGHUP", () => end(0));
followParent();

try {
  const settings = readSettings(process.env);
  supervise("services/orders");
  supervise("services/support");
  supervise("services/services");
  const state = await bootstrapFleet(settings);
  supervise(receivers);
  supervise("providers/provider");
  supervise("backoffice");
  console.log(`[fleet] is running; receiver switch: http://127.0.0.1:${state.controlPort}`);
} catch (error) {
  console.error("[fleet]", error);
  end(1);
}
