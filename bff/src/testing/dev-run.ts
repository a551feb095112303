import { type ChildProcess, spawn } from "node:child_process";
import { readdirSync, readFileSync, utimesSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, vi } from "vitest";

const bffFolder = fileURLToPath(new URL("../../", import.meta.url));
const startsWithinMs = 60_000;

export type DevRun = {
  child: ChildProcess;
  exited: Promise<number | null>;
  /** The URL of the pages. */
  address: string;
  output(): string;
  /** The number of restarts, and the duration of each. */
  restartsMs(): number[];
};

/** `npm run dev` without its preparations, on its own data folder; resolves once it has printed its URL. */
export async function startDev(dataDir: string, environment: Record<string, string>): Promise<DevRun> {
  const tether = new URL("../../launch/tether.mjs", import.meta.url).href;
  const child = spawn(process.execPath, ["--import", "tsx", "--import", tether, "launch/dev/dev.ts"], {
    cwd: bffFolder,
    env: { PATH: "/usr/bin:/bin", PORT: "0", WHEELHOUSE_DATA_DIR: dataDir, ...environment },
    stdio: ["ignore", "pipe", "pipe", "ipc"],
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr])
    stream?.setEncoding("utf8").on("data", (text: string) => {
      output += text;
    });
  const exited = new Promise<number | null>((resolve) => child.once("close", resolve));
  const addressIn = () => /Wheelhouse is ready: (http\S+)/.exec(output)?.[1];
  await vi.waitFor(
    () => {
      expect(addressIn() ?? child.exitCode, output).not.toBeNull();
    },
    { timeout: startsWithinMs, interval: 50 },
  );
  const address = addressIn();
  if (!address) throw new Error(output);
  return {
    child,
    exited,
    address,
    output: () => output,
    restartsMs: () =>
      [...output.matchAll(/up again \((\S+) s\)/g)].map(([, seconds]) => Number(seconds) * 1000),
  };
}

/** Saves a server source file again unchanged. */
export function touchSource() {
  const now = new Date();
  utimesSync(new URL("../lib/time/clock.ts", import.meta.url), now, now);
}

/** All processes with the data folder in their environment: the run, its server, the spare one, Vite. */
export function processesWith(dataDir: string): number[] {
  return readdirSync("/proc").flatMap((entry) => {
    try {
      return /^\d+$/.test(entry) && readFileSync(`/proc/${entry}/environ`, "utf8").includes(dataDir)
        ? [Number(entry)]
        : [];
    } catch {
      return [];
    }
  });
}
