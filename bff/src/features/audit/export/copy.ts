import { type AuditExportFormat, csvTrailerMark } from "@wheelhouse/shared/audit/export.ts";
import { type RawBuilder, sql } from "kysely";
import pg from "pg";
import type { Database } from "#lib/postgres/postgres.ts";

/** Event numbers after `afterSeq`, up to and including `toSeq`. */
export type ChainRange = { organizationId: string; afterSeq: number; toSeq: number };
export type CopyRange = { afterSeq: number; toSeq: number; from: string; to: string };

/** Events per stored block, as in `wheelhouse.build_audit_blocks`. */
export const storedBlockSize = 256;
/** Column of the stored lines. */
const storedColumn = { ndjson: "ndjson", csv: "csv_rows" } as const;
/** Below it, making the lines is faster than unpacking the block. */
const pickedMin = 16;
/** Lines per COPY row, because one protocol message per line would cost more than building it. */
const linesPerBlock = 64;

const lineOf: Record<AuditExportFormat, RawBuilder<unknown>> = {
  ndjson: sql`audit_ndjson_line(c.seq, c.prev, c.hash, e.content)`,
  csv: sql`audit_csv_row(c.seq, c.hash, e.content)`,
};

/**
 * COPY of the matching events between two numbers of an organization's chain, newest first, in blocks of
 * lines (`blocks.ts`). Ranges keep sorting small and in memory, however long the trail is. `conditions` refer
 * to a row `e` of audit_events.
 */
export function copyStatement(
  database: Database,
  format: AuditExportFormat,
  range: CopyRange,
  conditions: readonly RawBuilder<unknown>[],
): string {
  return asCopy(
    database,
    sql`
      select count(*)::int4, string_agg(${lineOf[format]}, '' order by c.seq desc)
      from audit_chain c join audit_events e on e.id = c.audit_id and e.org_id = c.org_id
      where ${within(range, conditions)}
      group by (${range.toSeq} - c.seq) / ${linesPerBlock}
      order by (${range.toSeq} - c.seq) / ${linesPerBlock}`,
  );
}

/**
 * The same as CSV from stored blocks: where many events of a block match, their lines are picked from it, which
 * takes a tenth of the time of making them. The same bytes either way.
 */
export function copyPickedStatement(
  database: Database,
  range: CopyRange & ChainRange,
  conditions: readonly RawBuilder<unknown>[],
): string {
  return asCopy(
    database,
    sql`
      with matching as materialized (
        select c.seq, (c.seq - 1) / ${storedBlockSize} as number, c.hash, e.content
        from audit_chain c join audit_events e on e.id = c.audit_id and e.org_id = c.org_id
        where ${within(range, conditions)})
      select m.lines,
        case when b.number is not null
          then audit_csv_pick(b.csv_rows, b.csv_ends, m.places)
          else convert_to((
            select string_agg(${lineOf.csv}, '' order by c.seq desc)
            from matching c, lateral (select c.content) e where c.number = m.number), 'UTF8') end
      from (
        select number, count(*)::int4 as lines,
          array_agg(((number + 1) * ${storedBlockSize} - seq + 1)::int4) as places
        from matching group by number) m
      left join audit_blocks b on b.org_id = ${range.organizationId}::uuid and b.number = m.number
        and b.csv_ends is not null and m.lines >= ${pickedMin}
      order by m.number desc`,
  );
}

/** The same without conditions, from the stored blocks of the range. */
export function copyStoredStatement(
  database: Database,
  format: AuditExportFormat,
  range: ChainRange,
): string {
  return asCopy(
    database,
    sql`
      select ${storedBlockSize}::int4, b.${sql.ref(storedColumn[format])} from audit_blocks b where ${storedIn(range)}
      order by b.number desc`,
  );
}

/** Times of the oldest and newest event of a range, as `first` and `last`. */
export function timesStatement(database: Database, { organizationId, afterSeq, toSeq }: ChainRange): string {
  const statement = sql`
    select min(c.recorded_at) as first, max(c.recorded_at) as last from audit_chain c
    where c.org_id = ${organizationId}::uuid and c.seq > ${afterSeq} and c.seq <= ${toSeq}`;
  return withLiterals(statement, database);
}

/** The same from the stored blocks of the range. */
export function storedTimesStatement(database: Database, range: ChainRange): string {
  const statement = sql`
    select min(b.first_at) as first, max(b.last_at) as last from audit_blocks b where ${storedIn(range)}`;
  return withLiterals(statement, database);
}

/** Lowest and highest number in the result of the same statement. */
export function endsStatement(
  database: Database,
  range: CopyRange,
  conditions: readonly RawBuilder<unknown>[],
): string {
  const statement = sql`
    select min(c.seq) as first, max(c.seq) as last
    from audit_chain c join audit_events e on e.id = c.audit_id and e.org_id = c.org_id
    where ${within(range, conditions)}`;
  return withLiterals(statement, database);
}

const within = ({ afterSeq, toSeq, from, to }: CopyRange, conditions: readonly RawBuilder<unknown>[]) => sql`
  c.seq > ${afterSeq} and c.seq <= ${toSeq}
    and e.recorded_at between ${from}::timestamptz and ${to}::timestamptz and ${sql.join([...conditions], sql` and `)}`;

const storedIn = ({ organizationId, afterSeq, toSeq }: ChainRange) => sql`
  b.org_id = ${organizationId}::uuid and b.number >= ${afterSeq} / ${storedBlockSize}
    and b.number < ${toSeq} / ${storedBlockSize}`;

/** In the order of `wheelhouse.audit_csv_row`. */
const csvColumns = [
  "event",
  "time",
  "organization",
  "actor",
  "actor type",
  "actor id",
  "authenticated by",
  "action",
  "outcome",
  "targets",
  "target ids",
  "reason",
  "before",
  "after",
  "address",
  "user agent",
  "request",
  "id",
  "hash",
];

/** Without it, Excel decodes UTF-8 with the code page of its machine. */
const byteOrderMark = "\ufeff";

export const headOf: Record<AuditExportFormat, string> = {
  ndjson: "",
  csv: `${byteOrderMark}${csvColumns.join(",")}\n`,
};

/** Last line of a CSV export, with as many cells as the others. */
export const csvTrailer = (rows: number, sha256: string) =>
  `${csvTrailerMark},${rows},${sha256}${",".repeat(csvColumns.length - 3)}\n`;

const asCopy = (database: Database, statement: RawBuilder<unknown>) =>
  `copy (${withLiterals(statement, database)}) to stdout (format binary)`;

/** COPY takes no parameters, so the values become literals, escaped by the driver. */
function withLiterals(statement: RawBuilder<unknown>, database: Database): string {
  const { sql: text, parameters } = statement.compile(database.app);
  return text.replaceAll(/\$(\d+)/g, (_, place: string) => literal(parameters[Number(place) - 1]));
}

function literal(value: unknown): string {
  if (value === null || value === undefined) return "null";
  if (typeof value === "number" || typeof value === "boolean") return String(value);
  if (Array.isArray(value)) return `array[${value.map(literal).join(", ")}]`;
  if (typeof value === "string") return pg.escapeLiteral(value);
  throw new Error(`no literal for ${typeof value}`);
}
