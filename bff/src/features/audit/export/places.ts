import type { AuditExportFormat } from "@wheelhouse/shared/audit/export.ts";
import type pg from "pg";
import { z } from "zod";
import type { Database } from "#lib/postgres/postgres.ts";
import type { AuditFilter } from "../reading/reading.ts";
import { type ChainRange, storedBlockSize, storedTimesStatement, timesStatement } from "./copy.ts";
import type { ExportStand } from "./resume.ts";

/** Events joined and sorted at once: a small range stays in the CPU cache, which halves the time. */
const rangeSize = 16 * storedBlockSize;
/** Stored blocks are only copied, so larger ranges are cheap. */
const keptRangeSize = 64 * storedBlockSize;
/** A text filter queries its index once per range. */
const textRangeSize = 80 * storedBlockSize;
const keptRow = z.object({ id: z.string(), first: z.number().nullable(), last: z.number().nullable() });
const boundsRow = z.object({ first: z.date().nullable(), last: z.date().nullable() });

type Asked = {
  format: AuditExportFormat;
  stand: ExportStand;
  organizationIds: readonly string[];
  filter: AuditFilter;
};
/** `kept`: its lines are stored, to be sent as they are, or to be picked from. */
export type Place = ChainRange & { kept: "whole" | "picked" | null };

/**
 * Ranges of the chains, newest first within each. Stored blocks have no gaps: they are sent to exports that are
 * filtered by time only, and a filtered CSV picks its lines from them.
 */
export async function placesOf(
  client: pg.PoolClient,
  { stand, organizationIds, filter, format }: Asked,
): Promise<Place[]> {
  const way = onlyTime(filter) ? "whole" : format === "csv" ? "picked" : null;
  const kept = way === null ? undefined : await keptOf(client, organizationIds, columnOf(way, format));
  const size = filter.q === undefined ? rangeSize : textRangeSize;
  return stand.chains.flatMap(([organizationId, head]) => {
    const { afterSeq, toSeq } = kept?.get(organizationId) ?? { afterSeq: 0, toSeq: 0 };
    const places = (from: number, to: number, step: number, how: Place["kept"]) =>
      Array.from({ length: Math.ceil((to - from) / step) }, (_, index) => {
        const end = to - index * step;
        return { organizationId, afterSeq: Math.max(from, end - step), toSeq: end, kept: how };
      });
    // A resumed export ends where the original did, even if more blocks were stored since.
    const end = Math.min(toSeq, head - (head % storedBlockSize));
    return [
      ...places(end, head, size, null),
      ...places(afterSeq, end, way === "whole" ? keptRangeSize : size, way),
      ...places(0, Math.min(afterSeq, end), size, null),
    ];
  });
}

type StoredColumn = "ndjson" | "csv_rows" | "csv_ends";
const columnOf = (way: "whole" | "picked", format: AuditExportFormat): StoredColumn =>
  way === "picked" ? "csv_ends" : format === "csv" ? "csv_rows" : "ndjson";

/** Event numbers whose blocks have this column, by organization. */
async function keptOf(client: pg.PoolClient, organizationIds: readonly string[], column: StoredColumn) {
  const isStored = column === "ndjson" ? "" : `and b.${column} is not null`;
  const { rows } = await client.query(
    `select o.id, (select min(b.number) from audit_blocks b where b.org_id = o.id ${isStored}) as first,
       (select max(b.number) from audit_blocks b where b.org_id = o.id ${isStored}) as last
     from unnest($1::uuid[]) as o (id)`,
    [[...organizationIds]],
  );
  return new Map(
    rows
      .map((row) => keptRow.parse(row))
      .flatMap(({ id, first, last }) =>
        first === null || last === null
          ? []
          : [[id, { afterSeq: first * storedBlockSize, toSeq: (last + 1) * storedBlockSize }] as const],
      ),
  );
}

type Times = { first: Date; last: Date };

/** Undefined if the range is empty. */
export async function timesOf(
  client: pg.PoolClient,
  database: Database,
  place: Place,
): Promise<Times | undefined> {
  const statement =
    place.kept !== null ? storedTimesStatement(database, place) : timesStatement(database, place);
  const { first, last } = boundsRow.parse((await client.query(statement)).rows[0]);
  return first && last ? { first, last } : undefined;
}

const onlyTime = ({ from, to, ...others }: AuditFilter) =>
  Object.values(others).every((value) => value === undefined);

export const isOutside = ({ first, last }: Times, { from, to }: AuditFilter) =>
  (from !== undefined && last.getTime() < Date.parse(from)) ||
  (to !== undefined && first.getTime() >= Date.parse(to));

export const isInside = ({ first, last }: Times, { from, to }: AuditFilter) =>
  (from === undefined || first.getTime() >= Date.parse(from)) &&
  (to === undefined || last.getTime() < Date.parse(to));
