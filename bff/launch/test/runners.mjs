// Runs one check or one test runner and counts its results from its own JSON report.
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { root, toolEnvironment } from "../install.mjs";

/** @typedef {{ name: string, passed: number, failed: number, skipped: number, seconds: number }} Count */

/**
 * A command that passes or fails as a whole, such as a linter. It runs at low priority beside the tests.
 * @returns {Promise<Count>}
 */
export async function runCheck(name, cwd, args) {
  const { code, seconds, output } = await runNode(args, {
    cwd,
    timeoutMs: 300_000,
    show: false,
    niceness: 19,
  });
  if (code !== 0) process.stdout.write(`\n${output}\n`);
  process.stdout.write(`  ${code === 0 ? "✓" : "✗"} ${name} (${seconds.toFixed(1)} s)\n`);
  return { name, passed: code === 0 ? 1 : 0, failed: code === 0 ? 0 : 1, skipped: 0, seconds };
}

const defaultTimeoutMs = 480_000;

/** @returns {Promise<Count>} */
export function runVitest(name, folder, options = [], timeoutMs = defaultTimeoutMs) {
  return runReported(name, folder, timeoutMs, countVitest, (report) => ({
    args: [
      bin(folder, "vitest/vitest.mjs"),
      "run",
      "--reporter=default",
      "--reporter=json",
      `--outputFile.json=${report}`,
      ...options,
    ],
  }));
}

/** @returns {Promise<Count>} */
export function runPlaywright(name, folder, options = []) {
  return runReported(name, folder, defaultTimeoutMs, countPlaywright, (report) => ({
    args: [bin(folder, "@playwright/test/cli.js"), "test", "--reporter=list,json", ...options],
    env: { PLAYWRIGHT_JSON_OUTPUT_NAME: report },
  }));
}

async function runReported(name, folder, timeoutMs, count, command) {
  process.stdout.write(`\n── ${name}\n`);
  const scratch = mkdtempSync(join(tmpdir(), "wheelhouse-report-"));
  try {
    const report = join(scratch, "report.json");
    const { args, env } = command(report);
    const cwd = join(root, folder);
    const { code, seconds } = await runNode(args, { cwd, env, timeoutMs, show: true });
    return { name, seconds, ...judge(name, code, readReport(report, count)) };
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

/** A runner that fails without a failed test (a crash, an unhandled error, no tests) counts as one failure. */
function judge(name, code, counted) {
  const { passed, failed, skipped } = counted ?? { passed: 0, failed: 0, skipped: 0 };
  const unexplained = failed === 0 && (code !== 0 || passed === 0);
  if (unexplained)
    process.stdout.write(
      `${name}: ${passed === 0 ? "no test was run" : `all tests passed, but the runner ended with exit code ${code}`}\n`,
    );
  return { passed, failed: unexplained ? 1 : failed, skipped };
}

function readReport(path, count) {
  try {
    return count(JSON.parse(readFileSync(path, "utf8")));
  } catch {
    // The runner ended before writing its report.
    return undefined;
  }
}

function countVitest(report) {
  const brokenFiles = report.testResults.filter(
    ({ status, assertionResults }) =>
      status === "failed" && !assertionResults.some((result) => result.status === "failed"),
  );
  return {
    passed: report.numPassedTests,
    failed: report.numFailedTests + brokenFiles.length,
    skipped: report.numPendingTests + report.numTodoTests,
  };
}

function countPlaywright({ stats, errors }) {
  // A flaky test has failed once; passing afterwards proves nothing.
  const failed = stats.unexpected + stats.flaky;
  return { passed: stats.expected, failed: failed || errors.length, skipped: stats.skipped };
}

function bin(folder, path) {
  return join(root, folder, "node_modules", path);
}

/** Settings of a person's running product must not reach the tests. */
function testEnvironment() {
  const foreign = /^(WHEELHOUSE_|FLEET_|DATABASE_|REDIS_URL$|PORT$|HOST$|npm_)/;
  return Object.fromEntries(Object.entries(toolEnvironment()).filter(([name]) => !foreign.test(name)));
}

/** In its own process group, so that a run that hangs ends with everything that it started. */
function runNode(args, { cwd, env = {}, timeoutMs, show, niceness = 0 }) {
  const startedAt = performance.now();
  return new Promise((resolve) => {
    const child = spawn("nice", ["-n", `${niceness}`, process.execPath, ...args], {
      cwd,
      env: { ...testEnvironment(), ...env },
      stdio: ["ignore", show ? "inherit" : "pipe", show ? "inherit" : "pipe"],
      detached: true,
    });
    let output = "";
    for (const stream of [child.stdout, child.stderr])
      stream?.setEncoding("utf8").on("data", (text) => {
        output += text;
      });
    const endGroup = (signal) => {
      try {
        process.kill(-child.pid, signal);
      } catch {
        // Already gone.
      }
    };
    const deadline = setTimeout(() => {
      process.stdout.write(`\nstill running after ${timeoutMs / 1000} s: ended\n`);
      endGroup("SIGKILL");
    }, timeoutMs);
    const interrupted = () => {
      endGroup("SIGTERM");
      process.exitCode = 130;
    };
    process.once("SIGINT", interrupted);
    process.once("SIGTERM", interrupted);
    const finish = (code) => {
      clearTimeout(deadline);
      process.off("SIGINT", interrupted);
      process.off("SIGTERM", interrupted);
      resolve({ code, output, seconds: (performance.now() - startedAt) / 1000 });
    };
    child.once("error", (error) => {
      output += error.message;
      finish(1);
    });
    child.once("close", (code) => finish(code ?? 1));
  });
}
