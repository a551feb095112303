import type { ServiceRow } from "@wheelhouse/shared/health/health.ts";
import type { HistoryKind } from "@wheelhouse/shared/live/history-kinds.ts";
import { type RawBuilder, sql } from "kysely";
import type { Logger } from "pino";
import { z } from "zod";
import type { Database } from "#lib/postgres/postgres.ts";
import type { Clock } from "#lib/time/clock.ts";
import { knownMetric, upMetric } from "../tick-figures.ts";
import { finest, floorTo, hours, rollupMs, stepsOf } from "../times.ts";

const everyMs = 60_000;
/** Reading takes at most this share of the time. */
const idleTimes = 20;
const timeoutMs = 5_000;
const hourMs = 3_600_000;
const periodsMs = { day: 24 * hourMs, week: 7 * 24 * hourMs, month: 30 * 24 * hourMs };

export type Uptime = Pick<ServiceRow, "uptime" | "uptimeKnown">;

const share = z.number().nullable();
const uptimeRow = z.object({
  organization: z.string(),
  entity: z.string(),
  day: share,
  week: share,
  month: share,
  dayKnown: z.number(),
  weekKnown: z.number(),
  monthKnown: z.number(),
});
const untilRow = z.object({ untilMs: z.number() });

/** Rounded down to four places, so that a short outage never shows as 100 % and a row seldom changes. */
const roundedDown = (ratio: number | null) => (ratio === null ? null : Math.floor(ratio * 10_000) / 10_000);
const rounded = (ratio: number) => Math.min(1, Math.round(ratio * 10_000) / 10_000);
const keyOf = (organization: string, id: string) => `${organization} ${id}`;

/**
 * The share of the known time in which each thing of one kind was ok or degraded, and how much is known. One
 * statement over summed-up hours, and over 10 s steps where hours are not summed up yet.
 */
export function createUptimes(deps: { database: Database; kind: HistoryKind; clock: Clock; log: Logger }) {
  const { database, kind, clock, log } = deps;
  let found: ReadonlyMap<string, Uptime> = new Map();
  let dueMs = 0;
  let isReading = false;

  async function read() {
    const nowMs = clock.now();
    const iso = (ms: number) => new Date(ms).toISOString();
    const steps = { hourly: stepsOf(hours), tens: stepsOf(finest) };
    const sliceOf = (metric: string, count: number) =>
      sql`c.means[(array_position(c.metrics, ${metric}) - 1) * ${count}::int + 1
        : array_position(c.metrics, ${metric}) * ${count}::int]`;
    const begin = (periodMs: number) => sql`${(nowMs - periodMs) / 1000}::float8`;
    /** The share of a cell that lies within a period. */
    const cut = (periodMs: number, ends: RawBuilder<unknown>, lasts: number) =>
      sql`greatest(0::float8, least(1::float8, (${ends} - ${begin(periodMs)}) / ${lasts}::float8))`;
    const known = (
      periodMs: number,
      seconds: RawBuilder<unknown>,
      ends: RawBuilder<unknown>,
      lasts: number,
    ) => sql`${seconds} * ${cut(periodMs, ends, lasts)}`;
    const hour = { seconds: sql`coalesce(h.known, 1)::float8 * 3600`, ends: sql`c.base + h.place * 3600` };
    const ofHours = (periodMs: number) => known(periodMs, hour.seconds, hour.ends, 3_600);
    const ofTens = (periodMs: number) => known(periodMs, sql`t.seconds`, sql`c.base + 600`, 600);
    const { day, week, month } = periodsMs;
    const rows = await database.system.transaction().execute(async (tx) => {
      // JIT compilation would take longer than the query.
      await sql`select set_config('statement_timeout', ${String(timeoutMs)}, true), set_config('jit', 'off', true)`.execute(
        tx,
      );
      // Windows are summed up in order, so all before the newest one are done.
      const summed =
        await sql`select coalesce(extract(epoch from max(starts_at)) * 1000 + ${rollupMs}, 0)::float8 as "untilMs"
        from history_rollups`.execute(tx);
      const { untilMs } = untilRow.parse(summed.rows[0]);
      const fineSince = iso(Math.max(untilMs, nowMs - finest.keepMs));
      // Cells are summed within their chunk, so that only chunks are grouped.
      return sql`
        with parts as (
          select c.org_id, c.entity, sums.*
          from (
            select org_id, entity, metrics, means, extract(epoch from starts_at)::float8 as base
            from history_chunks
            where kind = ${kind} and step_s = 3600
              and starts_at > ${iso(nowMs - month - hours.chunkMs)} and starts_at <= ${iso(nowMs)}) c
          cross join lateral (
            select sum(h.up * ${ofHours(day)}) as up_day, sum(${ofHours(day)}) as day,
              sum(h.up * ${ofHours(week)}) as up_week, sum(${ofHours(week)}) as week,
              sum(h.up * ${ofHours(month)}) as up_month, sum(${ofHours(month)}) as month
            from rows from (
              unnest(${sliceOf(upMetric, steps.hourly)}), unnest(${sliceOf(knownMetric, steps.hourly)})
            ) with ordinality as h (up, known, place)
            where h.up is not null) sums
          union all
          select c.org_id, c.entity, t.up * ${ofTens(day)}, ${ofTens(day)}, t.up * ${ofTens(week)}, ${ofTens(week)},
            t.up * ${ofTens(month)}, ${ofTens(month)}
          from (
            select org_id, entity, metrics, means, extract(epoch from starts_at)::float8 as base from history_chunks
            where kind = ${kind} and step_s = 10 and starts_at >= ${fineSince} and starts_at <= ${iso(nowMs)}
            union all
            select org_id, entity, metrics, means, extract(epoch from starts_at)::float8 from history_open
            where kind = ${kind} and starts_at >= ${iso(floorTo(nowMs, finest.chunkMs) - finest.chunkMs)}
              and starts_at <= ${iso(nowMs)}) c
          cross join lateral (
            select avg(u.up)::float8 as up, 10::float8 * count(u.up) as seconds
            from unnest(${sliceOf(upMetric, steps.tens)}) as u (up)) t
          where t.up is not null
        )
        select o.slug as organization, entity,
          sum(up_day) / nullif(sum(day), 0) as day, coalesce(sum(day), 0) / ${day / 1000}::float8 as "dayKnown",
          sum(up_week) / nullif(sum(week), 0) as week, coalesce(sum(week), 0) / ${week / 1000}::float8 as "weekKnown",
          sum(up_month) / nullif(sum(month), 0) as month,
          coalesce(sum(month), 0) / ${month / 1000}::float8 as "monthKnown"
        from parts join organizations o on o.id = parts.org_id
        group by o.slug, entity having sum(month) > 0`
        .execute(tx)
        .then((answer) => answer.rows);
    });
    found = new Map(
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
    /** Refreshes uptimes older than a minute, without waiting; called by the collector. */
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
    /**
     * By slug of the organization and id of the service, at most a minute old; undefined before the first
     * read.
     */
    of: (organization: string, id: string) => found.get(keyOf(organization, id)),
    read,
  };
}
