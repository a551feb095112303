import { endpointSettings } from "@wheelhouse/shared/webhooks/endpoint-settings.ts";
import { sql } from "kysely";
import type { Database } from "#lib/postgres/postgres.ts";
import type { Clock } from "#lib/time/clock.ts";
import type { BreakerSettings, Breakers, BreakerView } from "../breaker.ts";
import { latencyOfBucket } from "./figures.ts";

/** Delivery figures of one organization on Overview. Ratios are 0–1, null without data. */
export type WebhookStatistics = {
  /** Successful attempts per second over the last minute. */
  deliveredPerSecond: number;
  /** All attempts per second over the last minute. */
  attemptsPerSecond: number;
  /** Share of failed attempts over the last minute. */
  errorRatio: number | null;
  /** Over the answered attempts of the last minute. */
  durationMsP95: number | null;
  deadLetters: number;
  /** Deliveries waiting for an attempt, first or later. */
  pending: number;
  endpoints: number;
  /** Share of deliveries ended in the last hour that needed only one attempt. */
  firstAttemptSuccessRatio: number | null;
  breakers: readonly {
    endpointId: string;
    name: string;
    state: BreakerView["state"];
    /** When the state began; null while closed. */
    since: string | null;
    nextProbeAt: string | null;
    /** Over the last minute's attempts; null without attempts. */
    failureRatio: number | null;
    attemptsPerMinute: number;
    failedPerMinute: number;
    /** Over the last minute's answers; null without any. */
    latencyMsP50: number | null;
    latencyMsP95: number | null;
    /** Failures in a row that open it, and the wait before a probe. */
    failuresToOpen: number;
    coolDownMs: number;
    /** When it will be disabled for failing, once half of that time has passed; null otherwise. */
    disablesAt: string | null;
  }[];
};

type FigureRow = {
  org_id: string;
  endpoint_id: string;
  success: boolean;
  bucket: number | null;
  minute: number;
  hour_first: number;
  hour_final: number;
};
type EndpointRow = {
  id: string;
  org_id: string;
  name: string;
  enabled: boolean;
  settings: unknown;
  failing_since: Date | null;
  warned_percent: number;
};
type CountRow = { org_id: string; status: string; count: number };

const iso = (ms: number | null) => (ms === null ? null : new Date(ms).toISOString());

function percentile(counts: ReadonlyMap<number, number>, share: number): number | null {
  const total = [...counts.values()].reduce((sum, count) => sum + count, 0);
  if (total === 0) return null;
  let seen = 0;
  for (const bucket of [...counts.keys()].sort((a, b) => a - b)) {
    seen += counts.get(bucket) ?? 0;
    if (seen >= share * total) return Math.round(latencyOfBucket(bucket));
  }
  return null;
}

/**
 * Reads the figures of all organizations in three short queries over small tables, run together.
 * @returns one entry per requested organization, even without data.
 */
export function createStatistics(
  database: Database,
  breakers: Breakers,
  defaults: BreakerSettings,
  clock: Clock,
) {
  return async (organizationIds: readonly string[]): Promise<ReadonlyMap<string, WebhookStatistics>> => {
    const now = clock.now();
    const [figures, endpoints, counts] = await Promise.all([
      sql<FigureRow>`
        with hour as (
          select *, at > ${new Date(now - 60_000)}::timestamptz as recent from webhook_figures
          where at > ${new Date(now - 3_600_000)}::timestamptz
        )
        select org_id, endpoint_id, success, case when recent then latency_bucket end as bucket,
          coalesce(sum(count) filter (where recent), 0)::int as minute,
          coalesce(sum(count) filter (where success and first_attempt), 0)::int as hour_first,
          coalesce(sum(count) filter (where final), 0)::int as hour_final
        from hour group by 1, 2, 3, 4
      `.execute(database.system),
      sql<EndpointRow>`
        select id, org_id, name, enabled, settings, failing_since, warned_percent from webhook_endpoints where deleted_at is null
      `.execute(database.system),
      sql<CountRow>`
        select org_id, status, sum(delta)::bigint as count from webhook_counts group by org_id, status
      `.execute(database.system),
    ]);

    return new Map(
      organizationIds.map((id) => [
        id,
        statisticsOf(
          id,
          { figures: figures.rows, endpoints: endpoints.rows, counts: counts.rows },
          breakers,
          defaults,
        ),
      ]),
    );
  };
}

