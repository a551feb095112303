import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  chmodSync,
  chownSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  symlinkSync,
} from "node:fs";
import { join, resolve } from "node:path";

/** The account under which an embedded server runs; set only for root, because Postgres refuses to run as root. */
export type Account = { uid: number; gid: number };

const sharedRoot = "/var/lib/wheelhouse";

/** For root the account of a packaged Postgres or `nobody`; other users run the servers themselves. */
export function serverAccount(): Account | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const users = readFileSync("/etc/passwd", "utf8")
    .split("\n")
    .map((line) => line.split(":"));
  for (const name of ["postgres", "nobody"]) {
    const [, , uid, gid] = users.find(([user]) => user === name) ?? [];
    if (uid && gid) return { uid: Number(uid), gid: Number(gid) };
  }
  throw new Error("Postgres cannot run as root, and this system has neither a user postgres nor nobody");
}

/** True if the account can reach the path and execute it (for a folder: enter it). */
export function canReach(account: Account | undefined, path: string): boolean {
  const as = account ? { uid: account.uid, gid: account.gid } : {};
  return spawnSync("/bin/sh", ["-c", 'test -x "$1"', "sh", path], { ...as, stdio: "ignore" }).status === 0;
}

/**
 * Creates `<dataDir>/<name>`, owned by the account. If the account cannot enter the data folder (a clone below a home
 * of mode 0700), the folder is created in /var/lib/wheelhouse and the data folder links to it.
 * @returns its path with the link resolved, because the account could not follow it.
 */
export function serverDirectory(dataDir: string, name: string, account: Account | undefined): string {
  mkdirSync(dataDir, { recursive: true, mode: 0o711 });
  const link = join(dataDir, name);
  if (!account) {
    mkdirSync(link, { recursive: true, mode: 0o700 });
    return link;
  }
  // The account may enter our own folder but not list it; folders above it are not ours to change.
  chmodSync(dataDir, 0o711);
  const existing = lstatSync(link, { throwIfNoEntry: false });
  if (existing && statSync(link, { throwIfNoEntry: false })) {
    const owner = statSync(link);
    if (owner.uid !== account.uid) chownTree(link, account);
    if (!existing.isSymbolicLink() && !canReach(account, link)) return relocated(link, account, true);
    return realpathSync(link);
  }
  if (existing) rmSync(link);
  if (!canReach(account, dataDir)) return relocated(link, account, false);
  mkdirSync(link, { mode: 0o700 });
  chownSync(link, account.uid, account.gid);
  return link;
}

function relocated(link: string, account: Account, withContents: boolean): string {
  const place = join(sharedRoot, createHash("sha256").update(resolve(link)).digest("hex").slice(0, 16));
  mkdirSync(sharedRoot, { recursive: true, mode: 0o711 });
  // Files of an earlier, deleted data folder use passwords that no longer exist.
  rmSync(place, { recursive: true, force: true });
  if (withContents) {
    run("cp", ["-a", link, place]);
    rmSync(link, { recursive: true, force: true });
  } else mkdirSync(place, { mode: 0o700 });
  chownTree(place, account);
  symlinkSync(place, link);
  return place;
}

function chownTree(path: string, account: Account) {
  run("chown", ["-R", `${account.uid}:${account.gid}`, `${path}/`]);
}

/** A place for programs that every account can reach, created only for root. */
export function sharedProgramDirectory(name: string): string {
  mkdirSync(sharedRoot, { recursive: true, mode: 0o711 });
  return join(sharedRoot, name);
}

/** @throws with the command's own message if it fails. */
function run(command: string, args: readonly string[]) {
  const done = spawnSync(command, args, { encoding: "utf8", timeout: 60_000 });
  if (done.status !== 0)
    throw new Error(`${command} ${args.join(" ")}: ${done.stderr || done.error?.message}`);
}
