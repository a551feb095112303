import { type ChildProcess, execFile, spawn } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, realpathSync, rmSync, symlinkSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { createTestDatabase, createTestRedis } from "#testing/stack.ts";
import { makeTemporaryFolder } from "#testing/stack-setup.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));
const bff = join(root, "bff");
const node = promisify(execFile);

let image: string;
let environment: Record<string, string>;
beforeAll(async () => {
  image = makeTemporaryFolder();
  await node(process.execPath, ["build/image.mjs", image], { cwd: bff });
  linkProductionPackages();
  const [database, redis] = await Promise.all([createTestDatabase(), createTestRedis()]);
  environment = {
    NODE_ENV: "production",
    PORT: "0",
    DATABASE_URL: database.appUrl,
    DATABASE_SYSTEM_URL: database.systemUrl,
    DATABASE_ADMIN_URL: database.adminUrl,
    REDIS_URL: redis.url,
    WHEELHOUSE_SECRET_KEY: "2Zt6lW0hS3mB8kqUuJxNQ4vYpR1dEoC7gTfI5aMzXyB=",
    WHEELHOUSE_PUBLIC_URL: "https://ops.example.com",
    WHEELHOUSE_TRUST_PROXY: "1",
    WHEELHOUSE_DATA_DIR: join(image, "data"),
  };
});
afterAll(() => rmSync(image, { recursive: true, force: true }));

/** What the Dockerfile installs without development packages and without an embedded Postgres. */
function linkProductionPackages() {
  const { dependencies } = JSON.parse(readFileSync(join(bff, "package.json"), "utf8"));
  for (const name of Object.keys(dependencies)) {
    if (["@wheelhouse/shared", "embedded-postgres"].includes(name)) continue;
    const link = join(image, "bff/node_modules", name);
    mkdirSync(dirname(link), { recursive: true });
    symlinkSync(realpathSync(join(bff, "node_modules", name)), link);
  }
}

const run = (program: string, ...args: string[]) =>
  node(process.execPath, [`dist/${program}.js`, ...args], { cwd: join(image, "bff"), env: environment });

test("the image holds what runs: no sources, tests, fixtures or journeys", () => {
  const files = readdirSync(image, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(image.length + 1))
    .filter((path) => !path.startsWith("bff/node_modules/"));
  const isExpected =
    /^(bff\/package\.json|bff\/dist\/[\w-]+\.js(\.map)?|bff\/src\/[\w/-]+\.lua|bff\/database\/(migrations(\/[a-z-]+)?|functions\/[a-z-]+)\/[\w-]+\.sql|web\/dist\/.+)$/;
  expect(files.filter((path) => !isExpected.test(path))).toEqual([]);
  expect(files.filter((path) => /testing|fixture|\.test\.|\.faults\.|e2e/.test(path))).toEqual([]);
  expect(files).toEqual(
    expect.arrayContaining(["bff/dist/main.js", "bff/dist/main.js.map", "web/dist/index.html"]),
  );
});

test("the Dockerfile puts that folder and production packages into the image, and nothing else", () => {
  const [last = ""] = readFileSync(join(root, "Dockerfile"), "utf8")
    .split(/^FROM /m)
    .slice(-1);
  expect([...last.matchAll(/^(?:COPY|ADD) (.*)$/gm)].map(([, what]) => what)).toEqual([
    "--from=packages /app/node_modules node_modules",
    "--from=packages /app/bff/node_modules bff/node_modules",
    "--from=build /image ./",
  ]);
  expect(last).toMatch(/^USER (?!root|0\b)/m);
  expect(last).toMatch(/^HEALTHCHECK /m);
});

test("migrate, create-admin, doctor and verify-audit run from the image", async () => {
  expect((await run("migrate")).stdout).toContain("the database is up to date");
  const admin = run("create-admin", "--email", "ops@example.org");
  admin.child.stdin?.end("a long enough password\n");
  expect((await admin).stdout).toBe("ops@example.org is superadmin of this installation.\n");
  expect(JSON.parse((await run("doctor", "--json")).stdout)).toMatchObject({ ok: true });
  await expect(run("verify-audit")).rejects.toMatchObject({ code: 2, stderr: /^Usage: verify-audit/ });
}, 60_000);

test("the server starts from the image and serves its pages", async () => {
  const child: ChildProcess = spawn(process.execPath, ["dist/main.js"], {
    cwd: join(image, "bff"),
    env: { ...environment, WHEELHOUSE_LOG_LEVEL: "info", WHEELHOUSE_DRAIN_MS: "500" },
    stdio: ["ignore", "pipe", "inherit"],
  });
  try {
    let output = "";
    child.stdout?.setEncoding("utf8").on("data", (text: string) => {
      output += text;
    });
    const address = await vi.waitFor(
      () => {
        expect(output).toContain("Wheelhouse is ready");
        return /Server listening at (http:\/\/[\d.:]+)/.exec(output)?.[1];
      },
      { timeout: 15_000 },
    );
    const ready = await fetch(`${address}/health/readiness`);
    expect(ready.status).toBe(200);
    expect(await (await fetch(`${address}/signin`)).text()).toContain('<div id="root">');
  } finally {
    const exited = new Promise((resolve) => child.once("exit", resolve));
    child.kill("SIGTERM");
    expect(await exited).toBe(0);
  }
}, 60_000);
