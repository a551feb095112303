import type { EndpointParsed, EndpointResult } from "@wheelhouse/shared/endpoint.ts";
import type { readWebhookStatistics } from "@wheelhouse/shared/webhooks/dead-letters.ts";
import { sql } from "kysely";
import { invalidField } from "#lib/http/errors.ts";
import type { RequestContext } from "#lib/http/request-context.ts";
import type { Database } from "#lib/postgres/postgres.ts";

const timeoutMs = 5_000;
const seriesMax = 50;
/** Place n of the stored durations holds those below 1.25 ^ n ms. */
const base = 1.25;
/** The lock of the sweeper, which folds, too. */
const foldLock = 4600_0010;

type Query = EndpointParsed<typeof readWebhookStatistics>["query"];
type Sums = { delivered: number; failed: number; deadLetters: number; replays: number; durations: number[] };
type Row = Sums & { key: string; name: string; at: Date };

/** The duration below which this share of the deliveries stayed, in ms; null without deliveries. */
export function durationAt(durations: readonly number[], share: number): number | null {
  const total = durations.reduce((sum, count) => sum + count, 0);
  if (total === 0) return null;
  let seen = 0;
  for (const [place, count] of durations.entries()) {
    // Evenly spread within a place.
    if (seen + count >= share * total && count > 0)
      return Math.round(base ** (place - 1 + (share * total - seen) / count));
    seen += count;
  }
  return Math.round(base ** (durations.length - 1));
}

const shown = (sums: Sums) => ({
  delivered: sums.delivered,
  failed: sums.failed,
  deadLetters: sums.deadLetters,
  replays: sums.replays,
  durationMsP50: durationAt(sums.durations, 0.5),
  durationMsP95: durationAt(sums.durations, 0.95),
});

function sumOf(rows: readonly Sums[]): Sums {
  const sum = (of: (row: Sums) => number) => rows.reduce((total, row) => total + of(row), 0);
  const places = Math.max(0, ...rows.map(({ durations }) => durations.length));
  return {
    delivered: sum((row) => row.delivered),
    failed: sum((row) => row.failed),
    deadLetters: sum((row) => row.deadLetters),
    replays: sum((row) => row.replays),
    durations: Array.from({ length: places }, (_, place) => sum((row) => row.durations[place] ?? 0)),
  };
}

/** What became of deliveries over time, from counters that commit with the outcomes. */
export function createOutcomes({ database }: { database: Database }) {
  function read(organizationId: string, { from, to, step, by, endpointId, eventType }: Query) {
    const key = {
      none: sql`''`,
      endpoint: sql`o.endpoint_id::text`,
      type: sql`o.event_type`,
      error: sql`o.error_class`,
    }[by];
    return database.asOrganizations(
      [organizationId],
      async (tx) => {
        const { rows } = await sql<Row>`
          with chosen as materialized (
            select ${key} as key, o.* from webhook_outcomes o
            where o.org_id = ${organizationId}::uuid and o.step = ${step === "hour" ? 60 : 1_440}
              and o.at >= ${from}::timestamptz and o.at < ${to}::timestamptz
              ${endpointId ? sql`and o.endpoint_id = any(${endpointId}::uuid[])` : sql``}
              ${eventType ? sql`and o.event_type = any(${eventType}::text[])` : sql``}
          ), places as (
            select key, at, array_agg(count order by place) as durations from (
              select key, at, place, sum(count)::int as count
              from chosen cross join unnest(durations) with ordinality as d (count, place)
              group by key, at, place) p
            group by key, at
          ), sums as (
            select key, at, sum(delivered)::int as delivered, sum(failed)::int as failed,
              sum(dead_letters)::int as "deadLetters", sum(replays)::int as replays
            from chosen group by key, at
          )
          select s.*, p.durations, coalesce(e.name, s.key) as name
          from sums s join places p on p.key = s.key and p.at = s.at
          left join webhook_endpoints e on e.id::text = s.key and ${by === "endpoint"}
          order by s.at
        `.execute(tx);
        return rows;
      },
      { statementTimeoutMs: timeoutMs },
    );
  }

  return {
    /** Adds up what writers have appended; one caller at a time. @returns false if another process does it right now. */
    fold: (): Promise<boolean> =>
      database.system.transaction().execute(async (tx) => {
        const { rows } = await sql<{ held: boolean }>`
          select pg_try_advisory_xact_lock(${foldLock}) as held`.execute(tx);
        if (rows[0]?.held !== true) return false;
        await sql`select fold_webhook_changes()`.execute(tx);
        return true;
      }),

    async read(
      query: Query,
      { organization }: RequestContext,
    ): Promise<EndpointResult<typeof readWebhookStatistics>> {
      if (Date.parse(query.from) >= Date.parse(query.to))
        throw invalidField("query.from", "must be before query.to");
      const rows = await read(organization.id, query);
      const byKey = new Map<string, Row[]>();
      for (const row of rows) byKey.set(row.key, [...(byKey.get(row.key) ?? []), row]);
      const series = [...byKey].map(([key, points]) => ({
        key,
        name: points[0]?.name ?? key,
        total: shown(sumOf(points)),
        points: points.map((point) => {
          const { delivered, failed, deadLetters, replays, durationMsP50, durationMsP95 } = shown(point);
          return {
            at: point.at.toISOString(),
            delivered,
            failed,
            deadLetters,
            replays,
            durationMsP50,
            durationMsP95,
          };
        }),
      }));
      const size = ({ total }: (typeof series)[number]) => total.delivered + total.failed + total.deadLetters;
      return { series: series.sort((a, b) => size(b) - size(a)).slice(0, seriesMax) };
    },
  };
}

export type Outcomes = ReturnType<typeof createOutcomes>;
