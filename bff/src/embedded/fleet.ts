import { existsSync, mkdirSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import type { Logger } from "pino";
import { createGuardian, type Guardian } from "./guardian.ts";
import { endLeftovers } from "./leftovers.ts";

const fleetProgram = fileURLToPath(new URL("../../../e2e/fleet/main.ts", import.meta.url));
const restartAfterMs = [500, 2_000, 5_000, 15_000, 30_000];
/** A fleet that lived this long has recovered, so the next restart is quick again. */
const healthyAfterMs = 60_000;

type FleetOptions = {
  dataDir: string;
  /** The URL of this Wheelhouse. */
  baseUrl: string;
  redisUrl: string;
  /** The guardian of the embedded servers; without one the fleet gets its own. */
  guardian?: Guardian | undefined;
  /** A program other than the demo fleet; for tests. */
  program?: string;
  log: Pick<Logger, "info" | "warn" | "error">;
};

/**
 * Runs the demo fleet as a separate program under the guardian, and restarts it with increasing delays when it ends.
 * Its output goes to `<dataDir>/logs/fleet.log`. Resolves at once, because nobody waits for the demo.
 */
export async function runFleet(options: FleetOptions): Promise<{ stop(): Promise<void> }> {
  const { dataDir, baseUrl, redisUrl, program = fleetProgram, log } = options;
  if (!existsSync(program)) {
    log.warn("the demo fleet is not part of this installation");
    return { stop: async () => {} };
  }
  const guardian = options.guardian ?? createGuardian();
  const folder = join(dataDir, "fleet");
  const logs = join(dataDir, "logs");
  for (const path of [folder, logs]) mkdirSync(path, { recursive: true, mode: 0o700 });
  await endLeftovers(folder, program, "SIGTERM");
  // By its path: the fleet's working folder is not below the package that has tsx.
  const tsx = pathToFileURL(createRequire(import.meta.url).resolve("tsx")).href;
  let stopping = false;
  let restart: NodeJS.Timeout | undefined;
  let failures = 0;

  const start = async () => {
    const startedAt = performance.now();
    await guardian.start(
      {
        name: "fleet",
        command: process.execPath,
        args: ["--import", tsx, program],
        // Also identifies leftovers of a killed start.
        cwd: folder,
        env: {
          FLEET_BASE_URL: baseUrl,
          FLEET_REDIS_URL: redisUrl,
          FLEET_DATA_DIR: folder,
          FLEET_CREDENTIALS: join(dataDir, "credentials.json"),
        },
        account: undefined,
        logFile: join(logs, "fleet.log"),
        stopSignal: "SIGTERM",
        killAfterMs: 3_000,
      },
      (exit) => {
        if (stopping) return;
        failures = performance.now() - startedAt > healthyAfterMs ? 0 : failures + 1;
        const waitMs = restartAfterMs[Math.min(failures, restartAfterMs.length) - 1] ?? 500;
        log.warn({ ...exit, restartInMs: waitMs }, "the demo fleet ended");
        restart = setTimeout(() => start().catch(giveUp), waitMs).unref();
      },
    );
  };
  const giveUp = (err: unknown) => log.error({ err }, "the demo fleet cannot be started");
  await start();
  return {
    stop: async () => {
      stopping = true;
      clearTimeout(restart);
      await (options.guardian ? guardian.stop("fleet") : guardian.end());
    },
  };
}
