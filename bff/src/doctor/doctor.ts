import { type Config, ConfigError, loadConfig } from "#config.ts";
import { readSecretFiles } from "#config-secrets.mjs";
import { type Clock, systemClock } from "#lib/time/clock.ts";
import { checkAddresses } from "./addresses.ts";
import { type CheckResult, createChecker, type Finding, fail, isUsable, messageOf } from "./check.ts";
import { judgeClocks, postgresAheadMs, redisAheadMs } from "./clocks.ts";
import { deploymentOf, type Requirements, requirements } from "./deployment.ts";
import { checkKeys } from "./keys.ts";
import { checkMachine } from "./machine.ts";
import { checkPostgres } from "./postgres.ts";
import { checkRedis } from "./redis.ts";
import { linesOf, withoutSecrets } from "./report.ts";

export type { CheckResult } from "./check.ts";
export { DatabaseRefused, explained } from "./explained.ts";
export { linesOf } from "./report.ts";

type DiagnoseOptions = {
  /** A start checks only what it cannot do without, and within 4.5 s; its port has to be free. */
  isStarting?: boolean;
  needs?: Requirements;
  clock?: Clock;
};

type Environment = Readonly<Record<string, string | undefined>>;

const limits = {
  whole: { checkMs: 5_000, allMs: 18_000 },
  start: { checkMs: 3_500, allMs: 4_500 },
};

/** True when a start has to be refused. */
export const hasFailed = (results: readonly CheckResult[]) => results.some(({ status }) => status === "fail");

/**
 * Checks a deployment as it stands, from its environment. Nothing is changed; what has to be tried is a key, a file and a
 * port that are given back at once. Ends within 20 s (a start: 5 s) and never rejects; secrets are not in what it says.
 */
export async function diagnose(
  environment: Environment,
  options: DiagnoseOptions = {},
): Promise<CheckResult[]> {
  const { isStarting = false, needs = requirements, clock = systemClock } = options;
  const { checkMs, allMs } = isStarting ? limits.start : limits.whole;
  const endsAtMs = performance.now() + allMs;
  const group = () => createChecker({ isThorough: !isStarting, timeoutMs: checkMs, endsAtMs });

  const config = configOf(environment);
  const { given } = readSecretFiles(environment);
  if (Array.isArray(config)) return withoutSecrets(config, given);
  const variables = group();
  const machine = group();
  const addresses = group();
  await variables.check("Variables", () => ({ status: "pass", says: "all are known and well-formed" }));
  const deployment = deploymentOf(config);
  const local = Promise.all([
    checkMachine(machine.check, config, needs, isStarting),
    checkAddresses(addresses.check, config),
  ]);
  const postgres = group();
  const keys = group();
  const redis = group();
  const clocks = group();
  if (deployment === undefined)
    await postgres.check("Servers", () =>
      fail(
        `there is no address of Postgres or Redis, and none was started on ${config.dataDir}`,
        "set DATABASE_URL, DATABASE_SYSTEM_URL and REDIS_URL, or run `npm start` first",
      ),
    );
  else {
    const ahead = new Map<string, number>();
    await Promise.all([
      checkPostgres(postgres.check, deployment, needs, async (found) => {
        const { system } = found;
        if (system && isUsable(found.usable) && !isStarting)
          ahead.set("Postgres", await postgresAheadMs(clock, system));
        await checkKeys(keys.check, deployment, found);
      }),
      checkRedis(redis.check, deployment, needs, async (client, connected) => {
        if (isUsable(connected) && !isStarting) ahead.set("Redis", await redisAheadMs(clock, client));
      }),
    ]);
    if (ahead.size > 0) await clocks.check("Clocks", () => judgeClocks(ahead), { isThorough: true });
  }
  await local;
  const groups = [variables, machine, postgres, redis, clocks, keys, addresses];
  return withoutSecrets(
    groups.flatMap(({ results }) => results),
    given,
  );
}

/** What has to be true before anything is started on this machine: the data folder and the port. */
export async function checkGround(config: Config): Promise<CheckResult[]> {
  const { check, results } = createChecker({
    isThorough: false,
    timeoutMs: limits.start.checkMs,
    endsAtMs: performance.now() + limits.start.allMs,
  });
  // Outside production, the lock of the data folder shows whether another process uses it.
  await checkMachine(check, config, requirements, config.production);
  return results;
}

/** Lets a start go on, or throws what failed; what only warns is said on standard error. */
export function assertFit(results: readonly CheckResult[]) {
  const bad = results.filter(({ status }) => status === "warn" || status === "fail");
  if (hasFailed(results)) throw new UnfitDeployment(linesOf(bad));
  if (bad.length > 0) process.stderr.write(linesOf(bad));
}

/** A start was refused; the message has a line for each check that failed or warned. */
export class UnfitDeployment extends Error {
  override name = "UnfitDeployment";
}

/** The configuration, or a line for each variable that is bad or missing. */
function configOf(environment: Environment): Config | CheckResult[] {
  try {
    return loadConfig(environment);
  } catch (error) {
    const problems =
      error instanceof ConfigError ? [...error.problems] : [["Variables", messageOf(error)] as const];
    return problems.map(([name, reason]) => {
      const finding: Finding = fail(reason, "see docs/configuration.md");
      return { check: name, ...finding, durationMs: 0 };
    });
  }
}
