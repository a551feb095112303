// A process that observes as a collector does and nothing else, for app-observe.test.ts, which kills it.
import { pino } from "pino";
import { z } from "zod";
import { createObserve, createWatching } from "#app-observe.ts";
import { createServers } from "#features/health/health-feature.ts";
import { systemClock } from "#lib/clock.ts";
import { createDatabase } from "#lib/postgres.ts";
import { createRedis } from "#lib/redis.ts";
import { createSourcesFile } from "#observe/sources/sources.ts";

const log = pino({ level: "silent" });
const { redisUrl, appUrl, systemUrl } = z
  .object({ redisUrl: z.string(), appUrl: z.string(), systemUrl: z.string() })
  .parse(JSON.parse(process.argv[2] ?? ""));
const intervalMs = 1_000;
const clock = systemClock;
const database = createDatabase({ appUrl, systemUrl, poolSize: 2, log });
const watching = createWatching({
  redisUrl,
  log,
  clock,
  intervalMs,
  database,
  catalogue: createSourcesFile({ path: undefined, clock, log }),
  ownReport: () => null,
});
createObserve({
  aspects: [createServers({ servers: watching.servers, intervalMs, clock }).aspect],
  watching,
  redisUrl,
  log,
  clock,
  roles: ["collector"],
  intervalMs,
  database,
  redis: createRedis({ url: redisUrl, name: "test-observe-fixture", log }),
}).start();
