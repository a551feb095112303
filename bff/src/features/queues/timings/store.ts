import { sql, type Transaction } from "kysely";
import type { Tables } from "#database/tables.ts";
import type { Database } from "#lib/postgres/postgres.ts";
import type { NameTimings } from "./durations.ts";
import type { Percentiles } from "./sketch.ts";

export type StoredTimings = { organizationId: string; queue: string; names: readonly NameTimings[] };

const percentilesOf = (p50: number | null, p95: number | null, p99: number | null): Percentiles | null =>
  p50 === null || p95 === null || p99 === null ? null : { p50, p95, p99 };

/** Writes the times of these queues, each name once. */
export async function keepTimings(tx: Transaction<Tables>, queues: readonly StoredTimings[], nowMs: number) {
  const rows = queues.flatMap(({ organizationId, queue, names }) =>
    names.map(({ name, jobs, wait, run }) => ({
      org_id: organizationId,
      queue,
      name,
      jobs,
      wait_p50_ms: wait?.p50 ?? null,
      wait_p95_ms: wait?.p95 ?? null,
      wait_p99_ms: wait?.p99 ?? null,
      run_p50_ms: run?.p50 ?? null,
      run_p95_ms: run?.p95 ?? null,
      run_p99_ms: run?.p99 ?? null,
    })),
  );
  if (rows.length === 0) return;
  await sql`
    insert into job_timings as t
    select j.*, ${new Date(nowMs)}::timestamptz from jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) as j (
      org_id uuid, queue text, name text, jobs int, wait_p50_ms int, wait_p95_ms int, wait_p99_ms int,
      run_p50_ms int, run_p95_ms int, run_p99_ms int)
    on conflict (org_id, queue, name) do update set jobs = excluded.jobs, wait_p50_ms = excluded.wait_p50_ms,
      wait_p95_ms = excluded.wait_p95_ms, wait_p99_ms = excluded.wait_p99_ms, run_p50_ms = excluded.run_p50_ms,
      run_p95_ms = excluded.run_p95_ms, run_p99_ms = excluded.run_p99_ms, observed_at = excluded.observed_at
  `.execute(tx);
}

/** Forgets names that have had no job for a day. */
export const forgetTimings = (database: Database) =>
  sql`delete from job_timings where observed_at < now() - interval '1 day'`.execute(database.system);

/** Times of a queue by name, most jobs first; those that were written since `sinceMs`. */
export async function readTimings(
  database: Database,
  organizationId: string,
  queue: string,
  sinceMs: number,
) {
  const rows = await database.asOrganizations([organizationId], (tx) =>
    tx
      .selectFrom("job_timings")
      .selectAll()
      .where("queue", "=", queue)
      .where("observed_at", ">=", new Date(sinceMs))
      .where("jobs", ">", 0)
      .orderBy("jobs", "desc")
      .orderBy("name")
      .limit(50)
      .execute(),
  );
  const observedAt = rows.map(({ observed_at }) => observed_at.toISOString()).sort();
  return {
    observedAt: observedAt.at(-1) ?? null,
    names: rows.map((row) => ({
      name: row.name,
      jobs: row.jobs,
      wait: percentilesOf(row.wait_p50_ms, row.wait_p95_ms, row.wait_p99_ms),
      run: percentilesOf(row.run_p50_ms, row.run_p95_ms, row.run_p99_ms),
    })),
  };
}
