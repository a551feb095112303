// Opens the database as its administrator: that of DATABASE_ADMIN_URL, or the embedded one of a running Wheelhouse.
// psql where it is on the PATH; otherwise, and with --shell, a small shell of our own.
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { z } from "zod";
import { loadConfig } from "#config.ts";
import { readSecretFiles } from "#config-secrets.mjs";
import { runShell } from "./db/shell.ts";

const { values } = parseArgs({ options: { shell: { type: "boolean", default: false } } });

try {
  const url = readSecretFiles(process.env).given.DATABASE_ADMIN_URL ?? embeddedUrl();
  if (!values.shell && hasPsql()) {
    // Passed in the environment, because other processes could read the password in the arguments.
    const { password } = new URL(url);
    const bare = Object.assign(new URL(url), { password: "" });
    const { status } = spawnSync("psql", [bare.href], {
      stdio: "inherit",
      env: {
        ...process.env,
        PGPASSWORD: decodeURIComponent(password),
        PGOPTIONS: "-c search_path=wheelhouse,public",
      },
    });
    process.exitCode = status ?? 1;
  } else {
    const { stdin: input, stdout: output } = process;
    await runShell({ url, input, output, prompts: input.isTTY === true });
    // Input after \q is not waited for.
    input.destroy();
  }
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}

function embeddedUrl(): string {
  const path = join(loadConfig(process.env).dataDir, "connections.json");
  if (!existsSync(path))
    throw new Error("There is no database to open: run `npm start` first, or set DATABASE_ADMIN_URL");
  return z.object({ databaseAdminUrl: z.string() }).parse(JSON.parse(readFileSync(path, "utf8")))
    .databaseAdminUrl;
}

function hasPsql(): boolean {
  return spawnSync("psql", ["--version"], { stdio: "ignore" }).status === 0;
}
