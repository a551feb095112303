import { sourceView } from "@wheelhouse/shared/health/health.ts";
import pg from "pg";
import { afterAll, beforeAll, expect, test } from "vitest";
import { systemClock } from "#lib/time/clock.ts";
import { createTestDatabase } from "#testing/stack.ts";
import { createPostgresSource } from "./postgres-source.ts";

const serverFigures = sourceView.shape.postgres.unwrap();
let pool: pg.Pool;
let adminUrl: string;
beforeAll(async () => {
  ({ adminUrl } = await createTestDatabase());
  pool = new pg.Pool({ connectionString: adminUrl, max: 1 });
});
afterAll(() => pool.end());

test("a server without replicas and without blocked queries is ok", async () => {
  const reading = await createPostgresSource({ pool, clock: systemClock }).sample();
  expect(reading).toMatchObject({ kind: "postgres", cause: null, state: "ok" });
  expect(reading.figures).toMatchObject({ role: "primary", replicas: 0, replicationLagMs: null });
});

test("the largest tables and indexes are measured, largest first and few, whether analyzed or not", async () => {
  await pool.query("create table large (id int primary key, filler text)");
  await pool.query("insert into large select n, repeat(md5(n::text), 20) from generate_series(1, 20000) n");
  await pool.query("select pg_stat_force_next_flush()");
  const { figures } = await createPostgresSource({ pool, clock: systemClock }).sample();
  const { largestTables, largestIndexes } = serverFigures.parse(figures);
  expect(largestTables[0]).toMatchObject({ name: "large" });
  expect(largestTables[0]?.sizeBytes).toBeGreaterThan(10_000_000);
  expect(largestIndexes[0]).toMatchObject({ name: "large_pkey" });
  expect([largestTables.length, largestIndexes.length]).toEqual([5, 5]);
});

test.each([
  [{ blocked: 2 }, "2 queries waiting for a lock for more than 10 s"],
  [{ replication_lag_ms: 95_000 }, "Replication lag 95 s, threshold 30 s"],
  [{ longest_transaction_ms: 600_000 }, "Longest transaction open for 10 m, threshold 5 m"],
  [{ connections: 95 }, "95 of 100 connections open, threshold 90%"],
])("it is degraded, with the reason: %j", async (more, cause) => {
  const activity = {
    version: "18.1",
    connections: 3,
    max_connections: 100,
    longest_transaction_ms: null,
    blocked: 0,
    replication_lag_ms: null,
    is_replica: false,
    replicas: 1,
    size: 1_000,
    tables: [],
    indexes: [],
    ...more,
  };
  const query = async () => [{ rows: [] }, { rows: [activity] }];
  const answering = Object.assign(new pg.Pool({ max: 1 }), { query });
  const reading = await createPostgresSource({ pool: answering, clock: systemClock }).sample();
  expect(reading).toMatchObject({ state: "degraded", cause });
});
