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

/** From its first delivery on. */
const everDays = 400;

/** The latest deliveries of an endpoint, a bounded number of rows; what waits and what is dead comes from counters. */
export function createHealthStore(database: Database) {
  return (organizationId: string, endpointId: string, since: Date): Promise<HealthRow> =>
    database.asOrganizations([organizationId], async (tx) => {
      const filter = JSON.stringify({
        organizations: [organizationId],
        endpoints: [endpointId],
        statuses: ["pending", "processing", "failed", "dead_letter"],
      });
      const { rows } = await sql<HealthRow>`
        with counted as materialized (
          select status, count from count_webhook_deliveries(${filter}::jsonb,
            date_trunc('day', now()) - ${everDays} * interval '1 day', date_trunc('day', now()) + interval '1 day', null, false)
        )
        select r.deliveries, r.succeeded, r.p50, r.p95,
          least(${mostCounted}, coalesce((select sum(count) from counted where status <> 'dead_letter'), 0))::int as waiting,
          least(${mostCounted}, coalesce((select sum(count) from counted where status = 'dead_letter'), 0))::int as dead
        from recent_webhook_answers(${organizationId}::uuid, ${endpointId}::uuid, ${since}::timestamptz, ${latest}) r
      `.execute(tx);
      const [row] = rows;
      if (!row) throw new Error("the aggregate has no row");
      return row;
    });
}
