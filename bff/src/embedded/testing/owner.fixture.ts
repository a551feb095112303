// The part of main that owns the embedded servers; embedded.test.ts kills it.
import { pino } from "pino";
import { loadConfig } from "#config.ts";
import { startEmbedded } from "#embedded/embedded.ts";

const startedAt = performance.now();
const embedded = await startEmbedded({
  config: loadConfig(process.env),
  log: pino({ level: "warn" }, pino.destination(2)),
  onFailure: () => process.exit(3),
});
embedded.announce("http://fixture");
process.once("SIGTERM", async () => {
  await embedded.stop();
  process.exit(0);
});
console.log(
  JSON.stringify({
    databaseAdminUrl: embedded.databaseUrls.admin,
    redisUrl: embedded.redisUrl,
    guardianPid: embedded.guardian?.pid,
    startedInMs: performance.now() - startedAt,
  }),
);
setInterval(() => {}, 60_000);
