import { pino } from "pino";
import { expect, test } from "vitest";
import { createDatabase } from "#lib/postgres/postgres.ts";
import { createServerFilter } from "#lib/security/address-filter.ts";
import { systemClock } from "#lib/time/clock.ts";
import { startPgBouncer } from "#testing/postgres/pgbouncer.ts";
import { createTestDatabase } from "#testing/stack.ts";
import { createWatchedServers } from "./servers.ts";

const log = pino({ level: "silent" });

test("a watched Postgres is read through PgBouncer with its defaults", async () => {
  const urls = await createTestDatabase();
  const pooler = await startPgBouncer([urls.appUrl]);
  const sources = {
    redis: [],
    postgres: [{ id: "orders", name: "Orders", organization: "northwind", url: pooler.through(urls.appUrl) }],
    services: [],
    prometheus: [],
  };
  const database = createDatabase({ appUrl: urls.appUrl, systemUrl: urls.systemUrl, poolSize: 1, log });
  const watched = createWatchedServers({
    catalogue: { current: () => sources, onChange: () => () => undefined },
    database,
    redisUrl: "redis://127.0.0.1:1",
    filter: createServerFilter([]),
    clock: systemClock,
    log,
  });
  try {
    expect(await watched.servers[0]?.sample()).toMatchObject({ kind: "postgres", state: "ok" });
  } finally {
    await watched.stop();
    for (const pool of Object.values(database.pools)) await pool.end();
    await pooler.stop();
  }
});
