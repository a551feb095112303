import { createChannels } from "#lib/channel.ts";
import { createEvents } from "#lib/events.ts";
import { createDatabase } from "#lib/postgres/postgres.ts";
import { createRedis } from "#lib/redis/redis.ts";
import { createSharedReads } from "#lib/shared-reads.ts";
import { systemClock } from "#lib/time/clock.ts";
import { createRuns } from "#runs/runs.ts";
import { createWebhooks } from "../webhooks.ts";
import { log, workerProcessOptions } from "./gateway.fixture.ts";

// A worker in a process of its own, for tests that kill it. Its options come as JSON in the first argument.
const options = workerProcessOptions.parse(JSON.parse(process.argv[2] ?? ""));
const { appUrl, systemUrl, redisUrl, config } = options;
const database = createDatabase({ appUrl, systemUrl, poolSize: 6, log });
const redis = createRedis({ url: redisUrl, name: "test-worker", log });
const refuse = () => Promise.reject(new Error("this worker changes no configuration"));
const { subscribe } = createChannels({ redis, redisUrl, log });
const { events } = createEvents({ subscribe, log });
const changes = { run: refuse, runAsSystem: refuse };
const sharedReads = createSharedReads({ clock: systemClock, events });
const webhooks = createWebhooks(
  { database, redis, subscribe, events, sharedReads, clock: systemClock, log, changes },
  { redisUrl, settings: config, runs: createRuns({ database, changes, clock: systemClock, log }) },
);
if (options.replays) await webhooks.start.replays();
else await webhooks.start.worker();
process.stdout.write("working\n");
