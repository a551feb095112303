import type { ServiceRow } from "@wheelhouse/shared/health.ts";
import { sql } from "kysely";
import type { Logger } from "pino";
import { z } from "zod";
import type { Clock } from "#lib/clock.ts";
import type { Database } from "#lib/postgres.ts";
import { knownMetric, upMetric } from "./history-metrics.ts";
import { finest, floorTo, hours, rollupMs, stepsOf } from "./history-times.ts";

const everyMs = 60_000;
/** At most this share of the time is spent with asking. */
const idleTimes = 20;
const timeoutMs = 5_000;
const hourMs = 3_600_000;
const periodsMs = { day: 24 * hourMs, week: 7 * 24 * hourMs, month: 30 * 24 * hourMs };

export type Uptime = Pick<ServiceRow, "uptime" | "uptimeKnown">;

const share = z.number().nullable();
const uptimeRow = z.object({
  ...{ organization: z.string(), entity: z.string() },
  ...{ day: share, week: share, month: share },
  ...{ dayKnown: z.number(), weekKnown: z.number(), monthKnown: z.number() },
});
const untilRow = z.object({ untilMs: z.number() });

/** Down to four places, so that what was away for a moment is never whole, and a row changes seldom. */
const roundedDown = (ratio: number | null) => (ratio === null ? null : Math.floor(ratio * 10_000) / 10_000);
const rounded = (ratio: number) => Math.min(1, Math.round(ratio * 10_000) / 10_000);
const keyOf = (organization: string, id: string) => `${organization} ${id}`;

/**
 * The share of the time, as far as it is known, in which a service was ok or degraded, and how much is known. One
 * statement over hours that are summed up, and over the 10 s of those that are not yet.
 */
export function createUptimes(deps: { database: Database; clock: Clock; log: Logger }) {
  const { database, clock, log } = deps;
  let known: ReadonlyMap<string, Uptime> = new Map();
  let dueMs = 0;
  let isReading = false;

  async function read() {
    const nowMs = clock.now();
    const iso = (ms: number) => new Date(ms).toISOString();
    const sliceOf = (steps: number) =>
      sql`c.means[(array_position(c.metrics, ${upMetric}) - 1) * ${steps}::int + 1
        : array_position(c.metrics, ${upMetric}) * ${steps}::int]`;
    const hourly = stepsOf(hours);
    const tens = stepsOf(finest);
    const cut = (periodMs: number) =>
      sql`greatest(0, least(1, extract(epoch from ends_at - ${iso(nowMs - periodMs)}::timestamptz) / lasts))`;
    const ratio = (periodMs: number) =>
      sql`(sum(up * seconds * ${cut(periodMs)}) / nullif(sum(seconds * ${cut(periodMs)}), 0))::float8`;
    const part = (periodMs: number) =>
      sql`(coalesce(sum(seconds * ${cut(periodMs)}), 0) / ${periodMs / 1000})::float8`;
    const rows = await database.system.transaction().execute(async (tx) => {
      await sql`select set_config('statement_timeout', ${String(timeoutMs)}, true)`.execute(tx);
      // Windows are summed up in order, so all before the newest one are.
      const summed =
        await sql`select coalesce(extract(epoch from max(starts_at)) * 1000 + ${rollupMs}, 0)::float8 as "untilMs"
        from history_rollups`.execute(tx);
      const { untilMs } = untilRow.parse(summed.rows[0]);
      const fineSince = iso(Math.max(untilMs, nowMs - finest.keepMs));
      return sql`
        with cells as (
          select c.org_id, c.entity, h.up, coalesce(h.known, 1) * 3600 as seconds, 3600 as lasts,
            c.starts_at + h.place * interval '1 hour' as ends_at
          from history_chunks c cross join lateral rows from (
            unnest(${sliceOf(hourly)}),
            unnest(c.means[(array_position(c.metrics, ${knownMetric}) - 1) * ${hourly}::int + 1
              : array_position(c.metrics, ${knownMetric}) * ${hourly}::int])
          ) with ordinality as h (up, known, place)
          where c.kind = 'service' and c.step_s = 3600 and h.up is not null
            and c.starts_at > ${iso(nowMs - periodsMs.month - hours.chunkMs)} and c.starts_at <= ${iso(nowMs)}
          union all
          select c.org_id, c.entity, avg(u.up), 10 * count(u.up), 600, c.starts_at + interval '10 minutes'
          from (
            select org_id, entity, starts_at, metrics, means from history_chunks
            where kind = 'service' and step_s = 10 and starts_at >= ${fineSince} and starts_at <= ${iso(nowMs)}
            union all
            select org_id, entity, starts_at, metrics, means from history_open
            where kind = 'service' and starts_at >= ${iso(floorTo(nowMs, finest.chunkMs) - finest.chunkMs)}
              and starts_at <= ${iso(nowMs)}) c
          cross join lateral unnest(${sliceOf(tens)}) as u (up)
          group by c.org_id, c.entity, c.starts_at
        )
        select o.slug as organization, entity,
          ${ratio(periodsMs.day)} as day, ${part(periodsMs.day)} as "dayKnown",
          ${ratio(periodsMs.week)} as week, ${part(periodsMs.week)} as "weekKnown",
          ${ratio(periodsMs.month)} as month, ${part(periodsMs.month)} as "monthKnown"
        from cells join organizations o on o.id = cells.org_id
        where seconds > 0 group by o.slug, entity`
        .execute(tx)
        .then((found) => found.rows);
    });
    known = new Map(
      rows.map((row) => {
        const { organization, entity, day, week, month, ...of } = uptimeRow.parse(row);
        return [
          keyOf(organization, entity),
          {
            uptime: { day: roundedDown(day), week: roundedDown(week), month: roundedDown(month) },
            uptimeKnown: {
              day: rounded(of.dayKnown),
              week: rounded(of.weekKnown),
              month: rounded(of.monthKnown),
            },
          },
        ];
      }),
    );
  }

  return {
    /** Reads them anew when they are a minute old, and waits for nothing; called by who observes. */
    poke() {
      if (isReading || clock.now() < dueMs) return;
      isReading = true;
      const begunMs = performance.now();
      read()
        .catch((err: unknown) => log.debug({ err }, "uptimes could not be read"))
        .finally(() => {
          const tookMs = performance.now() - begunMs;
          dueMs = clock.now() + Math.max(everyMs, tookMs * idleTimes);
          isReading = false;
        });
    },
    /** By slug of the organization and id of the service, as of the last minute; undefined before it is known. */
    of: (organization: string, id: string) => known.get(keyOf(organization, id)),
    read,
  };
}
