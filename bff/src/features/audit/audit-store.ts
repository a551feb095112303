import type { AuditEvent } from "@wheelhouse/shared/audit.ts";
import { sql, type Transaction } from "kysely";
import { z } from "zod";
import type { Database } from "#lib/postgres.ts";
import type { Tables } from "#lib/tables.ts";
import { toAuditEvent } from "./audit-row.ts";

export type AuditFilter = {
  actor?: string[] | undefined;
  action?: string[] | undefined;
  target?: string | undefined;
  outcome?: string[] | undefined;
  from?: string | undefined;
  to?: string | undefined;
  q?: string | undefined;
};

/** Place in a list, newest first: the last row that was shown. */
export type AuditPlace = { recordedAt: string; id: string };

const listTimeoutMs = 5_000;
// Postgres keeps microseconds, a Date milliseconds: events are recorded to the millisecond, so nothing is lost.
const listedRow = z.object({
  content: z.string(),
  seq: z.number().nullable(),
  id: z.string(),
  recordedAt: z.date(),
});

/** Reads the trail of the organizations it is given; row-level security holds on each statement. */
export function createAuditStore({ database }: { database: Database }) {
  const reading = <T>(organizationIds: readonly string[], work: (tx: Transaction<Tables>) => Promise<T>) =>
    database.asOrganizations(organizationIds, async (tx) => {
      await sql`select set_config('statement_timeout', ${String(listTimeoutMs)}, true)`.execute(tx);
      return work(tx);
    });

  return {
    /** Events after `place`, newest first, at most `limit`. */
    async list(
      organizationIds: readonly string[],
      filter: AuditFilter,
      place: AuditPlace | undefined,
      limit: number,
    ) {
      const found =
        filter.q !== undefined || filter.target !== undefined
          ? searched(organizationIds, filter, place, limit)
          : browsed(organizationIds, filter, place, limit);
      const { rows } = await reading(organizationIds, (tx) =>
        sql`
          with found as materialized (${found})
          select e.content, c.seq, e.id, e.recorded_at as "recordedAt"
          from found join audit_events e using (id, recorded_at) left join audit_chain c on c.audit_id = e.id
          order by e.recorded_at desc, e.id desc
        `.execute(tx),
      );
      return rows.map((row) => {
        const { content, seq, id, recordedAt } = listedRow.parse(row);
        return { event: toAuditEvent(content, seq), place: { id, recordedAt: recordedAt.toISOString() } };
      });
    },

    /** One event with its link and the next one's hash; undefined when these organizations have none of this id. */
    async read(organizationIds: readonly string[], id: string) {
      return reading(organizationIds, async (tx) => {
        const link = await tx
          .selectFrom("audit_chain")
          .selectAll()
          .where("audit_id", "=", id)
          .executeTakeFirst();
        if (!link) return undefined;
        const event = await tx
          .selectFrom("audit_events")
          .select("content")
          .where("id", "=", id)
          .where("recorded_at", "=", link.recorded_at)
          .executeTakeFirst();
        if (!event) return undefined;
        const next = await tx
          .selectFrom("audit_chain")
          .select("hash")
          .where("org_id", "=", link.org_id)
          .where("seq", "=", link.seq + 1)
          .executeTakeFirst();
        return {
          ...toAuditEvent(event.content, link.seq),
          proof: {
            contentHash: link.content_hash.toString("hex"),
            previousHash: link.prev.toString("hex"),
            hash: link.hash.toString("hex"),
            nextHash: next?.hash.toString("hex") ?? null,
          },
        };
      });
    },

    /** Committed events by id, newest first, for the live list; ids of other organizations are left out. */
    async byIds(organizationId: string, ids: readonly string[]): Promise<AuditEvent[]> {
      if (ids.length === 0) return [];
      const rows = await reading([organizationId], (tx) =>
        tx
          .selectFrom("audit_chain")
          .innerJoin("audit_events", (join) =>
            join
              .onRef("audit_events.id", "=", "audit_chain.audit_id")
              .onRef("audit_events.recorded_at", "=", "audit_chain.recorded_at"),
          )
          .select(["audit_events.content", "audit_chain.seq"])
          .where("audit_chain.audit_id", "in", [...ids])
          .orderBy("audit_chain.seq", "desc")
          .execute(),
      );
      return rows.map(({ content, seq }) => toAuditEvent(content, seq));
    },

    /** Makes missing partitions; without one for the month no change can be recorded, so none is made. */
    async makePartitions(monthsAhead: number) {
      await sql`select wheelhouse.make_audit_partitions(${monthsAhead})`.execute(database.system);
    },
  };
}
export type AuditStore = ReturnType<typeof createAuditStore>;

