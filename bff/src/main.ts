import { hostname } from "node:os";
import { join } from "node:path";
import { type Logger, pino } from "pino";
import { buildApp, type Product } from "#app/app.ts";
import { describeGiven, prepareStarter } from "#app/first-start.ts";
import {
  assertFit,
  checkGround,
  DatabaseRefused,
  diagnose,
  explained,
  UnfitDeployment,
} from "#doctor/doctor.ts";
import { chooseShopPorts, writeDemoSources } from "#embedded/demo-sources.ts";
import { type Embedded, startEmbedded } from "#embedded/embedded.ts";
import { runFleet } from "#embedded/fleet.ts";
import { DataFolderInUse } from "#embedded/guardian.ts";
import { migrate } from "#lib/postgres/migrate.ts";
import { createDatabase } from "#lib/postgres/postgres.ts";
import { createRedis } from "#lib/redis/redis.ts";
import { systemClock } from "#lib/time/clock.ts";
import { SourcesError } from "#observe/sources/sources.ts";
import { type Config, ConfigError, loadConfig } from "./config.ts";

// The longest that a stop may take in total; the guardian ends what still runs after that.
const stopLimitMs = 9_500;

/** What must be stopped, in start order; it is stopped in the opposite order. */
const begun: { name: string; end: () => Promise<unknown> }[] = [];
let stopping: Promise<void> | undefined;

function fail(error: unknown): never {
  const known =
    error instanceof ConfigError ||
    error instanceof SourcesError ||
    error instanceof DataFolderInUse ||
    error instanceof UnfitDeployment ||
    error instanceof DatabaseRefused;
  process.stderr.write(`${known ? error.message : String(error instanceof Error ? error.stack : error)}\n`);
  process.exit(1);
}

/** Stops everything that was started, once, and ends the process. */
function stopOnce(log: Logger, drainMs: number) {
  return (code: number) => {
    stopping ??= (async () => {
      const limit = setTimeout(() => process.exit(code), Math.max(stopLimitMs, drainMs + 2_000));
      limit.unref();
      for (const { name, end } of begun.toReversed())
        await end().catch((err: unknown) => log.warn({ err }, `${name} could not be stopped cleanly`));
      process.exit(code);
    })();
    return stopping;
  };
}

function createLog({ logLevel, production }: Config) {
  return pino(
    { level: logLevel, base: { host: hostname(), pid: process.pid } },
    // People read the output of `npm start`; programs read the log of a deployment.
    pino.destination(production ? 1 : 2),
  );
}

/** Opens the connections and builds the product on them. */
async function connect(config: Config, embedded: Embedded, log: Logger): Promise<Product> {
  const { databaseUrls, loginUrls, redisUrl, secretKey } = embedded;
  const { admin } = databaseUrls;
  if (admin) await migrate({ adminUrl: admin, loginUrls, log }).catch(explained(admin));
  if (config.production) assertFit(await diagnose(process.env, { isStarting: true }));
  const database = createDatabase({
    appUrl: databaseUrls.app,
    systemUrl: databaseUrls.system,
    poolSize: config.postgres.poolSize,
    log,
  });
  begun.push({ name: "Postgres", end: database.close });
  const redis = createRedis({ url: redisUrl, name: "wheelhouse", log });
  begun.push({
    name: "Redis",
    end: async () => {
      redis.disconnect();
    },
  });

  const { dataDir } = config;
  const demoSources = async () =>
    writeDemoSources({ dataDir, redisUrl, shopPorts: await chooseShopPorts(dataDir) });
  const sourcesFile = config.sourcesFile ?? (config.demo ? await demoSources() : undefined);
  const product = await buildApp({
    config: { ...config, sourcesFile },
    log,
    clock: systemClock,
    database,
    adminUrl: databaseUrls.admin,
    redis,
    redisUrl,
    secretKey,
  });
  begun.push({ name: "the server", end: product.close });
  if (!config.hasFirstAdmin || !admin) return product;
  const starter = await prepareStarter(config, { adminUrl: admin, log });
  return Object.assign(product, { credentials: starter === null ? [] : [starter] });
}

function announce(baseUrl: string, { credentials }: Product, dataDir: string) {
  process.stdout.write(`\nWheelhouse is ready: ${baseUrl}\n`);
  for (const { email, password, role, organization } of credentials)
    process.stdout.write(`  ${role.padEnd(10)} ${organization.padEnd(12)} ${email}  ${password}\n`);
  if (credentials.length > 0) process.stdout.write(`  also in ${join(dataDir, "credentials.json")}\n\n`);
}

async function start() {
  const config = loadConfig(process.env);
  const log = createLog(config);
  const stop = stopOnce(log, config.drainMs);
  for (const signal of ["SIGTERM", "SIGINT"] as const) process.on(signal, () => void stop(0));
  process.on("unhandledRejection", (err) => log.error({ err }, "unhandled rejection"));
  process.on("uncaughtException", (err) => {
    log.fatal({ err }, "uncaught exception");
    void stop(1);
  });

  assertFit(await checkGround(config));
  const embedded = await startEmbedded({ config, log, onFailure: () => void stop(1) });
  begun.push({ name: "the embedded servers", end: embedded.stop });
  const product = await connect(config, embedded, log);
  await product.startRoles();
  const listening = await product.app
    .listen({ host: config.http.host, port: config.http.port })
    .catch(async (error: unknown) => {
      assertFit(await checkGround({ ...config, production: true }));
      throw error;
    });
  const baseUrl = config.http.publicUrl ?? listening;
  embedded.announce(baseUrl);

  if (config.fleet && config.roles.includes("web")) {
    const fleet = await runFleet({
      dataDir: config.dataDir,
      baseUrl,
      redisUrl: embedded.redisUrl,
      guardian: embedded.guardian,
      log,
    });
    begun.push({ name: "the demo fleet", end: fleet.stop });
  }
  announce(baseUrl, product, config.dataDir);
  if (config.watch.length > 0) process.stdout.write(describeGiven(await product.keepGiven(config.watch)));
}

start().catch(fail);
