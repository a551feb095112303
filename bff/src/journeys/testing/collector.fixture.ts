// A process that only observes, as a collector does; observe.test.ts kills it.

import { pino } from "pino";
import { z } from "zod";
import { createObserving, createWatch } from "#app/observe.ts";
import { createServers } from "#features/health/health.ts";
import { createChannels } from "#lib/channel.ts";
import { createDatabase } from "#lib/postgres/postgres.ts";
import { createRedis } from "#lib/redis/redis.ts";
import { createServerFilter } from "#lib/security/address-filter.ts";
import { systemClock } from "#lib/time/clock.ts";
import { createSourcesFile } from "#observe/sources/sources.ts";

const log = pino({ level: "silent" });
const { redisUrl, appUrl, systemUrl } = z
  .object({ redisUrl: z.string(), appUrl: z.string(), systemUrl: z.string() })
  .parse(JSON.parse(process.argv[2] ?? ""));
const database = createDatabase({ appUrl, systemUrl, poolSize: 2, log });
const redis = createRedis({ url: redisUrl, name: "test-observe-fixture", log });
const { subscribe } = createChannels({ redis, redisUrl, log });
const core = { database, redis, subscribe, clock: systemClock, log };
const catalogue = createSourcesFile({ path: undefined, clock: systemClock, log });
const watch = createWatch(core, {
  catalogue,
  redisUrl,
  filter: createServerFilter([]),
  intervalMs: 1_000,
  ownReport: () => null,
});
const servers = createServers(core, { servers: watch.servers, intervalMs: 1_000 });
createObserving(core, { watch, aspects: [servers.aspect], roles: ["collector"] }).start();
