import pg from "pg";
import { afterAll, beforeAll, expect, test } from "vitest";
import { systemClock } from "#lib/clock.ts";
import { createTestDatabase } from "#testing/stack.ts";
import { createPostgresSource } from "./health-postgres-source.ts";

let pool: pg.Pool;
let adminUrl: string;
beforeAll(async () => {
  ({ adminUrl } = await createTestDatabase());
  pool = new pg.Pool({ connectionString: adminUrl, max: 1 });
});
afterAll(() => pool.end());

test("a server without replicas that nobody blocks is ok", async () => {
  const reading = await createPostgresSource({ pool, clock: systemClock }).sample();
  expect(reading).toMatchObject({ kind: "postgres", cause: null, state: "ok" });
});

test.each([
  [{ blocked: 2 }, "2 queries wait for a lock longer than 10 s"],
  [{ replication_lag_ms: 95_000 }, "Replication is 95 s behind, threshold 30 s"],
  [{ longest_transaction_ms: 600_000 }, "A transaction is open for 10 m, threshold 5 m"],
  [{ connections: 95 }, "95 of 100 connections are open, threshold 90%"],
])("it is degraded, with the reason: %j", async (more, cause) => {
  const activity = {
    ...{ version: "18.1", connections: 3, max_connections: 100, longest_transaction_ms: null },
    ...{ blocked: 0, replication_lag_ms: null, size: 1_000, ...more },
  };
  const query = async () => ({ rows: [activity] });
  const answering = Object.assign(new pg.Pool({ max: 1 }), { query });
  const reading = await createPostgresSource({ pool: answering, clock: systemClock }).sample();
  expect(reading).toMatchObject({ state: "degraded", cause });
});
