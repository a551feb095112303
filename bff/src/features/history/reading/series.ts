import type { HistorySeries } from "@wheelhouse/shared/history.ts";
import { sql } from "kysely";
import { z } from "zod";
import { invalidField } from "#lib/http/errors.ts";
import type { Database } from "#lib/postgres/postgres.ts";
import type { NamedCache } from "#lib/redis/own-caches.ts";
import type { Clock } from "#lib/time/clock.ts";
import { finest, monthsKeptMs } from "../times.ts";
import { mergeSeries, planSeries, type SeriesPart } from "./series-steps.ts";

const values = z.array(z.number().nullable());
const partRow = z.object({
  metric: z.string(),
  stepMs: z.number(),
  startsAtMs: z.number(),
  means: values,
  mins: values,
  maxs: values,
});

const mostMetrics = 12;

export type SeriesRequest = {
  kind: string;
  id: string;
  metrics: readonly string[];
  from: string;
  to: string;
};

/**
 * A range in milliseconds. @throws AppError that names the field when it is empty, or longer than history is
 * kept.
 */
export function rangeOf({ from, to }: { from: string; to: string }) {
  const [fromMs, toMs] = [Date.parse(from), Date.parse(to)];
  if (toMs <= fromMs) throw invalidField("query.to", "must be after `from`");
  if (toMs - fromMs > monthsKeptMs) throw invalidField("query.from", "must be at most 13 months before `to`");
  return { fromMs, toMs };
}

/** Completed ranges are cached longer than those still growing. */
const settledTtlMs = 300_000;
const growingTtlMs = finest.stepMs;

/**
 * Reads figures in one statement that slices the stored arrays. All viewers of one chart ask the same within
 * a step, so `cache` serves most of them; without it, each read queries Postgres.
 */
export function createSeriesReader({
  database,
  clock,
  cache = (_of, load) => load(),
}: {
  database: Database;
  clock: Clock;
  cache?: NamedCache;
}) {
  return async (organizationId: string, request: SeriesRequest): Promise<HistorySeries> => {
    const { kind, id, metrics } = request;
    const { fromMs, toMs } = rangeOf(request);
    if (metrics.length === 0 || metrics.length > mostMetrics)
      throw invalidField("query.metrics", `must name 1 to ${mostMetrics} figures`);
    const plan = planSeries(fromMs, toMs, clock.now());
    const { firstMs, stepMs, count } = plan;
    const isSettled = clock.now() - toMs > 2 * finest.chunkMs;
    return cache(
      {
        key: [kind, organizationId, firstMs, stepMs, count, metrics.join(), id].join(":"),
        tags: [kind],
        ttlMs: isSettled ? settledTtlMs : growingTtlMs,
      },
      () => readPlanned(organizationId, request, plan),
    );
  };

  async function readPlanned(
    organizationId: string,
    { kind, id, metrics }: SeriesRequest,
    plan: ReturnType<typeof planSeries>,
  ): Promise<HistorySeries> {
    const { level, firstMs, stepMs, count } = plan;
    const iso = (ms: number) => new Date(ms).toISOString();
    const until = iso(firstMs + count * stepMs);
    // Data that is not summed up yet is not older than this.
    const fineSince = iso(Math.max(firstMs, clock.now() - finest.keepMs) - finest.chunkMs);
    const { rows } = await database.asOrganizations([organizationId], (tx) =>
      sql`
        with chunks as (
          select step_s, starts_at, metrics, means, mins, maxs from history_chunks
          where org_id = ${organizationId} and kind = ${kind} and entity = ${id}
            and ((step_s = ${level.stepMs / 1000}::int and starts_at > ${iso(firstMs - level.chunkMs)})
              or (step_s = 10 and starts_at > ${fineSince}))
            and starts_at < ${until}
          union all
          select 10, starts_at, metrics, means, '{}', '{}' from history_open
          where org_id = ${organizationId} and kind = ${kind} and entity = ${id}
            and starts_at > ${fineSince} and starts_at < ${until}
        )
        select wanted.metric, c.step_s * 1000 as "stepMs", (extract(epoch from c.starts_at) * 1000)::float8 as "startsAtMs",
          c.means[(place - 1) * each + 1 : place * each] as means,
          c.mins[(place - 1) * each + 1 : place * each] as mins,
          c.maxs[(place - 1) * each + 1 : place * each] as maxs
        from chunks c cross join unnest(${[...metrics]}::text[]) as wanted (metric)
        cross join lateral (select array_position(c.metrics, wanted.metric) as place,
          cardinality(c.means) / greatest(cardinality(c.metrics), 1) as each) as at
        where place is not null`.execute(tx),
    );
    const parts = new Map<string, SeriesPart[]>(metrics.map((metric) => [metric, []]));
    for (const row of rows) {
      const { metric, ...part } = partRow.parse(row);
      parts.get(metric)?.push(part);
    }
    const hasExtremes = stepMs > finest.stepMs;
    return {
      kind,
      id,
      from: iso(firstMs),
      stepMs,
      series: [...parts].map(([metric, found]) => {
        const merged = mergeSeries(found, plan);
        return {
          metric,
          values: merged.values,
          percentiles: merged.percentiles,
          mins: hasExtremes ? merged.mins : null,
          maxs: hasExtremes ? merged.maxs : null,
        };
      }),
    };
  }
}
