import type { Redis } from "ioredis";
import { sql } from "kysely";
import type { Database } from "#lib/postgres/postgres.ts";
import { probeWrite } from "#lib/redis/write-probe.ts";
import type { Clock } from "#lib/time/clock.ts";
import { within } from "#lib/time/deadline.ts";
import { createProbe } from "#observe/targets/targets.ts";

const everyMs = 1_000;
const answerWithinMs = 2_000;

/**
 * Whether this process reaches its own Postgres and Redis, and Redis takes writes, checked every second in the background, so that a
 * hanging dependency never delays a response.
 */
export function createReadiness({
  database,
  redis,
  clock,
}: {
  database: Database;
  redis: Redis;
  clock: Clock;
}) {
  const probes = {
    postgres: createProbe(() => within(answerWithinMs, sql`select 1`.execute(database.app)), {
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
      return { ready: dependencies.every(({ status }) => status === "up"), dependencies };
    },
  };
}
export type Readiness = ReturnType<typeof createReadiness>;
