import { type AuditExportFormat, csvTrailerMark } from "@wheelhouse/shared/audit-export.ts";
import { type RawBuilder, sql } from "kysely";
import pg from "pg";
import type { Database } from "#lib/postgres.ts";

export type CopyRange = { afterSeq: number; toSeq: number; from: string; to: string };

/** So many lines travel as one: a message of the protocol for each would cost more than making it. */
const linesPerBlock = 64;

/**
 * COPY of the matching events between two numbers of an organization's chain, the greatest first. Ranges keep sorting
 * small and in memory, however long the trail is. `conditions` speak of a row `e` of audit_events. NDJSON comes in
 * blocks (audit-export-blocks.ts), CSV as it is.
 */
export function copyStatement(
  database: Database,
  format: AuditExportFormat,
  range: CopyRange,
  conditions: readonly RawBuilder<unknown>[],
): string {
  const where = within(range, conditions);
  const statement =
    format === "ndjson"
      ? sql`
          select count(*)::int4, string_agg(${ndjsonLine}, '' order by c.seq desc)
          from audit_chain c join audit_events e on e.id = c.audit_id and e.org_id = c.org_id
          where ${where}
          group by (${range.toSeq} - c.seq) / ${linesPerBlock}
          order by (${range.toSeq} - c.seq) / ${linesPerBlock}`
      : sql`
          select ${csvCells}
          from audit_chain c join audit_events e on e.id = c.audit_id and e.org_id = c.org_id
            cross join lateral (select e.content::jsonb as j offset 0) d
            cross join lateral (${csvTexts} offset 0) t
          where ${where}
          order by c.seq desc`;
  return `copy (${withLiterals(statement, database)}) to stdout (${formatOptions[format]})`;
}

/** Smallest and greatest number that the same statement gives. */
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

const formatOptions: Record<AuditExportFormat, string> = { ndjson: "format binary", csv: "format csv" };

// Keys in the order of `exportedAuditLine`; the content is JSON already, and goes out as it is stored.
const ndjsonLine = sql`
  '{"seq":' || c.seq || ',"prev":"' || encode(c.prev, 'hex') || '","hash":"' || encode(c.hash, 'hex')
    || '","content":' || e.content || E'}\n'`;

/** A cell that a spreadsheet would take for a formula gets an apostrophe in front, also with full-width signs. */
const cell = (text: RawBuilder<unknown>) => sql`
  case when ascii(${text}) in (61, 43, 45, 64, 9, 10, 13, 65309, 65291, 65293, 65312) then '''' || (${text}) else ${text} end`;

// Each taken out once, though a cell looks at it twice.
const csvTexts = sql`
  select d.j #>> '{organization,name}' as organization, d.j #>> '{actor,authMethod}' as auth_method,
    case when jsonb_array_length(d.j -> 'targets') = 1 then d.j #>> '{targets,0,name}'
      else (select string_agg(t ->> 'name', ', ') from jsonb_array_elements(d.j -> 'targets') t) end as targets,
    d.j ->> 'reason' as reason, d.j ->> 'before' as before, d.j ->> 'after' as after, d.j ->> 'address' as address,
    d.j ->> 'requestId' as request`;

const csvColumns: readonly [name: string, value: RawBuilder<unknown>][] = [
  ["event", sql`c.seq`],
  ["time", sql`to_char(e.recorded_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`],
  ["organization", cell(sql`t.organization`)],
  ["actor", cell(sql`e.actor_display`)],
  ["actor type", sql`e.actor_type`],
  ["actor id", cell(sql`e.actor_id`)],
  ["authenticated by", cell(sql`t.auth_method`)],
  ["action", cell(sql`e.action`)],
  ["outcome", sql`e.outcome`],
  ["targets", cell(sql`t.targets`)],
  ["reason", cell(sql`t.reason`)],
  ["before", cell(sql`t.before`)],
  ["after", cell(sql`t.after`)],
  ["address", cell(sql`t.address`)],
  ["request", cell(sql`t.request`)],
  ["id", sql`e.id`],
  ["hash", sql`encode(c.hash, 'hex')`],
];
const csvCells = sql.join(csvColumns.map(([, value]) => value));

export const headOf: Record<AuditExportFormat, string> = {
  ndjson: "",
  csv: `${csvColumns.map(([name]) => name).join(",")}\n`,
};

/** Last line of a CSV export. */
export const csvTrailer = (rows: number, sha256: string) => `${csvTrailerMark},${rows},${sha256}\n`;

/** COPY takes no parameters, so they are written into the statement, each quoted by the driver. */
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
