import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { serverAccount, serverDirectory } from "#embedded/account.ts";
import { freePort } from "#embedded/ports.ts";

/** Where `npm run faults` unpacks Debian's package if the machine has none. */
const unpacked = fileURLToPath(new URL("../../../../.wheelhouse/programs/postgres-15/", import.meta.url));
const installed = "/usr/lib/postgresql/15/bin";

/** The environment of Postgres 15 and its client programs, which are first on its PATH. */
export function postgres15Environment(): Record<string, string> {
  const isInstalled = existsSync(join(installed, "postgres"));
  const libraries = ["x86_64-linux-gnu", "aarch64-linux-gnu"].map((triplet) =>
    join(unpacked, "usr/lib", triplet),
  );
  const programs = isInstalled ? installed : join(unpacked, installed);
  return {
    PATH: `${programs}:${process.env.PATH ?? ""}`,
    ...(isInstalled ? {} : { LD_LIBRARY_PATH: libraries.join(":") }),
  };
}

/** Starts an empty Debian Postgres 15 on loopback with an administrator `postgres`, in the folder. */
export async function startPostgres15(folder: string, name: string) {
  const account = serverAccount();
  const data = join(serverDirectory(folder, name, account), "data");
  const port = await freePort();
  const run = (program: string, ...args: string[]) => {
    const { status, stderr, stdout } = spawnSync(program, args, {
      env: postgres15Environment(),
      encoding: "utf8",
      // A server keeps the pipes of its starter open.
      stdio: ["ignore", program === "pg_ctl" ? "ignore" : "pipe", program === "pg_ctl" ? "ignore" : "pipe"],
      ...(account ? { uid: account.uid, gid: account.gid } : {}),
    });
    if (status !== 0) throw new Error(`${program}: ${stderr ?? ""}${stdout ?? ""}`);
  };
  run("initdb", "--pgdata", data, "--username=postgres", "--auth=trust", "--encoding=UTF8");
  const options = `-p ${port} -c listen_addresses=127.0.0.1 -c unix_socket_directories= -c fsync=off`;
  run("pg_ctl", "start", "--wait", "--pgdata", data, "--log", `${data}.log`, "--options", options);
  return {
    urlOf: (role: string, password: string, database: string) =>
      `postgres://${role}:${password}@127.0.0.1:${port}/${database}`,
    stop: () => run("pg_ctl", "stop", "--mode=fast", "--pgdata", data),
  };
}
