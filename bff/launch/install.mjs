// Brings a clone up to date before anything in it can run, so it uses only Node's own modules.
import { createHash } from "node:crypto";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { run, Stop, step } from "./progress.mjs";

export const root = fileURLToPath(new URL("../../", import.meta.url));
const manifests = [
  "package.json",
  "web/package.json",
  "bff/package.json",
  "shared/package.json",
  "e2e/package.json",
];
const installInputs = [...manifests, "pnpm-lock.yaml", "pnpm-workspace.yaml", ".npmrc"];
const pages = {
  inputs: [
    "web/src",
    "web/public",
    "web/index.html",
    "web/vite.config.ts",
    "web/package.json",
    "shared/src",
    "shared/package.json",
    "pnpm-lock.yaml",
  ],
  stamp: join(root, "web/node_modules/.wheelhouse-built"),
  result: join(root, "web/dist/index.html"),
};
const server = {
  inputs: [
    "bff/src",
    "bff/build",
    "bff/launch",
    "bff/database",
    "bff/package.json",
    "shared/src",
    "shared/package.json",
    "pnpm-lock.yaml",
  ],
  stamp: join(root, "bff/dist/.wheelhouse-built"),
  result: join(root, "bff/dist/main.js"),
};

/** The environment of build tools: NODE_ENV=production would leave out the build dependencies. */
export function toolEnvironment() {
  const { NODE_ENV: _, ...environment } = process.env;
  // A Node started by its full path may have its npx only in its own folder.
  return { ...environment, PATH: `${environment.PATH ?? ""}:${dirname(process.execPath)}` };
}

export function checkNode() {
  const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
  if (major < 20 || (major === 20 && minor < 19))
    throw new Stop(`Wheelhouse needs Node 20.19 or later; this is ${process.versions.node}.`);
}

/** Installs the packages of the lock file if they, or the Node that they were installed for, have changed. */
export async function ensureInstalled() {
  const stamp = join(root, "node_modules/.wheelhouse-installed");
  const wanted = digest(installInputs, `${process.version} ${process.platform} ${process.arch}`);
  if (read(stamp) === wanted) return;
  const { packageManager } = JSON.parse(read(join(root, "package.json")) ?? "{}");
  await step("Installing packages", async () => {
    const args = [await ensurePackageManager(packageManager), "install", "--frozen-lockfile"];
    await run(process.execPath, args, { cwd: root, env: { ...toolEnvironment(), CI: "true" } });
    writeFileSync(stamp, wanted);
    return "Packages installed";
  });
}

/**
 * The program of the pinned pnpm, fetched into `.wheelhouse/programs` unless it is there. It is renamed into place when
 * it is whole, because an npx that is killed leaves a lock behind which makes every later one wait for ever.
 */
async function ensurePackageManager(name) {
  const programs = join(root, ".wheelhouse/programs");
  const folder = join(programs, name.replace("@", "-"));
  const program = join(folder, "node_modules/pnpm/bin/pnpm.mjs");
  if (existsSync(program)) return program;
  mkdirSync(programs, { recursive: true, mode: 0o755 });
  for (const left of readdirSync(programs))
    if (left.startsWith("pnpm-new-")) rmSync(join(programs, left), { recursive: true, force: true });
  const draft = mkdtempSync(join(programs, "pnpm-new-"));
  const quiet = ["--no-audit", "--no-fund", "--no-save", "--loglevel=error"];
  await run("npm", ["install", ...quiet, "--prefix", draft, name], { cwd: draft, env: toolEnvironment() });
  rmSync(folder, { recursive: true, force: true });
  renameSync(draft, folder);
  return program;
}

/** Builds the pages if their sources have changed since the last build. */
export async function ensurePagesBuilt() {
  await ensureBuilt("the pages", pages, async () => {
    const vite = join(root, "web/node_modules/vite/bin/vite.js");
    await run(process.execPath, [vite, "build"], { cwd: join(root, "web"), env: toolEnvironment() });
  });
}

/** Compiles the server if its sources have changed since the last build. */
export async function ensureServerBuilt() {
  await ensureBuilt("the server", server, async () => {
    await run(process.execPath, ["build/server.mjs"], { cwd: join(root, "bff"), env: toolEnvironment() });
  });
}

async function ensureBuilt(what, target, build) {
  const wanted = digest(target.inputs, process.version);
  if (isBuilt(target, wanted)) return;
  await step(`Building ${what}`, async () => {
    rmSync(target.stamp, { force: true });
    await build();
    mkdirSync(dirname(target.stamp), { recursive: true });
    writeFileSync(target.stamp, wanted);
    return `Built ${what}`;
  });
}

function isBuilt({ stamp, result }, wanted) {
  return read(stamp) === wanted && existsSync(result);
}

function digest(paths, extra) {
  const hash = createHash("sha256").update(extra);
  for (const path of paths)
    for (const file of filesOf(join(root, path)))
      hash.update(`\0${file.slice(root.length)}\0`).update(readFileSync(file));
  return hash.digest("hex");
}

function filesOf(path) {
  const found = statSync(path, { throwIfNoEntry: false });
  if (!found) return [];
  if (!found.isDirectory()) return [path];
  return readdirSync(path)
    .sort()
    .flatMap((name) => filesOf(join(path, name)));
}

function read(path) {
  return existsSync(path) ? readFileSync(path, "utf8") : undefined;
}
