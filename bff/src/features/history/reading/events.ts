import type { JournalEntry } from "@wheelhouse/shared/history.ts";
import { sql } from "kysely";
import { z } from "zod";
import { decodeCursor, encodeCursor } from "#lib/http/cursor.ts";
import type { Database } from "#lib/postgres/postgres.ts";

type JournalFilter = {
  kind?: string[] | undefined;
  subject?: string | undefined;
  from?: string | undefined;
  to?: string | undefined;
  cursor?: string | undefined;
  limit: number;
};
const journalPlace = z.object({ at: z.iso.datetime({ offset: true }), id: z.uuid() });

/** Changes of state, newest first, a page at a time. */
export const createJournalReader =
  ({ database }: { database: Database }) =>
  async (organizationId: string, filter: JournalFilter) => {
    const { kind, subject, from, to, limit } = filter;
    const place = decodeCursor(filter.cursor, journalPlace);
    const rows = await database.asOrganizations([organizationId], (tx) => {
      let query = tx.selectFrom("history_journal").selectAll().where("org_id", "=", organizationId);
      if (kind) query = query.where("kind", "in", kind);
      if (subject !== undefined)
        query = query.where((where) =>
          where.or([where("subject_id", "=", subject), where("subject", "=", subject)]),
        );
      if (from !== undefined) query = query.where("at", ">=", new Date(from));
      if (to !== undefined) query = query.where("at", "<", new Date(to));
      if (place) query = query.where(sql<boolean>`(at, id) < (${place.at}::timestamptz, ${place.id}::uuid)`);
      return query
        .orderBy("at", "desc")
        .orderBy("id", "desc")
        .limit(limit + 1)
        .execute();
    });
    const items = rows.slice(0, limit).map(
      (row): JournalEntry => ({
        id: row.id,
        at: row.at.toISOString(),
        kind: row.kind,
        subjectId: row.subject_id,
        subject: row.subject,
        from: row.from_state,
        to: row.to_state,
        text: row.text,
        cause: row.cause,
      }),
    );
    const last = items.at(-1);
    const nextCursor = rows.length > limit && last ? encodeCursor({ at: last.at, id: last.id }) : null;
    return { items, nextCursor };
  };
