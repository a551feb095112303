import { type ChildProcess, spawn } from "node:child_process";
import { readdirSync, readlinkSync } from "node:fs";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { Queue } from "bullmq";
import pg from "pg";
import { z } from "zod";

const bffFolder = fileURLToPath(new URL("../../", import.meta.url));
const ownerProgram = fileURLToPath(new URL("../embedded/testing/owner.fixture.ts", import.meta.url));
const readySchema = z.object({
  databaseAdminUrl: z.string(),
  redisUrl: z.string(),
  guardianPid: z.number(),
  startedInMs: z.number(),
});

export type Owner = {
  child: ChildProcess;
  exited: Promise<{ code: number | null; errors: string }>;
  ready: z.infer<typeof readySchema> | undefined;
};

/** A separate process that starts the embedded servers, as main does, and stops them on SIGTERM. */
export async function startOwner(dataDir: string, environment: Record<string, string> = {}): Promise<Owner> {
  const child = spawn(process.execPath, ["--import", "tsx", ownerProgram], {
    cwd: bffFolder,
    env: { PATH: "/usr/bin:/bin", WHEELHOUSE_DATA_DIR: dataDir, ...environment },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let errors = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    errors += text;
  });
  const exited = new Promise<{ code: number | null; errors: string }>((resolve) => {
    child.once("close", (code) => resolve({ code, errors }));
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const line = await Promise.race([lines.next().then(({ value }) => value), exited]);
  const ready = typeof line === "string" ? readySchema.parse(JSON.parse(line)) : undefined;
  return { child, exited, ready };
}

/** @throws with its output if it did not start. */
export async function startReadyOwner(dataDir: string, environment: Record<string, string> = {}) {
  const owner = await startOwner(dataDir, environment);
  if (!owner.ready) throw new Error((await owner.exited).errors);
  return { ...owner, ready: owner.ready };
}

/** All processes that work in the data folder: servers, their children, the fleet. */
export function processesOf(folder: string): number[] {
  return readdirSync("/proc").flatMap((entry) => {
    try {
      return /^\d+$/.test(entry) && readlinkSync(`/proc/${entry}/cwd`).startsWith(folder)
        ? [Number(entry)]
        : [];
    } catch {
      return [];
    }
  });
}

export async function query(url: string, sql: string, values: unknown[] = []) {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 2_000 });
  client.on("error", () => {});
  await client.connect();
  try {
    return (await client.query(sql, values)).rows;
  } finally {
    await client.end();
  }
}

/** A queue whose server may be killed: its calls then fail instead of waiting for a server that does not return. */
export async function withQueue<T>(redisUrl: string, work: (queue: Queue) => Promise<T>): Promise<T> {
  const queue = new Queue("kept", {
    connection: { url: redisUrl, maxRetriesPerRequest: 0, retryStrategy: () => null },
  });
  try {
    return await work(queue);
  } finally {
    await queue.close();
  }
}

/** SIGKILL; a process that has already ended is no error. */
export function killIfThere(pid: number) {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // Already gone.
  }
}
