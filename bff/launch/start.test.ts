import { type ChildProcess, spawn } from "node:child_process";
import {
  appendFileSync,
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
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

let clone: string;
let started: ChildProcess[];
beforeEach(() => {
  clone = mkdtempSync(join(tmpdir(), "wheelhouse-launch-"));
  started = [];
  cpSync(import.meta.dirname, join(clone, "bff/launch"), { recursive: true });
  write("bff/src/main.ts", productProgram);
  write("bff/build/server.mjs", compilerProgram(join(clone, "compilations.log")));
  for (const name of ["config.ts", "config-address.ts", "config-audit.ts", "config-secrets.ts"])
    cpSync(join(import.meta.dirname, "../src", name), join(clone, "bff/src", name));
  symlinkSync(join(import.meta.dirname, "../node_modules"), join(clone, "bff/node_modules"));
  write("package.json", JSON.stringify({ packageManager: "pnpm@12.21.0" }));
  write("bff/package.json", JSON.stringify({ type: "module" }));
  write("web/src/page.ts", "export {};\n");
  write("pnpm-lock.yaml", "lockfileVersion: 9\n");
  mkdirSync(join(clone, "node_modules"));
  write("programs/npx", recordingProgram(join(clone, "installs.log"), ""));
  chmodSync(join(clone, "programs/npx"), 0o755);
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

async function start() {
  const child = spawn(process.execPath, ["bff/launch/start.mjs"], {
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
  expect(readFileSync(join(clone, "installs.log"), "utf8")).toBe(
    "--yes pnpm@12.21.0 install --frozen-lockfile\n",
  );
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
