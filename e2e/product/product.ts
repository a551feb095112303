import { type ChildProcess, spawn } from "node:child_process";
import { chmodSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Credential, parseCredentials } from "../fleet/api.ts";

const bffFolder = fileURLToPath(new URL("../../bff/", import.meta.url));
/** Ends the product when this process is gone for any reason. */
const tether = new URL("../../bff/launch/tether.mjs", import.meta.url).href;
const readyDeadlineMs = 120_000;
const stopDeadlineMs = 15_000;
const keptOutput = 200;

/** A running Wheelhouse as a journey sees it: its URL and its data folder. */
export type Product = { baseUrl: string; dataDir: string };
export type StartedProduct = Product & {
  pid: number;
  /** The last lines of its output, for the message of a failed journey. */
  output: () => string;
  /** SIGTERM, then SIGKILL after 15 s; removes the data folder. */
  stop: () => Promise<void>;
};

/** Two attempts end in a dead letter before three failures open the breaker; no journey reaches a rate limit. */
const journeySettings = {
  WHEELHOUSE_RETRY_SCHEDULE_MS: "400",
  WHEELHOUSE_RATE_LIMIT_MUTATIONS_PER_HOUR: "100000",
  WHEELHOUSE_RATE_LIMIT_FAILURES_PER_15_MIN: "100000",
};

const makeDataFolder = (): string => {
  const folder = mkdtempSync(join(tmpdir(), "wheelhouse-journey-"));
  // If we are root, the embedded Postgres runs as another user and must be able to enter the folder.
  chmodSync(folder, 0o711);
  return folder;
};

const watchOutput = (child: ChildProcess) => {
  const lines: string[] = [];
  const waiting = new Set<(line: string) => void>();
  for (const stream of [child.stdout, child.stderr]) {
    let rest = "";
    stream?.setEncoding("utf8").on("data", (text: string) => {
      const parts = (rest + text).split("\n");
      rest = parts.pop() ?? "";
      for (const line of parts) {
        lines.push(line);
        if (lines.length > keptOutput) lines.shift();
        for (const hear of waiting) hear(line);
      }
    });
  }
  return { text: () => lines.join("\n"), hear: (listener: (line: string) => void) => waiting.add(listener) };
};

/**
 * Starts the whole product with its own port, data folder and embedded servers, like `npm start`, and resolves once it
 * reports that it is ready. Throws with its output if it ends before, or is not ready within two minutes.
 */
export const startProduct = async (
  environment: Readonly<Record<string, string>> = {},
): Promise<StartedProduct> => {
  const dataDir = makeDataFolder();
  const child = spawn(process.execPath, ["--enable-source-maps", "--import", tether, "dist/main.js"], {
    cwd: bffFolder,
    env: { ...process.env, PORT: "0", WHEELHOUSE_DATA_DIR: dataDir, ...journeySettings, ...environment },
    stdio: ["ignore", "pipe", "pipe", "ipc"],
  });
  const output = watchOutput(child);
  const exited = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  const stop = async () => {
    if (child.exitCode === null && child.signalCode === null) {
      child.kill("SIGTERM");
      const deadline = setTimeout(() => child.kill("SIGKILL"), stopDeadlineMs);
      await exited;
      clearTimeout(deadline);
    }
    rmSync(dataDir, { recursive: true, force: true, maxRetries: 5 });
  };
  try {
    const baseUrl = await new Promise<string>((resolve, reject) => {
      const fail = (why: string) => reject(new Error(`Wheelhouse ${why}:\n${output.text()}`));
      const deadline = setTimeout(() => fail("was not ready within 2 minutes"), readyDeadlineMs);
      output.hear((line) => {
        const url = /Wheelhouse is ready: (http\S+)/.exec(line)?.[1];
        if (url === undefined) return;
        clearTimeout(deadline);
        resolve(url.replace(/\/$/, ""));
      });
      child.once("exit", (code, signal) => {
        clearTimeout(deadline);
        fail(`ended with ${signal ?? code}`);
      });
    });
    return { baseUrl, dataDir, pid: child.pid ?? 0, output: output.text, stop };
  } catch (error) {
    await stop();
    throw error;
  }
};

export const readCredentials = ({ dataDir }: Product): Credential[] =>
  parseCredentials(readFileSync(join(dataDir, "credentials.json"), "utf8"));
