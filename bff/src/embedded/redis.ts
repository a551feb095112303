import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { Redis } from "ioredis";
import type { Logger } from "pino";
import { canReach, serverAccount, serverDirectory } from "./account.ts";
import type { GuardedExit, Guardian } from "./guardian.ts";
import { endLeftovers } from "./leftovers.ts";
import { freePort } from "./ports.ts";
import { endOf } from "./postgres.ts";
import { findProgram } from "./unpacked.ts";

const readyWithinMs = 60_000;

export type EmbeddedRedis = { url: string; port: number; pid: number; stop(): Promise<void> };

type EmbeddedRedisOptions = {
  guardian: Guardian;
  dataDir: string;
  port?: number | undefined;
  exactPort?: boolean;
  name?: string;
  /** Number of logical databases; a test run uses one for each test file. */
  databases?: number;
  log: Pick<Logger, "info" | "warn">;
  onExit?: (exit: GuardedExit) => void;
};

/**
 * Starts a Redis on loopback with data in `<dataDir>/redis`, and waits until it has loaded its data. Every write
 * reaches the append-only file before its answer (a SIGKILL loses nothing) and the disk within a second; nothing is
 * ever evicted.
 */
export async function startEmbeddedRedis(options: EmbeddedRedisOptions): Promise<EmbeddedRedis> {
  const { guardian, dataDir, name = "redis", databases = 16, log } = options;
  const account = serverAccount();
  const folder = serverDirectory(dataDir, "redis", account);
  const program = findProgram(["redis-server", "valkey-server"], "redis/usr/bin/redis-server");
  if (!program)
    throw new Error(
      "no redis-server was found: install it (Debian: apt-get install redis-server) or set REDIS_URL",
    );
  const runAs = canReach(account, program.command) ? account : undefined;
  const found = await endLeftovers(folder, "-server", "SIGTERM");
  if (found > 0) log.warn({ found }, "ended Redis processes of a start that was killed");

  const port = await freePort(options.port);
  if (options.exactPort && options.port !== port) throw new Error(`port ${options.port} is taken`);
  const logs = join(dataDir, "logs");
  mkdirSync(logs, { recursive: true, mode: 0o700 });
  const logFile = join(logs, `${name}.log`);
  const settings = {
    bind: "127.0.0.1",
    port: String(port),
    dir: folder,
    databases: String(databases),
    daemonize: "no",
    supervised: "no",
    appendonly: "yes",
    appendfsync: "everysec",
    save: "",
    "maxmemory-policy": "noeviction",
    loglevel: "notice",
    logfile: "",
  };
  let ended: GuardedExit | undefined;
  const pid = await guardian.start(
    {
      name,
      command: program.command,
      args: Object.entries(settings).flatMap(([key, value]) => [`--${key}`, value]),
      cwd: folder,
      env: { LC_ALL: "C", TZ: "UTC", ...program.env },
      account: runAs,
      logFile,
      stopSignal: "SIGTERM",
      killAfterMs: 5_000,
    },
    (exit) => {
      ended = exit;
      options.onExit?.(exit);
    },
  );
  const url = `redis://127.0.0.1:${port}`;
  await waitUntilReady(url, () => ended && `${endOf(logFile)}${ended.reason}`);
  return { url, port, pid, stop: () => guardian.stop(name) };
}

async function waitUntilReady(url: string, failure: () => string | undefined) {
  const redis = new Redis(url, { lazyConnect: true, retryStrategy: () => 30, commandTimeout: 2_000 });
  redis.on("error", () => {});
  const deadline = Date.now() + readyWithinMs;
  try {
    redis.connect().catch(() => {});
    for (;;) {
      try {
        if (redis.status === "ready" && (await redis.ping()) === "PONG") return;
      } catch {
        // Still loading, or not listening yet.
      }
      const reason = failure();
      if (reason !== undefined) throw new Error(`Redis ended while starting: ${reason}`);
      if (Date.now() > deadline) throw new Error(`Redis was not ready within ${readyWithinMs / 1000} s`);
      await new Promise((done) => setTimeout(done, 20));
    }
  } finally {
    redis.disconnect();
  }
}
