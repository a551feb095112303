import type { Redis } from "ioredis";
import type { Logger } from "pino";
import { type Database, openPool } from "#lib/postgres/postgres.ts";
import { probeWrite } from "#lib/redis/write-probe.ts";
import type { Clock } from "#lib/time/clock.ts";
import { within } from "#lib/time/deadline.ts";
import { createProbe } from "#observe/targets/targets.ts";

const everyMs = 1_000;
const answerWithinMs = 2_000;

/** A connection of its own: waiting for the product's would call a busy process broken. */
const openOwn = (database: Database, log: Logger) =>
  openPool(
    {
      connectionString: database.pools.app.options.connectionString,
      max: 1,
      connectionTimeoutMillis: answerWithinMs,
      query_timeout: answerWithinMs,
      application_name: "wheelhouse-readiness",
    },
    log,
  );

/**
 * Whether this process reaches its own Postgres and Redis and may write to both, checked every second in the
 * background, so that a hanging dependency never delays a response and callers cost nothing.
 */
export function createReadiness({
  database,
  redis,
  clock,
  log,
}: {
  database: Database;
  redis: Redis;
  clock: Clock;
  log: Logger;
}) {
  const own = openOwn(database, log);
  const askPostgres = async () => {
    const { rows } = await own.query<{ isReadOnly: boolean; isStandby: boolean }>(
      `select current_setting('transaction_read_only') = 'on' as "isReadOnly", pg_is_in_recovery() as "isStandby"`,
    );
    if (rows[0]?.isStandby) throw new Error("The server is a standby, which takes no writes");
    if (rows[0]?.isReadOnly) throw new Error("Transactions are read-only by default");
  };
  const probes = {
    postgres: createProbe(() => within(answerWithinMs, askPostgres()), {
      clock,
      everyMs,
    }),
    redis: createProbe(() => within(answerWithinMs, probeWrite(redis)), { clock, everyMs }),
  };
  const poke = () => Promise.all(Object.values(probes).map((probe) => probe.poke()));
  let timer: NodeJS.Timeout | undefined;

  return {
    /** Resolves after the first round, whatever its result. */
    async start() {
      await poke();
      timer = setInterval(() => void poke(), everyMs);
      timer.unref();
    },
    stop() {
      clearInterval(timer);
      void own.end().catch(() => {});
    },
    read() {
      const dependencies = Object.entries(probes).map(([name, probe]) => {
        const latest = probe.latest();
        const cause = probe.failure() ?? (latest === null ? "Not checked yet" : null);
        return {
          name,
          status: cause === null ? ("up" as const) : ("down" as const),
          cause,
          observedAt: latest === null ? null : new Date(latest.atMs).toISOString(),
        };
      });
      const isBusy = Object.values(database.pools).some(({ waitingCount }) => waitingCount > 0);
      return { ready: dependencies.every(({ status }) => status === "up"), isBusy, dependencies };
    },
  };
}
export type Readiness = ReturnType<typeof createReadiness>;
