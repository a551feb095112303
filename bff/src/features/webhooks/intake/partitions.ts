import { sql } from "kysely";
import type { Logger } from "pino";
import type { Database } from "#lib/postgres/postgres.ts";
import type { Clock } from "#lib/time/clock.ts";

const dayMs = 86_400_000;
const daysAhead = 3;

/** Postgres raises check_violation when no partition accepts a row. */
export const lacksPartition = (error: unknown) =>
  error instanceof Error && "code" in error && error.code === "23514" && /no partition/.test(error.message);

/**
 * Creates the daily partitions from yesterday to three days ahead. Called at start and hourly, and whenever
 * an insert fails for lack of one, so that a server that slept for a week recovers by itself.
 */
export async function makePartitions(database: Database, clock: Clock): Promise<number> {
  const day = (ms: number) => new Date(ms).toISOString().slice(0, 10);
  const { rows } = await sql<{ made: number }>`
    select wheelhouse.make_webhook_partitions(
      ${day(clock.now() - dayMs)}::date, ${day(clock.now() + daysAhead * dayMs)}::date) as made
  `.execute(database.system);
  return rows[0]?.made ?? 0;
}

/** Runs `makePartitions` now and hourly until stopped; a failure is logged and retried after a minute. */
export function keepPartitionsAhead(database: Database, clock: Clock, log: Logger) {
  let timer: NodeJS.Timeout | undefined;
  let stopped = false;
  async function run() {
    let waitMs = 3_600_000;
    try {
      await makePartitions(database, clock);
    } catch (err) {
      log.warn({ err }, "the webhook partitions could not be created");
      waitMs = 60_000;
    }
    if (!stopped) timer = setTimeout(run, waitMs).unref();
  }
  const first = run();
  return {
    first,
    stop: () => {
      stopped = true;
      clearTimeout(timer);
    },
  };
}
