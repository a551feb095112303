/** Wheelhouse with one signed-in user, for `queues.ts`: real authentication on every request, no fleet. */
import { hostname } from "node:os";
import { pino } from "pino";
import { buildApp } from "#app/app.ts";
import { loadConfig } from "#config.ts";
import { makeSecrets } from "#embedded/secrets.ts";
import { createDatabase } from "#lib/postgres/postgres.ts";
import { createRedis } from "#lib/redis/redis.ts";
import { systemClock } from "#lib/time/clock.ts";

const config = loadConfig(process.env);
const log = pino({ level: "warn", base: { host: hostname() } }, pino.destination(2));
const { appUrl, systemUrl, adminUrl } = config.postgres;
const redisUrl = config.redis.url;
if (!appUrl || !systemUrl || !adminUrl || !redisUrl) throw new Error("addresses of the servers are missing");
const database = createDatabase({ appUrl, systemUrl, poolSize: config.postgres.poolSize, log });
const redis = createRedis({ url: redisUrl, name: "wheelhouse", log });
await new Promise((resolve) => redis.once("ready", resolve));
const product = await buildApp({
  config,
  log,
  database,
  adminUrl,
  redis,
  redisUrl,
  clock: systemClock,
  // The same for every start on one database, or it cannot open what another start sealed.
  secretKey: process.env.BENCH_SECRET_KEY ?? makeSecrets().secretKey,
});
await product.startRoles();
const address = await product.app.listen({ host: "127.0.0.1", port: 0 });
const user = product.credentials.find(({ role }) => role === (process.env.BENCH_ROLE ?? "admin"));
process.stdout.write(`${JSON.stringify({ address, email: user?.email, password: user?.password })}\n`);
process.once("SIGTERM", async () => {
  await product.close();
  await database.close();
  process.exit(0);
});
