import { type ChildProcess, execFile, spawn } from "node:child_process";
import { mkdtempSync, readdirSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { TestApp } from "#testing/access-app.ts";
import { createTestRedis } from "#testing/stack.ts";
import { startWatchedApp, type WatchedPeople } from "#testing/watched-app.ts";

const run = promisify(execFile);
const root = fileURLToPath(new URL("../../../", import.meta.url));
const project = mkdtempSync(join(tmpdir(), "wheelhouse-plain-"));
const installed = join(project, "node_modules/@wheelhouse/reporter");
const services: ChildProcess[] = [];
let redisUrl: string;
let it: TestApp;
let people: WatchedPeople;

const service = (instance: string, imports: string) => `
${imports}
const redis = new Redis(process.env.REDIS_URL);
const chargeCard = new CircuitBreaker(async () => { throw new Error("declined"); }, { name: "charge card", volumeThreshold: 1 });
const counters = createCacheCounters();
counters.miss("price:1");
const reporter = createReporter({ redis, service: "plain shop", instance: "${instance}" });
reporter.opossum(chargeCard);
reporter.cache("prices", {
  read() {
    const { hitsAt, ...counted } = counters.read();
    const memory = { level: "memory", hits: hitsAt("memory"), entries: null, sizeBytes: null };
    return { ...counted, problem: null, threshold: null, levels: [memory], tags: [], invalidateBy: [] };
  },
});
${instance === "esm" ? "await chargeCard.fire().catch(() => {});" : ""}
`;

const typed = `
import { createReporter, type ReportedBreaker, type ReporterOptions } from "@wheelhouse/reporter";
const options: ReporterOptions = { redis: { eval: async () => null }, service: "s", instance: "i" };
const first: ReportedBreaker | undefined = createReporter(options).report().breakers[0];
export const state: "closed" | "half_open" | "open" | "forced_open" | "disabled" | "unknown" | undefined = first?.state;
type State = ReportedBreaker["state"];
export const isNarrow: number extends State ? false : true = true;
`;

beforeAll(async () => {
  await run("npm", ["pack", "--pack-destination", project], { cwd: join(root, "shared/reporter") });
  const tarball = readdirSync(project).find((name) => name.endsWith(".tgz"));
  writeFileSync(join(project, "package.json"), JSON.stringify({ name: "plain", private: true }));
  await run("npm", ["install", "--offline", "--no-audit", "--no-fund", `./${tarball}`], { cwd: project });
  for (const name of ["ioredis", "opossum"])
    symlinkSync(join(root, "bff/node_modules", name), join(project, "node_modules", name));
  writeFileSync(
    join(project, "service.mjs"),
    service(
      "esm",
      `import { createCacheCounters, createReporter } from "@wheelhouse/reporter";
import { Redis } from "ioredis";
import CircuitBreaker from "opossum";`,
    ),
  );
  writeFileSync(
    join(project, "service.cjs"),
    service(
      "cjs",
      `const { createCacheCounters, createReporter } = require("@wheelhouse/reporter");
const { Redis } = require("ioredis");
const CircuitBreaker = require("opossum");`,
    ),
  );
  redisUrl = (await createTestRedis()).url;
  ({ it, people } = await startWatchedApp(redisUrl));
  await it.startRoles();
  // Packing compiles the types, which takes its time beside other tests.
}, 180_000);
afterAll(async () => {
  for (const each of services) each.kill("SIGKILL");
  await it.close();
});

test("a plain project installs the packed reporter, and its breaker and cache are shown", async () => {
  for (const file of ["service.mjs", "service.cjs"])
    services.push(
      spawn(process.execPath, [file], {
        cwd: project,
        env: { PATH: process.env.PATH, REDIS_URL: redisUrl },
        stdio: "inherit",
      }),
    );
  const itemOf = async (path: string) => (await people.viewer.call("GET", path)).json().items[0];
  await expect
    .poll(() => itemOf("/breakers"), { timeout: 15_000 })
    .toMatchObject({
      name: "charge card",
      service: "plain shop",
      library: "opossum",
      label: "1 of 2 open",
      instances: [
        { instance: "cjs", state: "closed" },
        { instance: "esm", state: "open" },
      ],
    });
  await expect
    .poll(() => itemOf("/caches"), { timeout: 15_000 })
    .toMatchObject({ name: "prices", instances: [{ instance: "cjs" }, { instance: "esm" }] });
});

test("the package has types, a license and a README, and depends on nothing", async () => {
  const { default: manifest } = await import(join(installed, "package.json"), { with: { type: "json" } });
  expect(manifest.dependencies ?? {}).toEqual({});
  expect(JSON.stringify(manifest)).not.toContain("workspace:");
  expect(readdirSync(installed)).toEqual(expect.arrayContaining(["LICENSE", "README.md", "dist"]));
  for (const name of ["typed.mts", "typed.cts"]) writeFileSync(join(project, name), typed);
  const options = ["--noEmit", "--strict", "--module", "nodenext", "--types", "", "typed.mts", "typed.cts"];
  const tsc = join(root, "node_modules/typescript/bin/tsc");
  const compiled = await run(process.execPath, [tsc, ...options], { cwd: project }).catch((error) => error);
  expect(compiled.stdout).toBe("");
}, 60_000);
