import { pino } from "pino";
import { afterAll, beforeAll, test } from "vitest";
import { createDatabase, type Database } from "#lib/postgres/postgres.ts";
import { createTestDatabase } from "#testing/stack.ts";
import { runKilled } from "./testing/killed.fixture.ts";

let database: Database;
beforeAll(async () => {
  database = createDatabase({
    ...(await createTestDatabase()),
    poolSize: 4,
    log: pino({ level: "silent" }),
  });
});
afterAll(() => database.close());

test("the leader is killed at 100 random moments of the life cycle: nothing lost, doubled, or told of what is resolved or acknowledged", async () => {
  const seed = Number(process.env.WHEELHOUSE_SEED ?? Math.floor(Math.random() * 1e6));
  console.log(`seed ${seed}`);
  for (let run = 0; run < 20; run += 1) await runKilled(database, { seed: seed + run, kills: 5 });
}, 600_000);