/**
 * One walk along an index per organization and wanted value, merged: each walk is ordered and ends after `limit` rows
 * (0.7 ms of 300 000 events), whereas `= any (…)` would read and sort everything that matches (4 000 pages).
 */
function browsed(
  organizationIds: readonly string[],
  filter: AuditFilter,
  place: AuditPlace | undefined,
  limit: number,
) {
  const walked = walkedBy(filter);
  const conditions = [sql`e.org_id = wanted.org_id`];
  if (walked) conditions.push(sql`${sql.ref(walked.column)} = wanted.value`);
  // Word for word the condition of the index over refused acts.
  if (walked?.column === "e.outcome") conditions.push(sql`e.outcome <> 'success'`);
  if (filter.actor && walked?.column !== "e.actor_id")
    conditions.push(
      sql`(e.actor_id = any (${filter.actor}::text[]) or e.actor_display = any (${filter.actor}::text[]))`,
    );
  if (filter.action && walked?.column !== "e.action")
    conditions.push(sql`e.action = any (${filter.action}::text[])`);
  if (filter.outcome && walked?.column !== "e.outcome")
    conditions.push(sql`e.outcome = any (${filter.outcome}::text[])`);
  if (filter.from) conditions.push(sql`e.recorded_at >= ${filter.from}::timestamptz`);
  if (filter.to) conditions.push(sql`e.recorded_at < ${filter.to}::timestamptz`);
  if (place)
    conditions.push(sql`(e.recorded_at, e.id) < (${place.recordedAt}::timestamptz, ${place.id}::uuid)`);
  return sql`
    select newest.id, newest.recorded_at
    from (
      select org_id, value from unnest(${[...organizationIds]}::uuid[]) as o (org_id),
        unnest(${walked?.values ?? [""]}::text[]) as v (value)
    ) wanted
    cross join lateral (
      select e.id, e.recorded_at from audit_events e where ${sql.join(conditions, sql` and `)}
      order by e.recorded_at desc, e.id desc limit ${limit}
    ) newest
    order by newest.recorded_at desc, newest.id desc limit ${limit}`;
}

/** The filter that picks the index; the others are checked along the way. Values are distinct: each gives rows once. */
function walkedBy({ actor, action, outcome }: AuditFilter) {
  // An actor given by name may be many ids, which only a check finds.
  if (actor?.every(isId)) return { column: "e.actor_id", values: [...new Set(actor)] };
  if (action) return { column: "e.action", values: [...new Set(action)] };
  if (outcome && !outcome.includes("success")) return { column: "e.outcome", values: [...new Set(outcome)] };
  return undefined;
}

function searched(
  organizationIds: readonly string[],
  { actor, action, outcome, ...filter }: AuditFilter,
  place: AuditPlace | undefined,
  limit: number,
) {
  const asked = JSON.stringify({
    ...filter,
    organizations: organizationIds,
    actors: actor,
    actions: action,
    outcomes: outcome,
  });
  return sql`
    select id, recorded_at from wheelhouse.search_audit(
      ${asked}::jsonb, ${place?.recordedAt ?? null}::timestamptz, ${place?.id ?? null}::uuid, ${limit})`;
}

const isId = (text: string) => /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(text);
