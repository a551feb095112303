import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { pino } from "pino";
import { z } from "zod";
import { createGuardian } from "#embedded/guardian.ts";
import { startEmbeddedPostgres } from "#embedded/postgres.ts";
import { startEmbeddedRedis } from "#embedded/redis.ts";
import { makeSecrets } from "#embedded/secrets.ts";
import { migrate } from "#lib/postgres/migrate.ts";

const require = createRequire(import.meta.url);

/** Private servers on free ports in a temporary folder, removed by `end`. */
export async function startBenchStack() {
  const dataDir = mkdtempSync(join(tmpdir(), "wheelhouse-bench-"));
  chmodSync(dataDir, 0o711);
  const log = pino({ level: "silent" });
  const guardian = createGuardian();
  const secrets = makeSecrets();
  const [postgres, redis] = await Promise.all([
    startEmbeddedPostgres({ guardian, dataDir, secrets, log }),
    startEmbeddedRedis({ guardian, dataDir, log }),
  ]);
  await migrate({ adminUrl: postgres.adminUrl, log });
  return {
    dataDir,
    redisUrl: redis.url,
    pids: { postgres: postgres.pid, redis: redis.pid },
    environment: {
      DATABASE_URL: postgres.url("wheelhouse", "wheelhouse_app"),
      DATABASE_SYSTEM_URL: postgres.url("wheelhouse", "wheelhouse_system"),
      DATABASE_ADMIN_URL: postgres.adminUrl,
      REDIS_URL: redis.url,
      WHEELHOUSE_DATA_DIR: dataDir,
    },
    async end() {
      await guardian.end();
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}

/** Starts a program of this folder; resolves with the JSON line that it prints when it is ready. */
export async function startProgram(file: string, environment: Record<string, string>) {
  const child: ChildProcess = spawn(
    process.execPath,
    ["--import", "tsx", fileURLToPath(new URL(file, import.meta.url))],
    { env: { PATH: process.env.PATH, ...environment }, stdio: ["ignore", "pipe", "inherit"] },
  );
  if (!child.stdout) throw new Error("no output");
  const exited = once(child, "exit");
  const line = await Promise.race([once(createInterface({ input: child.stdout }), "line"), exited]);
  const ready: unknown = JSON.parse(String(line[0]));
  return {
    ready,
    pid: child.pid ?? 0,
    async end() {
      child.kill("SIGTERM");
      await exited;
    },
  };
}

/** Processor time of a process, user and system together. */
export function cpuUsedMs(pid: number): number {
  const ticksPerSecond = 100;
  // The name in parentheses may contain spaces; the times are the 12th and 13th field after it.
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]?.split(" ") ?? [];
  return ((Number(fields[11]) + Number(fields[12])) / ticksPerSecond) * 1_000;
}

/** The same for a process and its children, those that have ended included. */
export function treeUsedMs(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]?.split(" ") ?? [];
  const ended = (Number(fields[13]) + Number(fields[14])) * 10;
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").split(" ").filter(Boolean);
  return children.reduce((total, child) => {
    try {
      return total + cpuUsedMs(Number(child));
    } catch {
      // It has ended meanwhile.
      return total;
    }
  }, cpuUsedMs(pid) + ended);
}

const loadResult = z.object({
  requests: z.object({ average: z.number(), total: z.number() }),
  latency: z.object({ p50: z.number(), p99: z.number() }),
  errors: z.number(),
  timeouts: z.number(),
  non2xx: z.number(),
  throughput: z.object({ average: z.number() }),
});
export type LoadResult = z.infer<typeof loadResult>;

/** Loads one URL with autocannon, in a separate process. */
export async function loadWith(options: {
  url: string;
  connections: number;
  durationS: number;
  headers?: Record<string, string>;
}): Promise<LoadResult> {
  const program = require.resolve("autocannon");
  const headers = Object.entries(options.headers ?? {}).flatMap(([name, value]) => [
    "-H",
    `${name}=${value}`,
  ]);
  const child = spawn(process.execPath, [
    program,
    "-c",
    String(options.connections),
    "-d",
    String(options.durationS),
    "-j",
    ...headers,
    options.url,
  ]);
  let output = "";
  child.stdout.on("data", (part: Buffer) => {
    output += part.toString();
  });
  await once(child, "close");
  return loadResult.parse(JSON.parse(output));
}
