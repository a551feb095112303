// Programs that no npm package provides: a Redis for the product, a PgBouncer and a browser for its tests.
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { root } from "./install.mjs";
import { run, Stop, step } from "./progress.mjs";

/** Folders of what was unpacked; `bff/src/embedded/unpacked.ts` looks here after the PATH. */
const programs = join(root, ".wheelhouse/programs");
const macChrome = "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome";
const isRoot = process.getuid?.() === 0;
const aptEnvironment = { ...process.env, DEBIAN_FRONTEND: "noninteractive", LC_ALL: "C" };

const redis = {
  folder: join(programs, "redis"),
  program: "usr/bin/redis-server",
  packages: ["redis-tools", "redis-server"],
  advice: "No redis-server was found. Run: sudo apt-get install redis-server",
};
const pgbouncer = {
  folder: join(programs, "pgbouncer"),
  program: "usr/sbin/pgbouncer",
  packages: ["pgbouncer"],
  advice: "The tests need PgBouncer. Run: sudo apt-get install pgbouncer",
};

/** Finds a Redis, or installs one if that is allowed. Never leaves a package's daemon running. */
export async function ensureRedis() {
  if (onPath("redis-server") || onPath("valkey-server")) return;
  if (existsSync(join(redis.folder, redis.program))) return;
  await step("Getting a Redis server", async () => {
    if (onPath("apt-get") && onPath("dpkg-deb")) await unpackDebian(redis);
    else if (onPath("brew")) await run("brew", ["install", "redis"], { cwd: root });
    else if (isRoot && onPath("apk")) await run("apk", ["add", "--no-cache", "redis"], { cwd: root });
    else if (isRoot && onPath("dnf")) await run("dnf", ["install", "-y", "redis"], { cwd: root });
    else throw new Stop("No redis-server was found. Install Redis 6.2 or later, or set REDIS_URL.");
    return "Redis server installed";
  });
}

/** Finds the PgBouncer that tests put before Postgres, or installs one if that is allowed. */
export async function ensurePgBouncer() {
  if (onPath("pgbouncer") || existsSync(join(pgbouncer.folder, pgbouncer.program))) return;
  await step("Getting a PgBouncer", async () => {
    if (onPath("apt-get") && onPath("dpkg-deb")) await unpackDebian(pgbouncer);
    else if (onPath("brew")) await run("brew", ["install", "pgbouncer"], { cwd: root });
    else if (isRoot && onPath("apk")) await run("apk", ["add", "--no-cache", "pgbouncer"], { cwd: root });
    else if (isRoot && onPath("dnf")) await run("dnf", ["install", "-y", "pgbouncer"], { cwd: root });
    else throw new Stop(pgbouncer.advice);
    return "PgBouncer installed";
  });
}

/**
 * Unpacks Debian's packages into `.wheelhouse/programs`: needs no root, changes nothing in the system and starts no
 * daemon. It includes libraries that the system lacks.
 */
async function unpackDebian({ folder, program, packages, advice }) {
  mkdirSync(programs, { recursive: true, mode: 0o755 });
  const fresh = mkdtempSync(join(programs, "new-"));
  try {
    await fetchAndUnpack(packages, fresh, advice);
    if (missingLibraries(fresh, program)) {
      const { stdout } = spawnSync("apt-cache", ["depends", ...packages], { encoding: "utf8" });
      const libraries = [...stdout.matchAll(/Depends: ((?:lib|lua)[\w.+-]*)/g)].map(([, name]) => name);
      const wanted = [...new Set(libraries)].filter((name) => name !== "libc6");
      await fetchAndUnpack(wanted, fresh, advice);
      if (missingLibraries(fresh, program)) throw new Stop(advice);
    }
    rmSync(folder, { recursive: true, force: true });
    spawnSync("chmod", ["755", fresh]);
    renameSync(fresh, folder);
  } finally {
    rmSync(fresh, { recursive: true, force: true });
  }
}

async function fetchAndUnpack(packages, folder, advice) {
  const download = () =>
    run("apt-get", ["download", ...packages], { cwd: folder, env: aptEnvironment, quiet: true });
  try {
    await download();
  } catch {
    // The machine's package lists were never fetched, or are old.
    if (!isRoot) throw new Stop(advice);
    await run("apt-get", ["update"], { cwd: folder, env: aptEnvironment });
    await download();
  }
  for (const file of readdirSync(folder).filter((name) => name.endsWith(".deb"))) {
    await run("dpkg-deb", ["-x", file, "."], { cwd: folder });
    rmSync(join(folder, file));
  }
}

function missingLibraries(folder, program) {
  const libraries = ["x86_64-linux-gnu", "aarch64-linux-gnu"].flatMap((triplet) => [
    join(folder, "usr/lib", triplet),
    join(folder, "lib", triplet),
  ]);
  const { stdout } = spawnSync("ldd", [join(folder, program)], {
    encoding: "utf8",
    env: { ...process.env, LD_LIBRARY_PATH: libraries.join(":") },
  });
  return /not found/.test(stdout);
}

/** Finds the browser for the journeys, or installs Debian's if that is allowed; resolves with its path. */
export async function ensureChromium() {
  const find = () =>
    ["chromium", "chromium-browser", "google-chrome"].map(pathOf).find(Boolean) ??
    [macChrome].find((path) => existsSync(path));
  const found = find();
  if (found) return found;
  const advice = "The browser tests need Chromium. Run: sudo apt-get install chromium";
  if (!isRoot || !onPath("apt-get")) throw new Stop(advice);
  await step("Installing Chromium", async () => {
    const install = () =>
      run("apt-get", ["install", "-y", "--no-install-recommends", "chromium", "fonts-dejavu-core"], {
        cwd: root,
        env: aptEnvironment,
        quiet: true,
      });
    try {
      await install();
    } catch {
      await run("apt-get", ["update"], { cwd: root, env: aptEnvironment });
      await install();
    }
    return "Chromium installed";
  });
  return find();
}

function onPath(name) {
  return pathOf(name) !== undefined;
}

function pathOf(name) {
  const { stdout } = spawnSync("/bin/sh", ["-c", 'command -v "$1"', "sh", name], { encoding: "utf8" });
  return stdout?.trim() || undefined;
}
