import { type ChildProcess, spawn } from "node:child_process";
import {
  appendFileSync,
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";

// A clone whose product, package manager and bundlers are tiny stand-ins; the launcher is the real one.
const productProgram = `
const keepAlive = setInterval(() => {}, 1000);
process.on("SIGTERM", () => { console.log("SIGTERM"); clearInterval(keepAlive); });
process.on("SIGINT", () => console.log("SIGINT"));
console.log("ready " + process.pid);
`;
const recordingProgram = (log: string, work: string) =>
  `#!/usr/bin/env node\nrequire("node:fs").appendFileSync(${JSON.stringify(log)}, process.argv.slice(2).join(" ") + "\\n");\n${work}`;
const compilerProgram = (log: string) => `
import { appendFileSync, copyFileSync, mkdirSync } from "node:fs";
appendFileSync(${JSON.stringify(log)}, "compiled\\n");
mkdirSync("dist", { recursive: true });
copyFileSync("src/main.ts", "dist/main.js");
`;
// Stands for npm: puts the package manager where `--prefix` says, or hangs half-way while a file says so.
const fetchingProgram = `
const fs = require("node:fs");
const folder = process.argv[process.argv.indexOf("--prefix") + 1] + "/node_modules/pnpm/bin";
fs.mkdirSync(folder, { recursive: true });
if (fs.existsSync("CLONE/hang")) setInterval(() => {}, 1000);
else fs.writeFileSync(folder + "/pnpm.mjs", 'import { appendFileSync } from "node:fs"; appendFileSync("CLONE/installs.log", process.argv.slice(2).join(" ") + "\\\\n");');
`;

let clone: string;
let started: ChildProcess[];
beforeEach(() => {
  clone = mkdtempSync(join(tmpdir(), "wheelhouse-launch-"));
  started = [];
  cpSync(import.meta.dirname, join(clone, "bff/launch"), { recursive: true });
  write("bff/src/main.ts", productProgram);
  write("bff/build/server.mjs", compilerProgram(join(clone, "compilations.log")));
  for (const name of ["config-rules.mjs", "config-secrets.mjs", "lib/entered-address.mjs"])
    cpSync(join(import.meta.dirname, "../src", name), join(clone, "bff/src", name));
  write("package.json", JSON.stringify({ packageManager: "pnpm@12.21.0" }));
  write("bff/package.json", JSON.stringify({ type: "module" }));
  write("web/src/page.ts", "export {};\n");
  write("pnpm-lock.yaml", "lockfileVersion: 9\n");
  mkdirSync(join(clone, "node_modules"));
  write(
    "programs/npm",
    recordingProgram(join(clone, "fetches.log"), fetchingProgram.replaceAll("CLONE", clone)),
  );
  chmodSync(join(clone, "programs/npm"), 0o755);
  write(
    "web/node_modules/vite/bin/vite.js",
    recordingProgram(
      join(clone, "builds.log"),
      'require("node:fs").mkdirSync("dist", { recursive: true }); require("node:fs").writeFileSync("dist/index.html", "");',
    ),
  );
});
afterEach(() => {
  for (const child of started) child.kill("SIGKILL");
  rmSync(clone, { recursive: true, force: true });
});

function write(path: string, text: string) {
  mkdirSync(dirname(join(clone, path)), { recursive: true });
  writeFileSync(join(clone, path), text);
}

function countOf(log: string) {
  return existsSync(join(clone, log)) ? readFileSync(join(clone, log), "utf8").trim().split("\n").length : 0;
}

async function start(args: readonly string[] = []) {
  const child = spawn(process.execPath, ["bff/launch/start.mjs", ...args], {
    cwd: clone,
    env: {
      PATH: `${join(clone, "programs")}:${dirname(process.execPath)}:/usr/bin:/bin`,
      REDIS_URL: "redis://x",
    },
    stdio: ["ignore", "pipe", "pipe"],
  });
  started.push(child);
  let output = "";
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding("utf8").on("data", (text: string) => {
      output += text;
    });
  const exited = new Promise<number | null>((resolve) => child.once("close", resolve));
  await vi.waitFor(() => expect(output).toMatch(/ready \d+/), { timeout: 15_000 });
  const mainPid = Number(/ready (\d+)/.exec(output)?.[1]);
  return { child, mainPid, exited, output: () => output };
}

const isRunning = (pid: number) => existsSync(`/proc/${pid}/exe`);

async function startAndStop() {
  const { child, exited } = await start();
  child.kill("SIGTERM");
  expect(await exited).toBe(0);
}

test.each(["SIGTERM", "SIGHUP"] as const)(
  "%s drains the product and ends with exit code 0",
  async (signal) => {
    const { child, mainPid, exited, output } = await start();
    child.kill(signal);
    expect(await exited).toBe(0);
    expect(output()).toContain("SIGTERM");
    expect(isRunning(mainPid)).toBe(false);
  },
);

test("Ctrl-C reaches the product once, however often the terminal sends it and to which process", async () => {
  const { child, exited, output } = await start();
  child.kill("SIGINT");
  child.kill("SIGINT");
  expect(await exited).toBe(0);
  expect(output().match(/SIG\w+/g)).toEqual(["SIGTERM"]);
});

test("when the starter is killed, the product drains and ends", async () => {
  const { child, mainPid, exited, output } = await start();
  child.kill("SIGKILL");
  // The pipes close with their last writer, the product, so its whole output has arrived by then.
  await exited;
  expect(isRunning(mainPid)).toBe(false);
  expect(output()).toContain("SIGTERM");
});

test("a product that dies ends the starter with an error", async () => {
  const { mainPid, exited } = await start();
  process.kill(mainPid, "SIGKILL");
  expect(await exited).toBe(1);
});

test("packages are installed once, frozen, by the pinned pnpm, and again when a manifest changes", async () => {
  await startAndStop();
  await startAndStop();
  expect(readFileSync(join(clone, "installs.log"), "utf8")).toBe("install --frozen-lockfile\n");
  expect(readFileSync(join(clone, "fetches.log"), "utf8")).toMatch(/^install .* pnpm@12\.21\.0\n$/);
  appendFileSync(join(clone, "pnpm-lock.yaml"), "# newer\n");
  await startAndStop();
  expect(countOf("installs.log")).toBe(2);
}, 60_000);

test("bad variables are all named before anything is installed, built or started, and no value is shown", async () => {
  const child = spawn(process.execPath, ["bff/launch/start.mjs"], {
    cwd: clone,
    env: {
      PATH: `${join(clone, "programs")}:${dirname(process.execPath)}:/usr/bin:/bin`,
      PORT: "hunter2",
      REDIS_URL: "redis://:hunter2#@cache",
    },
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding("utf8").on("data", (text: string) => {
      output += text;
    });
  expect(await new Promise((resolve) => child.once("close", resolve))).toBe(1);
  expect(output).toMatch(/PORT: must be a whole number/);
  expect(output).toMatch(/the password in REDIS_URL must be percent-encoded/);
  expect(output).not.toContain("hunter2");
  expect([countOf("installs.log"), countOf("builds.log"), countOf("compilations.log")]).toEqual([0, 0, 0]);
  expect(output).not.toContain("ready");
}, 60_000);

test("a first start that was killed while it fetched its package manager can be started again", async () => {
  write("hang", "");
  const child = spawn(process.execPath, ["bff/launch/start.mjs"], {
    cwd: clone,
    env: {
      PATH: `${join(clone, "programs")}:${dirname(process.execPath)}:/usr/bin:/bin`,
      REDIS_URL: "redis://x",
    },
    detached: true,
  });
  await vi.waitFor(() => expect(countOf("fetches.log")).toBe(1), { timeout: 15_000 });
  const ended = new Promise((resolve) => child.once("close", resolve));
  process.kill(-(child.pid ?? 0), "SIGKILL");
  await ended;
  rmSync(join(clone, "hang"));
  await startAndStop();
  expect([countOf("fetches.log"), countOf("installs.log")]).toEqual([2, 1]);
  expect(readdirSync(join(clone, ".wheelhouse/programs"))).toEqual(["pnpm-12.21.0"]);
}, 60_000);

test.each([
  [["--watch", "cache:6379"], "--watch cache:6379: must begin with redis://"],
  [["--watch", "redis://:hunter2@"], "must name a host"],
  [["--watch", "postgres://u:hunter2@db/x?host=other"], "must have no parameters except"],
  [["--watsch", "redis://:hunter2@h"], "takes nothing but --watch"],
])("an address that cannot be watched is refused before anything is installed: %j", async (args, remedy) => {
  const child = spawn(process.execPath, ["bff/launch/start.mjs", ...args], {
    cwd: clone,
    env: { PATH: `${join(clone, "programs")}:${dirname(process.execPath)}:/usr/bin:/bin` },
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding("utf8").on("data", (text: string) => {
      output += text;
    });
  expect(await new Promise((resolve) => child.once("close", resolve))).toBe(1);
  expect(output).toContain(remedy);
  expect(output).not.toContain("hunter2");
  expect([countOf("fetches.log"), countOf("installs.log"), countOf("builds.log")]).toEqual([0, 0, 0]);
});

test("addresses of the command line and of the variable reach the product together, each once", async () => {
  write("bff/src/main.ts", `console.log("watches " + process.env.WHEELHOUSE_WATCH);${productProgram}`);
  const { child, exited, output } = await start([
    "--watch",
    "redis://:a@/b@h",
    "--watch=https://e/health",
    "--watch",
    "https://e/health",
  ]);
  child.kill("SIGTERM");
  expect(await exited).toBe(0);
  expect(output()).toContain("watches redis://:a%40%2Fb@h https://e/health\n");
}, 60_000);

test("pages are built once, and again when their sources change or their build is gone", async () => {
  await startAndStop();
  await startAndStop();
  expect(countOf("builds.log")).toBe(1);
  write("web/src/page.ts", "export const changed = true;\n");
  await startAndStop();
  expect(countOf("builds.log")).toBe(2);
  rmSync(join(clone, "web/dist"), { recursive: true });
  await startAndStop();
  expect(countOf("builds.log")).toBe(3);
}, 60_000);

test("the server is compiled once, and again when its sources change or its build is gone", async () => {
  await startAndStop();
  await startAndStop();
  expect(countOf("compilations.log")).toBe(1);
  appendFileSync(join(clone, "bff/src/main.ts"), "// newer\n");
  await startAndStop();
  expect(countOf("compilations.log")).toBe(2);
  rmSync(join(clone, "bff/dist"), { recursive: true });
  await startAndStop();
  expect(countOf("compilations.log")).toBe(3);
}, 60_000);

test("a failed build is reported, and the next start tries again", async () => {
  write("web/node_modules/vite/bin/vite.js", 'console.error("broken page"); process.exit(1);');
  const child = spawn(process.execPath, ["bff/launch/start.mjs"], {
    cwd: clone,
    env: {
      PATH: `${join(clone, "programs")}:${dirname(process.execPath)}:/usr/bin:/bin`,
      REDIS_URL: "redis://x",
    },
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding("utf8").on("data", (text: string) => {
      output += text;
    });
  expect(await new Promise((resolve) => child.once("close", resolve))).toBe(1);
  expect(output).toMatch(/broken page[\s\S]*✗ Building the pages/);
  expect(existsSync(join(clone, "web/dist/index.html"))).toBe(false);
});