type Read = { figures: readonly FigureRow[]; endpoints: readonly EndpointRow[]; counts: readonly CountRow[] };

/** Sums of one organization's attempts, with those of the last minute by latency and endpoint. */
function attemptsOf(own: readonly FigureRow[]) {
  const latencies = new Map<number, number>();
  const byEndpoint = new Map<string, { all: number; failed: number; latencies: Map<number, number> }>();
  let all = 0;
  let failed = 0;
  let first = 0;
  let final = 0;
  for (const row of own) {
    all += row.minute;
    if (!row.success) failed += row.minute;
    first += row.hour_first;
    final += row.hour_final;
    const endpoint = byEndpoint.get(row.endpoint_id) ?? { all: 0, failed: 0, latencies: new Map() };
    if (row.bucket !== null && row.bucket >= 0)
      for (const counted of [latencies, endpoint.latencies])
        counted.set(row.bucket, (counted.get(row.bucket) ?? 0) + row.minute);
    endpoint.all += row.minute;
    if (!row.success) endpoint.failed += row.minute;
    byEndpoint.set(row.endpoint_id, endpoint);
  }
  return { latencies, byEndpoint, all, failed, first, final };
}

function statisticsOf(
  organizationId: string,
  { figures, endpoints, counts }: Read,
  breakers: Breakers,
  defaults: BreakerSettings,
): WebhookStatistics {
  const own = figures.filter((row) => row.org_id === organizationId);
  const { latencies, byEndpoint, all, failed, first, final } = attemptsOf(own);
  const countOf = (...statuses: string[]) =>
    counts
      .filter((row) => row.org_id === organizationId && statuses.includes(row.status))
      .reduce((sum, row) => sum + row.count, 0);
  const ownEndpoints = endpoints.filter((row) => row.org_id === organizationId);
  return {
    deliveredPerSecond: (all - failed) / 60,
    attemptsPerSecond: all / 60,
    errorRatio: all === 0 ? null : failed / all,
    durationMsP95: percentile(latencies, 0.95),
    deadLetters: countOf("dead_letter"),
    pending: countOf("pending", "failed"),
    endpoints: ownEndpoints.length,
    firstAttemptSuccessRatio: final === 0 ? null : first / final,
    breakers: ownEndpoints
      .filter(({ enabled }) => enabled)
      .map((endpoint) => breakerOf(endpoint, byEndpoint.get(endpoint.id), breakers, defaults)),
  };
}

type Attempts = { all: number; failed: number; latencies: ReadonlyMap<number, number> };

function breakerOf(
  { id, name, settings: stored, failing_since: failingSince, warned_percent: warned }: EndpointRow,
  attempts: Attempts | undefined,
  breakers: Breakers,
  defaults: BreakerSettings,
): WebhookStatistics["breakers"][number] {
  const view = breakers.view(id);
  const settings = endpointSettings.parse(stored);
  const { failures, coolDownMs } = settings.breaker ?? defaults;
  const { all = 0, failed = 0, latencies = new Map<number, number>() } = attempts ?? {};
  return {
    endpointId: id,
    name,
    state: view.state,
    since: iso(view.sinceMs),
    nextProbeAt: iso(view.nextProbeAtMs),
    failureRatio: all === 0 ? null : failed / all,
    attemptsPerMinute: all,
    failedPerMinute: failed,
    latencyMsP50: percentile(latencies, 0.5),
    latencyMsP95: percentile(latencies, 0.95),
    failuresToOpen: failures,
    coolDownMs,
    disablesAt:
      warned > 0 && failingSince !== null && settings.disableAfterMs !== null
        ? iso(failingSince.getTime() + settings.disableAfterMs)
        : null,
  };
}
