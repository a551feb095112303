import { chownSync, cpSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import pg from "pg";
import { vi } from "vitest";
import { type Account, canReach, serverAccount, serverDirectory } from "#embedded/account.ts";
import { createGuardian } from "#embedded/guardian.ts";
import { freePort } from "#embedded/ports.ts";
import { findProgram, type Program } from "#embedded/unpacked.ts";
import { makeTemporaryFolder } from "../stack-setup.ts";

export type PgBouncer = {
  /** The address of the same database through PgBouncer. */
  through(url: string): string;
  /** What it logged. */
  log(): string;
  stop(): Promise<void>;
};

/**
 * A PgBouncer before the server of these addresses, whose roles it knows; in transaction mode, with its defaults but for
 * five connections to Postgres for each role and database, and the time between two attempts to connect.
 */
export async function startPgBouncer(
  urls: readonly string[],
  mode: "transaction" | "statement" = "transaction",
): Promise<PgBouncer> {
  const [server] = urls.map((url) => new URL(url));
  const dataDir = makeTemporaryFolder();
  const account = serverAccount();
  const folder = serverDirectory(dataDir, "pgbouncer", account);
  const port = await freePort(undefined);
  const users = urls.map((url) => {
    const { username, password } = new URL(url);
    return `"${decodeURIComponent(username)}" "${decodeURIComponent(password)}"\n`;
  });
  const config = [
    "[databases]",
    `* = host=${server?.hostname} port=${server?.port}`,
    "[pgbouncer]",
    "listen_addr = 127.0.0.1",
    `listen_port = ${port}`,
    "unix_socket_dir =",
    `auth_file = ${join(folder, "users")}`,
    `pool_mode = ${mode}`,
    "default_pool_size = 5",
    // Otherwise it waits 15 s before it connects to a Postgres again that was stopped.
    "server_login_retry = 1",
  ];
  for (const [name, text] of [
    ["users", users.join("")],
    ["pgbouncer.ini", config.join("\n")],
  ] as const) {
    writeFileSync(join(folder, name), text, { mode: 0o600 });
    if (account) chownSync(join(folder, name), account.uid, account.gid);
  }
  const guardian = createGuardian();
  const logFile = join(dataDir, "pgbouncer.log");
  const { command, env } = programIn(folder, account);
  await guardian.start(
    {
      name: "pgbouncer",
      command,
      args: [join(folder, "pgbouncer.ini")],
      cwd: folder,
      env: { LC_ALL: "C", ...env },
      account,
      logFile,
      stopSignal: "SIGTERM",
      killAfterMs: 3_000,
    },
    () => {},
  );
  const through = (url: string) =>
    Object.assign(new URL(url), { hostname: "127.0.0.1", port: String(port) }).href;
  await vi.waitFor(() => connectOnce(through(urls[0] ?? "")), { timeout: 20_000, interval: 30 });
  return {
    through,
    log: () => readFileSync(logFile, "utf8"),
    async stop() {
      await guardian.end();
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}

/** PgBouncer refuses to run as root, whose folders another account may not enter; then a copy runs in `folder`. */
function programIn(folder: string, account: Account | undefined): Program {
  const program = findProgram(["pgbouncer"], "pgbouncer/usr/sbin/pgbouncer");
  if (!program) throw new Error("no pgbouncer was found: install it (Debian: apt-get install pgbouncer)");
  if (canReach(account, program.command)) return program;
  const original = join(program.command, "../../..");
  const copy = join(folder, "program");
  cpSync(original, copy, { recursive: true, verbatimSymlinks: true });
  const libraries = program.env.LD_LIBRARY_PATH?.replaceAll(original, copy) ?? "";
  return { command: program.command.replace(original, copy), env: { LD_LIBRARY_PATH: libraries } };
}

async function connectOnce(url: string) {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 2_000 });
  client.on("error", () => {});
  await client.connect();
  await client.end();
}
