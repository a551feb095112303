import {
  accessSync,
  closeSync,
  constants,
  existsSync,
  fsyncSync,
  openSync,
  rmSync,
  statfsSync,
  writeSync,
} from "node:fs";
import { createServer } from "node:net";
import { dirname, join } from "node:path";
import { z } from "zod";
import type { Config } from "#config.ts";
import { codeOf, type Finding, fail, type MakeCheck, messageOf, pass, warn } from "./check.ts";
import type { Requirements } from "./deployment.ts";

const answerWithinMs = 2_000;
const readiness = z.object({
  status: z.string(),
  dependencies: z.object({ postgres: z.string(), redis: z.string() }),
});

/** Checks what this machine has to give: a folder, space, a port. */
export async function checkMachine(
  check: MakeCheck,
  config: Config,
  needs: Requirements,
  isStarting: boolean,
): Promise<void> {
  const folder = await check("Data folder", () => checkFolder(config.dataDir));
  await check("Disk space", () => checkSpace(config.dataDir, needs), { after: [folder] });
  await check("Port", () => checkPort(config.http, isStarting));
}

function checkFolder(dataDir: string): Finding {
  const path = join(dataDir, `.doctor-${process.pid}`);
  try {
    if (!existsSync(dataDir)) {
      accessSync(existingParentOf(dataDir), constants.W_OK | constants.X_OK);
      return pass(`${dataDir} will be made`);
    }
    const file = openSync(path, "w", 0o600);
    try {
      writeSync(file, "written\n");
      fsyncSync(file);
    } finally {
      closeSync(file);
      rmSync(path, { force: true });
    }
    return pass(dataDir);
  } catch (error) {
    if (codeOf(error) === "ENOSPC")
      return fail(`${dataDir}: no space is left`, "free space, or set WHEELHOUSE_DATA_DIR to another disk");
    return fail(
      `${dataDir} cannot be written: ${messageOf(error)}`,
      "give this user the right to write there (chown), or set WHEELHOUSE_DATA_DIR",
    );
  }
}

function existingParentOf(path: string): string {
  return existsSync(path) ? path : existingParentOf(dirname(path));
}

function checkSpace(dataDir: string, { freeBytes }: Requirements): Finding {
  const { bavail, bsize } = statfsSync(existingParentOf(dataDir));
  const free = bavail * bsize;
  const says = `${(free / 1024 ** 3).toFixed(1)} GiB free`;
  const remedy = "free space, or set WHEELHOUSE_DATA_DIR to another disk";
  if (free < freeBytes.least) return fail(says, remedy);
  if (free < freeBytes.comfortable) return warn(says, remedy);
  return pass(says);
}

async function checkPort({ host, port }: Config["http"], isStarting: boolean): Promise<Finding> {
  if (port === 0) return pass("any free one");
  const code = await listenOnce(host, port);
  if (code === undefined) return pass(`${host}:${port} is free`);
  if (code === "EADDRINUSE") {
    const isOurs = await isWheelhouse(host, port);
    if (isOurs && !isStarting) return pass(`${host}:${port} is used by Wheelhouse itself`);
    return fail(
      `port ${port} is in use${isOurs ? " by another Wheelhouse" : ""}`,
      "stop the program that listens there, or set PORT",
    );
  }
  if (code === "EACCES")
    return fail(`port ${port} may not be used by this user`, "set PORT to one above 1023");
  if (code === "EADDRNOTAVAIL" || code === "ENOTFOUND")
    return fail(
      `this machine has no address ${host}`,
      "set HOST to 127.0.0.1, 0.0.0.0 or an address of this machine",
    );
  return fail(`${host}:${port} cannot be listened on: ${code}`, "set HOST and PORT");
}

/** @returns undefined when the port is free, else the code of the error. */
function listenOnce(host: string, port: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", (error) => resolve(codeOf(error) ?? error.message));
    server.listen({ host, port }, () => server.close(() => resolve(undefined)));
  });
}

/** Recognized by its readiness, which needs no sign-in. */
async function isWheelhouse(host: string, port: number): Promise<boolean> {
  const reachable = host === "0.0.0.0" ? "127.0.0.1" : host === "::" ? "[::1]" : host;
  try {
    const answer = await fetch(`http://${reachable}:${port}/health/readiness`, {
      signal: AbortSignal.timeout(answerWithinMs),
      redirect: "error",
    });
    return readiness.safeParse(await answer.json()).success;
  } catch {
    return false;
  }
}
