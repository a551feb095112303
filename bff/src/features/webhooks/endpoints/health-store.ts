import { sql } from "kysely";
import type { Database } from "#lib/postgres/postgres.ts";

export type HealthRow = {
  deliveries: number;
  succeeded: number;
  p50: number | null;
  p95: number | null;
  waiting: number;
  dead: number;
};

const latest = 1_000;
const mostCounted = 10_001;

/** The latest deliveries of an endpoint; each part reads a bounded number of rows by index. */
export function createHealthStore(database: Database) {
  return (organizationId: string, endpointId: string, since: Date): Promise<HealthRow> =>
    database.asOrganizations([organizationId], async (tx) => {
      const { rows } = await sql<HealthRow>`
        with recent as materialized (
          select d.id, d.created_at, d.status, d.generation, d.attempts from webhook_delivery_log d
          where d.org_id = ${organizationId}::uuid and d.endpoint_id = ${endpointId}::uuid
            and d.created_at > ${since}::timestamptz and d.attempts > 0
          order by d.created_at desc, d.id desc limit ${latest}
        ), answers as (
          select a.latency_ms from recent r
          join webhook_attempts a on a.delivery_id = r.id and a.delivery_created_at = r.created_at
            and a.generation = r.generation and a.attempt = r.attempts
            and a.delivery_created_at > ${since}::timestamptz
          where a.latency_ms is not null and a.status_code is not null
        ), open as (
          select d.status from webhook_delivery_log d
          where d.org_id = ${organizationId}::uuid and d.endpoint_id = ${endpointId}::uuid
            and d.status in ('pending', 'failed') limit ${mostCounted}
        ), dead as (
          select from webhook_delivery_log d
          where d.org_id = ${organizationId}::uuid and d.endpoint_id = ${endpointId}::uuid
            and d.status = 'dead_letter' limit ${mostCounted}
        )
        select (select count(*) from recent)::int as deliveries,
          (select count(*) from recent where status = 'completed')::int as succeeded,
          (select percentile_disc(0.5) within group (order by latency_ms) from answers) as p50,
          (select percentile_disc(0.95) within group (order by latency_ms) from answers) as p95,
          (select count(*) from open)::int as waiting, (select count(*) from dead)::int as dead
      `.execute(tx);
      const [row] = rows;
      if (!row) throw new Error("the aggregate has no row");
      return row;
    });
}
