import { type Annotation, annotationsMax, type JournalEntry } from "@wheelhouse/shared/history.ts";
import { sql } from "kysely";
import { z } from "zod";
import { decodeCursor, encodeCursor } from "#lib/http/cursor.ts";
import type { Database } from "#lib/postgres/postgres.ts";
import { rangeOf } from "./series.ts";

type JournalFilter = {
  kind?: string[] | undefined;
  subject?: string | undefined;
  from?: string | undefined;
  to?: string | undefined;
  cursor?: string | undefined;
  limit: number;
};
/** An audited change, as a line. */
export type ActLine = { id: string; at: string; text: string; by: string };

const journalPlace = z.object({ at: z.iso.datetime({ offset: true }), id: z.uuid() });

/** The journal, and everything that happened within a range. */
export function createHistoryEvents(deps: {
  database: Database;
  actsBetween(organizationId: string, range: { from: string; to: string }, limit: number): Promise<ActLine[]>;
}) {
  const { database, actsBetween } = deps;

  const journal = async (organizationId: string, filter: JournalFilter) => {
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

  const stateOf = (to: string | null): Annotation["state"] => {
    if (to === null || /^(ok|closed|resumed|all ok)$|^0 of \d+ open/i.test(to)) return null;
    return /down|no worker|^open|^[1-9]\d* of \d+ open|forced/i.test(to) ? "down" : "degraded";
  };

  return {
    journal,
    /**
     * State changes, deployments and, for readers of the audit trail, audited changes; the newest
     * `annotationsMax`.
     */
    async annotations(organizationId: string, range: { from: string; to: string }, mayReadActs: boolean) {
      const { fromMs, toMs } = rangeOf(range);
      const [from, to] = [new Date(fromMs).toISOString(), new Date(toMs).toISOString()];
      const limit = annotationsMax;
      const [changes, deployments, acts] = await Promise.all([
        journal(organizationId, { from, to, limit }),
        database.asOrganizations([organizationId], (tx) =>
          tx
            .selectFrom("deployments")
            .selectAll()
            .where("org_id", "=", organizationId)
            .where("deployed_at", ">=", new Date(from))
            .where("deployed_at", "<", new Date(to))
            .orderBy("deployed_at", "desc")
            .limit(limit + 1)
            .execute(),
        ),
        mayReadActs ? actsBetween(organizationId, { from, to }, limit + 1) : [],
      ]);
      const all: Annotation[] = [
        ...changes.items.map(
          ({ id, at, text, cause, to: state, subject }): Annotation => ({
            id,
            at,
            source: "journal",
            text,
            by: cause,
            state: stateOf(state),
            subject,
          }),
        ),
        ...deployments.map(
          (row): Annotation => ({
            id: row.id,
            at: row.deployed_at.toISOString(),
            source: "deployment",
            state: null,
            text: `${row.service} ${row.version} deployed`,
            by: row.deployed_by,
            subject: row.service,
          }),
        ),
        ...acts.map((act): Annotation => ({ ...act, source: "audit", state: null, subject: null })),
      ].sort((a, b) => b.at.localeCompare(a.at));
      const isCut = changes.nextCursor !== null || all.length > limit;
      return { items: all.slice(0, limit), isCut };
    },
  };
}
