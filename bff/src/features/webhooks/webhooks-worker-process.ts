import { systemClock } from "#lib/clock.ts";
import { createDatabase } from "#lib/postgres.ts";
import { createRedis } from "#lib/redis.ts";
import { createWebhooks } from "./webhooks.ts";
import { log, workerProcessOptions } from "./webhooks-fixture.ts";

// A worker in a process of its own, for tests that kill it. Its options come as JSON in the first argument.
const options = workerProcessOptions.parse(JSON.parse(process.argv[2] ?? ""));
const { appUrl, systemUrl, redisUrl, config } = options;
const database = createDatabase({ appUrl, systemUrl, poolSize: 6, log });
const redis = createRedis({ url: redisUrl, name: "test-worker", log });
const refuse = () => Promise.reject(new Error("this worker changes no configuration"));
const webhooks = createWebhooks({
  database,
  redis,
  redisUrl,
  config,
  clock: systemClock,
  log,
  changes: { run: refuse, runAsSystem: refuse },
});
if (options.replays) webhooks.startReplays();
else await webhooks.startWorker();
process.stdout.write("working\n");
