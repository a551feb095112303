import { sql } from "kysely";
import type { Logger } from "pino";
import type { Database } from "#lib/postgres/postgres.ts";
import type { Clock } from "#lib/time/clock.ts";

const flushMs = 1_000;
const maxUnwritten = 20_000;

export type AttemptFigure = {
  organizationId: string;
  endpointId: string;
  success: boolean;
  firstAttempt: boolean;
  /** Whether the delivery ended with this attempt. */
  final: boolean;
  latencyMs: number | null;
};

/** Each latency bucket is 10 % wide, so a percentile is off by at most 5 %. */
const base = Math.log(1.1);
const bucketOf = (latencyMs: number | null) =>
  latencyMs === null ? -1 : Math.max(0, Math.min(200, Math.floor(Math.log(Math.max(1, latencyMs)) / base)));
/** Middle of a bucket, ms. */
export const latencyOfBucket = (bucket: number) => Math.exp((bucket + 0.5) * base);

/**
 * Counts attempts in memory and writes the sums once a second, so that rates cost no write per attempt. A
 * crash loses a second of figures but no deliveries.
 */
export function createFigures(database: Database, clock: Clock, log: Logger) {
  let counts = new Map<string, AttemptFigure & { count: number }>();
  let timer: NodeJS.Timeout | undefined;

  async function flush() {
    timer = undefined;
    if (counts.size === 0) return;
    const items = [...counts.values()].map(({ latencyMs, ...figure }) => ({
      ...figure,
      bucket: bucketOf(latencyMs),
    }));
    counts = new Map();
    try {
      await sql`
        insert into webhook_figures (org_id, endpoint_id, at, success, first_attempt, final, latency_bucket, count)
        select "organizationId", "endpointId", ${new Date(clock.now())}::timestamptz, success, "firstAttempt", final,
          bucket, count
        from json_to_recordset(${JSON.stringify(items)}::json) as f("organizationId" uuid, "endpointId" uuid,
          success boolean, "firstAttempt" boolean, final boolean, bucket smallint, count int)
      `.execute(database.system);
    } catch (err) {
      log.debug({ err }, "lost one second of delivery figures");
    }
  }

  return {
    record(figure: AttemptFigure) {
      const key = [
        figure.endpointId,
        figure.success,
        figure.firstAttempt,
        figure.final,
        bucketOf(figure.latencyMs),
      ].join();
      const known = counts.get(key);
      if (known) known.count += 1;
      else if (counts.size < maxUnwritten) counts.set(key, { ...figure, count: 1 });
      timer ??= setTimeout(flush, flushMs);
    },
    /** Writes the remaining figures. */
    async stop() {
      clearTimeout(timer);
      await flush();
    },
  };
}

export type Figures = ReturnType<typeof createFigures>;
