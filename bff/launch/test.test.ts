import { spawn } from "node:child_process";
import { chmodSync, cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";

// A clone whose checks and runners are stand-ins that report what a test prescribes; the launcher is the real one.
let clone: string;
beforeEach(() => {
  clone = mkdtempSync(join(tmpdir(), "wheelhouse-launch-"));
  cpSync(import.meta.dirname, join(clone, "bff/launch"), { recursive: true });
  write("package.json", JSON.stringify({ packageManager: "pnpm@12.21.0" }));
  for (const program of ["redis-server", "pgbouncer", "chromium"]) {
    write(`programs/${program}`, "#!/bin/sh\n");
    chmodSync(join(clone, "programs", program), 0o755);
  }
  write(".wheelhouse/programs/pnpm-12.21.0/node_modules/pnpm/bin/pnpm.mjs", "");
  const passing = "process.exit(0);";
  write("node_modules/typescript/bin/tsc", passing);
  write("node_modules/@biomejs/biome/bin/biome", passing);
  write("node_modules/knip/bin/knip.js", passing);
  write("web/node_modules/vite/bin/vite.js", 'require("node:fs").mkdirSync("dist", { recursive: true });');
  write(
    "bff/build/server.mjs",
    'import { mkdirSync } from "node:fs"; mkdirSync("dist", { recursive: true });',
  );
  for (const folder of ["shared", "web", "bff"]) vitestReports(folder, { passed: 10, failed: 0 });
  playwrightReports({ expected: 5, unexpected: 0 });
});
afterEach(() => rmSync(clone, { recursive: true, force: true }));

function write(path: string, text: string) {
  mkdirSync(dirname(join(clone, path)), { recursive: true });
  writeFileSync(join(clone, path), text);
}

function vitestReports(
  folder: string,
  {
    passed,
    failed,
    brokenFiles = 0,
    code = failed + brokenFiles > 0 ? 1 : 0,
  }: Record<string, number> & {
    passed: number;
    failed: number;
  },
) {
  const report = {
    numPassedTests: passed,
    numFailedTests: failed,
    numPendingTests: 0,
    numTodoTests: 0,
    testResults: Array.from({ length: brokenFiles }, () => ({ status: "failed", assertionResults: [] })),
  };
  write(
    `${folder}/node_modules/vitest/vitest.mjs`,
    `import { writeFileSync } from "node:fs";
     const path = process.argv.find((arg) => arg.startsWith("--outputFile.json=")).split("=")[1];
     writeFileSync(path, ${JSON.stringify(JSON.stringify(report))});
     process.exit(${code});`,
  );
}

function playwrightReports({ expected, unexpected, flaky = 0 }: Record<string, number>) {
  const report = { stats: { expected, unexpected, flaky, skipped: 0 }, errors: [] };
  write(
    "e2e/node_modules/@playwright/test/cli.js",
    `require("node:fs").writeFileSync(process.env.PLAYWRIGHT_JSON_OUTPUT_NAME, ${JSON.stringify(JSON.stringify(report))});
     process.exit(${unexpected ? 1 : 0});`,
  );
}

function runTests(environment: Record<string, string> = {}) {
  return runLauncher(["test.mjs"], environment);
}

async function runLauncher([name, ...args]: readonly string[], environment: Record<string, string> = {}) {
  const child = spawn(process.execPath, [`bff/launch/${name}`, ...args], {
    cwd: clone,
    env: { PATH: `${join(clone, "programs")}:${dirname(process.execPath)}:/usr/bin:/bin`, ...environment },
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding("utf8").on("data", (text: string) => {
      output += text;
    });
  const code = await new Promise((resolve) => child.once("close", resolve));
  return { code, output, lastLine: output.trimEnd().split("\n").at(-1) };
}

test("the last line sums six checks and all runners", async () => {
  expect(await runTests()).toMatchObject({ code: 0, lastLine: "41 passed, 0 failed" });
});

test("failed tests of any runner fail the run and are counted", async () => {
  vitestReports("bff", { passed: 8, failed: 2 });
  playwrightReports({ expected: 4, unexpected: 1 });
  expect(await runTests()).toMatchObject({ code: 1, lastLine: "38 passed, 3 failed" });
});

test("a failed check counts as one failure and shows what it found", async () => {
  write("node_modules/knip/bin/knip.js", 'console.log("Unused exports (1)"); process.exit(1);');
  const { code, output, lastLine } = await runTests();
  expect({ code, lastLine }).toEqual({ code: 1, lastLine: "40 passed, 1 failed" });
  expect(output).toContain("Unused exports (1)");
});

test("a test file that cannot be loaded is a failure", async () => {
  vitestReports("web", { passed: 10, failed: 0, brokenFiles: 1 });
  expect(await runTests()).toMatchObject({ code: 1, lastLine: "41 passed, 1 failed" });
});

test("a runner that runs nothing, crashes, or exits with an error although its tests passed is a failure", async () => {
  vitestReports("shared", { passed: 0, failed: 0 });
  vitestReports("web", { passed: 10, failed: 0, code: 1 });
  write("e2e/node_modules/@playwright/test/cli.js", "process.exit(7);");
  const { code, output, lastLine } = await runTests();
  expect({ code, lastLine }).toEqual({ code: 1, lastLine: "26 passed, 3 failed" });
  expect(output).toContain("shared: no test was run");
});

test("a journey that passes only when tried again is a failure", async () => {
  playwrightReports({ expected: 4, unexpected: 0, flaky: 1 });
  expect(await runTests()).toMatchObject({ code: 1, lastLine: "40 passed, 1 failed" });
});

test("settings of a running product do not reach the tests", async () => {
  write(
    "node_modules/knip/bin/knip.js",
    "console.log(Object.keys(process.env).sort().join()); process.exit(process.env.REDIS_URL || process.env.WHEELHOUSE_DATA_DIR || process.env.NODE_ENV ? 1 : 0);",
  );
  expect(
    await runTests({ REDIS_URL: "redis://mine", WHEELHOUSE_DATA_DIR: "/mine", NODE_ENV: "production" }),
  ).toMatchObject({ code: 0 });
});

test("the checks alone run no test", async () => {
  expect(await runLauncher(["test.mjs", "check"])).toMatchObject({ code: 0, lastLine: "6 passed, 0 failed" });
});

test("an unknown suite is refused with a list of the existing ones", async () => {
  expect(await runLauncher(["test.mjs", "fault"])).toMatchObject({
    code: 1,
    lastLine: "There is no suite fault. Suites: check, faults.",
  });
});

describe("part of a path", () => {
  const runOne = (...args: string[]) => runLauncher(["test-one.mjs", ...args]);
  beforeEach(() => {
    write("shared/src/chain.test.ts", "");
    write("bff/src/features/audit/audit-chain.test.ts", "");
    write("bff/src/features/audit/audit-order.test.ts", "");
    write("web/src/board.test.tsx", "");
    write("e2e/specs/audit.spec.ts", "");
  });

  test("runs the matching files of any package, and prints the usual last line", async () => {
    expect(await runOne("chain")).toMatchObject({ code: 0, lastLine: "20 passed, 0 failed" });
    expect(await runOne("specs/audit")).toMatchObject({ code: 0, lastLine: "5 passed, 0 failed" });
    const { output, lastLine } = await runOne("audit/");
    expect(lastLine).toBe("10 passed, 0 failed");
    expect(output).not.toContain("── journeys");
  });

  test("passes only these files and further arguments to the runner", async () => {
    write(
      "bff/node_modules/vitest/vitest.mjs",
      'console.log(process.argv.slice(3).filter((arg) => !arg.startsWith("--")).join(" "));',
    );
    const { output } = await runOne("audit-chain", "-t", "a name");
    expect(output).toContain("src/features/audit/audit-chain.test.ts -t a name");
    expect(output).not.toContain("audit-order");
  });

  test("needs neither browser nor Redis nor built pages if no file does", async () => {
    for (const program of ["redis-server", "chromium"]) rmSync(join(clone, "programs", program));
    write("web/node_modules/vite/bin/vite.js", "process.exit(1);");
    expect(await runOne("board")).toMatchObject({ code: 0, lastLine: "10 passed, 0 failed" });
  });

  test("that no path contains, or that is missing, prints one sentence and the usage", async () => {
    const none = await runOne("nothing-like-it");
    expect(none).toMatchObject({ code: 1 });
    expect(none.lastLine).toMatch(/^No test path contains "nothing-like-it"\. Give part/);
    expect(await runOne()).toMatchObject({ code: 1, lastLine: expect.stringMatching(/^Give part of/) });
  });
});
