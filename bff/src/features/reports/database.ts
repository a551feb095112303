import type { DatabaseReport } from "@wheelhouse/shared/reports.ts";
import { formatSpan } from "@wheelhouse/shared/span.ts";
import { sql } from "kysely";
import type { Database } from "#lib/postgres/postgres.ts";

const listedMax = 30;
const statementsMax = 20;
const textMax = 300;

const iso = (at: Date | null) => at?.toISOString() ?? null;

/** Sizes, dead rows, unused indexes and slow statements of Wheelhouse's own database. */
export async function readDatabaseStatistics({ system }: Pick<Database, "system">): Promise<DatabaseReport> {
  const { rows: server } = await sql<{ version: string; size: number; since: Date | null }>`
    select current_setting('server_version') as version, pg_database_size(current_database()) as size,
      (select stats_reset from pg_stat_database where datname = current_database()) as since`.execute(system);
  // Partitions count for their table.
  const { rows: tables } = await sql<{
    name: string;
    size: number;
    rows: number;
    dead: number;
    partitions: number;
    vacuumed: Date | null;
  }>`
    select coalesce(p.relname, c.relname) as name, sum(pg_total_relation_size(c.oid))::int8 as size,
      sum(greatest(c.reltuples, 0))::int8 as rows, coalesce(sum(s.n_dead_tup), 0)::int8 as dead,
      count(*) filter (where c.relispartition)::int as partitions,
      max(greatest(s.last_vacuum, s.last_autovacuum)) as vacuumed
    from pg_class c
    join pg_namespace n on n.oid = c.relnamespace and n.nspname = 'wheelhouse'
    left join pg_inherits i on i.inhrelid = c.oid
    left join pg_class p on p.oid = i.inhparent
    left join pg_stat_user_tables s on s.relid = c.oid
    where c.relkind = 'r'
    group by 1 order by 2 desc limit ${listedMax}`.execute(system);
  const { rows: indexes } = await sql<{ name: string; table: string; size: number }>`
    select s.indexrelname as name, s.relname as table, pg_relation_size(s.indexrelid) as size
    from pg_stat_user_indexes s join pg_index i on i.indexrelid = s.indexrelid
    where s.schemaname = 'wheelhouse' and s.idx_scan = 0 and not i.indisunique
    order by 3 desc limit ${listedMax}`.execute(system);
  const [known] = server;
  return {
    version: known?.version ?? "",
    sizeBytes: known?.size ?? 0,
    countedSince: iso(known?.since ?? null),
    tables: tables.map(({ name, size, rows, dead, partitions, vacuumed }) => ({
      name,
      sizeBytes: size,
      rows,
      deadRows: dead,
      partitions,
      lastVacuumAt: iso(vacuumed),
    })),
    unusedIndexes: indexes.map(({ name, table, size }) => ({ name, table, sizeBytes: size })),
    statements: await readStatements(system),
  };
}

/** Null where the extension is not there, or may not be read. */
async function readStatements(system: Database["system"]): Promise<DatabaseReport["statements"]> {
  try {
    const { rows: found } = await sql<{ place: string | null }>`
      select n.nspname as place from pg_extension e join pg_namespace n on n.oid = e.extnamespace
      where e.extname = 'pg_stat_statements'`.execute(system);
    const place = found[0]?.place;
    if (place == null) return null;
    const { rows } = await sql<{ query: string; calls: number; total: number; mean: number }>`
      select left(query, ${textMax}) as query, calls, total_exec_time as total, mean_exec_time as mean
      from ${sql.id(place, "pg_stat_statements")}
      where dbid = (select oid from pg_database where datname = current_database())
      order by total_exec_time desc limit ${statementsMax}`.execute(system);
    return rows.map(({ query, calls, total, mean }) => ({
      text: query,
      calls,
      totalMs: total,
      meanMs: mean,
    }));
  } catch {
    return null;
  }
}

/** What the run says: `18 unused indexes, 212 MiB in all`. */
export const summaryOf = ({ sizeBytes, tables, unusedIndexes, statements }: DatabaseReport): string => {
  const dead = tables.reduce((sum, { deadRows }) => sum + deadRows, 0);
  const slowest = statements?.[0];
  return [
    `${Math.round(sizeBytes / 1_048_576)} MiB`,
    `${dead.toLocaleString("en-GB")} dead rows`,
    `${unusedIndexes.length} unused indexes`,
    slowest === undefined ? "no pg_stat_statements" : `slowest statement ${formatSpan(slowest.totalMs)}`,
  ].join(", ");
};
