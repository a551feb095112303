import { pino } from "pino";
import { expect, test } from "vitest";
import { startRefusingPooler } from "#doctor/testing/pooler.fixture.ts";
import { createDatabase } from "#lib/postgres/postgres.ts";
import { systemClock } from "#lib/time/clock.ts";
import { createTestDatabase } from "#testing/stack.ts";
import { createWatchedServers } from "./servers.ts";

const log = pino({ level: "silent" });

test("a watched Postgres is read through a pooler that refuses start-up parameters", async () => {
  const urls = await createTestDatabase();
  const pooler = await startRefusingPooler(urls.appUrl);
  const url = new URL(urls.appUrl);
  url.port = String(pooler.port);
  const sources = {
    redis: [],
    postgres: [{ id: "orders", name: "Orders", organization: "northwind", url: url.href }],
    services: [],
    prometheus: [],
  };
  const database = createDatabase({ appUrl: urls.appUrl, systemUrl: urls.systemUrl, poolSize: 1, log });
  const watched = createWatchedServers({
    catalogue: { current: () => sources, onChange: () => () => undefined },
    database,
    redisUrl: "redis://127.0.0.1:1",
    clock: systemClock,
    log,
  });
  try {
    expect(await watched.servers[0]?.sample()).toMatchObject({ kind: "postgres", state: "ok" });
  } finally {
    await watched.stop();
    for (const pool of Object.values(database.pools)) await pool.end();
    pooler.stop();
  }
});
