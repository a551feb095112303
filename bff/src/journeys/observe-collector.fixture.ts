// A process that observes as a collector does and nothing else, for observe.test.ts, which kills it.
import { pino } from "pino";
import { z } from "zod";
import { createObserve } from "#app/observe.ts";
import { systemClock } from "#lib/clock.ts";
import { createDatabase } from "#lib/postgres.ts";
import { createRedis } from "#lib/redis.ts";
import { createSourcesFile } from "#observe/sources-watch.ts";

const log = pino({ level: "silent" });
const { redisUrl, appUrl, systemUrl } = z
  .object({ redisUrl: z.string(), appUrl: z.string(), systemUrl: z.string() })
  .parse(JSON.parse(process.argv[2] ?? ""));
createObserve({
  redisUrl,
  log,
  clock: systemClock,
  roles: ["collector"],
  intervalMs: 1_000,
  database: createDatabase({ appUrl, systemUrl, poolSize: 2, log }),
  redis: createRedis({ url: redisUrl, name: "test-observe-fixture", log }),
  catalogue: createSourcesFile({ path: undefined, clock: systemClock, log }),
  webhooks: async () => new Map(),
  recentActs: async () => new Map(),
  badFile: () => null,
  ownReport: () => null,
  boards: () => ({}),
}).start();
