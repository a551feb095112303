// Programs that no npm package provides: a Redis for the product; a PgBouncer, a browser and an older Postgres for its tests.
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { root } from "./install.mjs";
import { run, Stop, step } from "./progress.mjs";

/** Folders of what was unpacked; `bff/src/embedded/unpacked.ts` looks here after the PATH. */
const programs = join(root, ".wheelhouse/programs");
const unpackedRedis = join(programs, "redis");
const unpackedPostgres = join(programs, "postgres-15");
const macChrome = "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome";
const isRoot = process.getuid?.() === 0;
const aptEnvironment = { ...process.env, DEBIAN_FRONTEND: "noninteractive", LC_ALL: "C" };

/** Finds a Redis, or installs one if that is allowed. Never leaves a package's daemon running. */
export async function ensureRedis() {
  if (onPath("redis-server") || onPath("valkey-server")) return;
  if (existsSync(join(unpackedRedis, "usr/bin/redis-server"))) return;
  await step("Getting a Redis server", async () => {
    if (onPath("apt-get") && onPath("dpkg-deb")) await unpackDebianRedis();
    else if (onPath("brew")) await run("brew", ["install", "redis"], { cwd: root });
    else if (isRoot && onPath("apk")) await run("apk", ["add", "--no-cache", "redis"], { cwd: root });
    else if (isRoot && onPath("dnf")) await run("dnf", ["install", "-y", "redis"], { cwd: root });
    else throw new Stop("No redis-server was found. Install Redis 6.2 or later, or set REDIS_URL.");
    return "Redis server installed";
  });
}

const unpackDebianRedis = () =>
  unpackDebian(["redis-tools", "redis-server"], {
    into: unpackedRedis,
    programs: ["usr/bin/redis-server"],
    advice: "No redis-server was found. Run: sudo apt-get install redis-server",
  });

/** Finds the PgBouncer that tests put before Postgres, or installs one if that is allowed. */
export async function ensurePgBouncer() {
  const into = join(programs, "pgbouncer");
  const program = "usr/sbin/pgbouncer";
  if (onPath("pgbouncer") || existsSync(join(into, program))) return;
  const advice = "The tests need PgBouncer. Run: sudo apt-get install pgbouncer";
  await step("Getting a PgBouncer", async () => {
    if (onPath("apt-get") && onPath("dpkg-deb"))
      await unpackDebian(["pgbouncer"], { into, programs: [program], advice });
    else if (onPath("brew")) await run("brew", ["install", "pgbouncer"], { cwd: root });
    else if (isRoot && onPath("apk")) await run("apk", ["add", "--no-cache", "pgbouncer"], { cwd: root });
    else if (isRoot && onPath("dnf")) await run("dnf", ["install", "-y", "pgbouncer"], { cwd: root });
    else throw new Stop(advice);
    return "PgBouncer installed";
  });
}

/** Finds Debian's Postgres 15 with its `pg_dump`, or unpacks it; `bff/src/testing/postgres/debian-postgres.fixture.ts` looks there. */
export async function ensurePostgres15() {
  if (existsSync("/usr/lib/postgresql/15/bin/postgres") || existsSync(unpackedPostgres)) return;
  const advice = "The trial of a backup needs Postgres 15. Run: sudo apt-get install postgresql-15";
  if (!onPath("apt-get") || !onPath("dpkg-deb")) throw new Stop(advice);
  await step("Getting Postgres 15", async () => {
    const bin = "usr/lib/postgresql/15/bin";
    await unpackDebian(["postgresql-15", "postgresql-client-15"], {
      into: unpackedPostgres,
      programs: ["postgres", "initdb", "pg_dump", "psql"].map((name) => `${bin}/${name}`),
      advice,
    });
    return "Postgres 15 unpacked";
  });
}

/**
 * Unpacks packages of Debian into a folder of `.wheelhouse/programs`: needs no root, changes nothing in the system and
 * starts no daemon. It includes libraries that the system lacks.
 */
async function unpackDebian(packages, { into, programs: wanted, advice }) {
  mkdirSync(programs, { recursive: true, mode: 0o755 });
  const folder = mkdtempSync(join(programs, "new-"));
  try {
    await fetchAndUnpack(packages, folder, advice);
    if (missingLibraries(folder, wanted)) {
      const { stdout } = spawnSync("apt-cache", ["depends", ...packages], { encoding: "utf8" });
      const libraries = [...stdout.matchAll(/Depends: ((?:lib|lua)[\w.+-]*)/g)].map(([, name]) => name);
      const lacking = [...new Set(libraries)].filter((name) => name !== "libc6");
      await fetchAndUnpack(lacking, folder, advice);
      if (missingLibraries(folder, wanted)) throw new Stop(advice);
    }
    rmSync(into, { recursive: true, force: true });
    spawnSync("chmod", ["755", folder]);
    renameSync(folder, into);
  } finally {
    rmSync(folder, { recursive: true, force: true });
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

function missingLibraries(folder, wanted) {
  const libraries = ["x86_64-linux-gnu", "aarch64-linux-gnu"].flatMap((triplet) => [
    join(folder, "usr/lib", triplet),
    join(folder, "lib", triplet),
  ]);
  const { stdout } = spawnSync(
    "ldd",
    wanted.map((program) => join(folder, program)),
    {
      encoding: "utf8",
      env: { ...process.env, LD_LIBRARY_PATH: libraries.join(":") },
    },
  );
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
