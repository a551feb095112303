import type { JournalKind } from "@wheelhouse/shared/live/history-kinds.ts";
import { sql } from "kysely";
import { z } from "zod";
import { decodeCursor, encodeCursor } from "#lib/http/cursor.ts";
import type { Database } from "#lib/postgres/postgres.ts";
import { rangeOf } from "./series.ts";

export type MovesQuery = {
  kind: JournalKind;
  entity?: string | undefined;
  /** Of the parts, or of things as a whole. */
  ofParts: boolean;
  from: string;
  to: string;
  cursor?: string | undefined;
  limit: number;
};
const movePlace = z.object({ at: z.iso.datetime({ offset: true }), id: z.uuid() });
const moveRow = z.object({
  id: z.uuid(),
  at: z.date(),
  entity: z.string(),
  name: z.string(),
  part: z.string(),
  from: z.string().nullable(),
  state: z.string(),
  failureRatio: z.number().nullable(),
});
const countRow = z.object({ total: z.number() });

/** Stored changes of state within a range, newest first, a page at a time, with their number in the whole range. */
export const createMovesReader =
  ({ database }: { database: Database }) =>
  async (organizationId: string, query: MovesQuery) => {
    const { kind, entity, ofParts, limit } = query;
    const { fromMs, toMs } = rangeOf(query);
    const place = decodeCursor(query.cursor, movePlace);
    const within = sql`org_id = ${organizationId} and kind = ${kind}
      and (${entity ?? null}::text is null or entity = ${entity ?? null})
      and at >= ${new Date(fromMs).toISOString()} and at < ${new Date(toMs).toISOString()}
      and (part <> '') = ${ofParts}::boolean`;
    const [listed, counted] = await database.asOrganizations([organizationId], async (tx) => [
      await sql`select id, at, entity, name, part, from_state as "from", state, failure_ratio as "failureRatio"
        from history_moves where ${within}
          and (${place?.at ?? null}::timestamptz is null or (at, id) < (${place?.at ?? null}, ${place?.id ?? null}::uuid))
        order by at desc, id desc limit ${limit + 1}`.execute(tx),
      await sql`select count(from_state)::int as total from history_moves where ${within}`.execute(tx),
    ]);
    const rows = listed.rows.map((row) => moveRow.parse(row));
    const items = rows.slice(0, limit);
    const last = items.at(-1);
    const isMore = rows.length > limit && last !== undefined;
    const nextCursor = isMore ? encodeCursor({ at: last.at.toISOString(), id: last.id }) : null;
    return { items, nextCursor, total: countRow.parse(counted.rows[0]).total };
  };
