import type { SourceView } from "@wheelhouse/shared/health/health.ts";
import type pg from "pg";
import { z } from "zod";
import type { Clock } from "#lib/time/clock.ts";
import type { ServerReading } from "../rows.ts";

type PostgresFigures = NonNullable<SourceView["postgres"]>;

const timeoutMs = 5_000;
const slowMs = 500;
const longTransactionMs = 5 * 60_000;
const blockedMs = 10_000;
const lagMs = 30_000;
// The query reads the size of every database file, so it does not run in each sample.
const sizeEveryMs = 60_000;
const mostLargest = 5;
/** Number of tables to measure: measuring all would read every file of each. */
const mostMeasured = 40;

const activity = z.object({
  version: z.string(),
  connections: z.number(),
  max_connections: z.number(),
  longest_transaction_ms: z.number().nullable(),
  blocked: z.number(),
  replication_lag_ms: z.number().nullable(),
  is_replica: z.boolean(),
  replicas: z.number(),
});
const named = z.array(z.object({ name: z.string(), sizeBytes: z.number() }));
const sizes = z.object({ size: z.number(), tables: named, indexes: named });
/** What each of two statements sent together returned. */
const answers = z.tuple([z.unknown(), z.object({ rows: z.array(z.unknown()) })]);
type Sizes = z.infer<typeof sizes>;

// Transactions of other sessions are visible only to privileged roles; hidden ones have no start time.
const activitySql = `
  select current_setting('server_version') as version,
         (select count(*)::int from pg_stat_activity where backend_type = 'client backend') as connections,
         current_setting('max_connections')::int as max_connections,
         (select (extract(epoch from max(clock_timestamp() - xact_start)) * 1000)::float8 from pg_stat_activity
           where backend_type = 'client backend' and pid <> pg_backend_pid()) as longest_transaction_ms,
         (select count(*)::int from pg_stat_activity
           where wait_event_type = 'Lock' and clock_timestamp() - query_start > interval '${blockedMs} ms') as blocked,
         case when pg_is_in_recovery() then
           case when pg_last_wal_receive_lsn() = pg_last_wal_replay_lsn() then 0::float8
                else (extract(epoch from clock_timestamp() - pg_last_xact_replay_timestamp()) * 1000)::float8 end
         else (select (extract(epoch from max(replay_lag)) * 1000)::float8 from pg_stat_replication)
         end as replication_lag_ms,
         pg_is_in_recovery() as is_replica,
         (select count(*)::int from pg_stat_replication) as replicas`;

// Measures the tables that are largest by the planner or the statistics: both are in memory, and neither
// alone is current. Shared catalogues belong to no database.
const sizesSql = `
  with candidate as materialized (
    select c.oid, c.oid::regclass::text as name from pg_class c
    where c.relkind in ('r', 'm') and not c.relisshared order by greatest(c.relpages, pg_stat_get_live_tuples(c.oid) / 100) desc
    limit ${mostMeasured}
  ), largest_table as (
    select name, pg_table_size(oid)::float8 as size from candidate order by size desc nulls last limit ${mostLargest}
  ), largest_index as (
    select i.indexrelid::regclass::text as name, pg_relation_size(i.indexrelid)::float8 as size
    from pg_index i join candidate on candidate.oid = i.indrelid
    order by size desc nulls last limit ${mostLargest}
  )
  select pg_database_size(current_database())::float8 as size,
         (select coalesce(json_agg(json_build_object('name', name, 'sizeBytes', size)), '[]')
            from largest_table where size > 0) as tables,
         (select coalesce(json_agg(json_build_object('name', name, 'sizeBytes', size)), '[]')
            from largest_index where size > 0) as indexes`;

/** Samples a Postgres server with one query through the watched pool; sizes once a minute. */
export function createPostgresSource({ pool, clock }: { pool: pg.Pool; clock: Clock }) {
  let known: Sizes = { size: 0, tables: [], indexes: [] };
  let sizeAtMs = Number.NEGATIVE_INFINITY;

  const query = async (text: string) => {
    // The limit travels with its statement, because poolers refuse or drop settings of a connection.
    const bounded = {
      text: `set local statement_timeout = ${timeoutMs}; ${text}`,
      query_timeout: timeoutMs,
    };
    const [, answer] = answers.parse(await pool.query(bounded));
    return answer.rows[0];
  };

  return {
    async sample(): Promise<ServerReading> {
      const startedMs = clock.now();
      const read = activity.parse(await query(activitySql));
      const roundTripMs = clock.now() - startedMs;
      if (clock.now() - sizeAtMs >= sizeEveryMs) {
        known = sizes.parse(await query(sizesSql));
        sizeAtMs = clock.now();
      }
      const figures: PostgresFigures = {
        version: read.version.split(" ")[0] ?? read.version,
        poolSize: pool.options.max ?? pool.totalCount,
        poolIdle: pool.idleCount,
        poolWaiting: pool.waitingCount,
        connections: read.connections,
        maxConnections: read.max_connections,
        databaseSizeBytes: known.size,
        largestTables: known.tables,
        largestIndexes: known.indexes,
        role: read.is_replica ? "replica" : "primary",
        replicas: read.replicas,
        replicationLagMs: read.replication_lag_ms,
        blockedQueries: read.blocked,
        longestTransactionMs: read.longest_transaction_ms,
      };
      const cause = causeOf(figures, roundTripMs);
      const state = cause === null ? "ok" : "degraded";
      return { kind: "postgres", roundTripMs, figures, state, cause, notice: null };
    },
  };
}

function causeOf(figures: PostgresFigures, roundTripMs: number): string | null {
  const { connections, maxConnections, longestTransactionMs, poolWaiting } = figures;
  const { blockedQueries: blocked, replicationLagMs: behindMs } = figures;
  if (connections > 0.9 * maxConnections)
    return `${connections} of ${maxConnections} connections open, threshold 90%`;
  if (longestTransactionMs !== null && longestTransactionMs > longTransactionMs)
    return `Longest transaction open for ${Math.round(longestTransactionMs / 60_000)} m, threshold ${longTransactionMs / 60_000} m`;
  if (blocked > 0)
    return `${blocked === 1 ? "1 query" : `${blocked} queries`} waiting for a lock for more than ${blockedMs / 1_000} s`;
  if (behindMs !== null && behindMs > lagMs)
    return `Replication lag ${Math.round(behindMs / 1_000)} s, threshold ${lagMs / 1_000} s`;
  if (poolWaiting > 0 && roundTripMs > slowMs)
    return `${poolWaiting} callers waiting for a connection; response time ${roundTripMs} ms, threshold ${slowMs} ms`;
  if (roundTripMs > slowMs) return `Response time ${roundTripMs} ms, threshold ${slowMs} ms`;
  return null;
}
