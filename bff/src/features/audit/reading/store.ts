import type { AuditEvent } from "@wheelhouse/shared/audit/audit.ts";
import type { AuditAction } from "@wheelhouse/shared/audit-actions.ts";
import { sql, type Transaction } from "kysely";
import type { Tables } from "#database/tables.ts";
import type { Database } from "#lib/postgres/postgres.ts";
import { type AuditFilter, type AuditPlace, findEvents } from "./find.ts";
import { toAuditEvent } from "./row.ts";

const listTimeoutMs = 5_000;
// Postgres stores microseconds and a Date milliseconds, but events are recorded in milliseconds, so nothing
// is lost.
type ListedRow = { content: string; seq: number | null; id: string; recordedAt: Date };

/** Reads the trail of the given organizations; row-level security applies to each statement. */
export function createAuditStore({ database }: { database: Database }) {
  const reading = <T>(organizationIds: readonly string[], work: (tx: Transaction<Tables>) => Promise<T>) =>
    database.asOrganizations(organizationIds, work, { statementTimeoutMs: listTimeoutMs });

  return {
    /** Events after `place`, newest first, at most `limit`. */
    async list(
      organizationIds: readonly string[],
      filter: AuditFilter,
      place: AuditPlace | undefined,
      limit: number,
    ) {
      const found = findEvents(organizationIds, filter, place, limit, true);
      const { rows } = await reading(organizationIds, (tx) =>
        sql<ListedRow>`
          select f.content, c.seq, f.id, f.recorded_at as "recordedAt"
          from (${found}) f left join audit_chain c on c.audit_id = f.id
          order by f.recorded_at desc, f.id desc
        `.execute(tx),
      );
      return rows.map(({ content, seq, id, recordedAt }) => ({
        event: toAuditEvent(content, seq),
        place: { id, recordedAt: recordedAt.toISOString() },
      }));
    },

    /**
     * One event with its link and the hash of the next; undefined if these organizations have none with this
     * id.
     */
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

    /** Number and checkpoint of an expired event; undefined if these organizations have none with this id. */
    async expired(organizationIds: readonly string[], id: string) {
      return reading(organizationIds, (tx) =>
        tx
          .selectFrom("audit_chain")
          .innerJoin("audit_expirations", (join) =>
            join
              .onRef("audit_expirations.org_id", "=", "audit_chain.org_id")
              .onRef("audit_expirations.upto_seq", ">=", "audit_chain.seq"),
          )
          .select(["audit_chain.seq", "audit_expirations.checkpoint_number as checkpoint"])
          .where("audit_chain.audit_id", "=", id)
          .orderBy("audit_expirations.upto_seq")
          .limit(1)
          .executeTakeFirst(),
      );
    },

    /** Committed events by id, newest first, for the live list; ids from other organizations are ignored. */
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

    /** The newest events of one action, newest first, at most `limit`. */
    async newestOf(organizationId: string, action: AuditAction, limit: number): Promise<AuditEvent[]> {
      const found = await this.list([organizationId], { action: [action] }, undefined, limit);
      return found.map(({ event }) => event);
    },

    /** Number of the organization's newest event, 0 if it has none. */
    async headSeq(organizationId: string): Promise<number> {
      const head = await reading([organizationId], (tx) =>
        tx.selectFrom("audit_heads").select("seq").where("org_id", "=", organizationId).executeTakeFirst(),
      );
      return head?.seq ?? 0;
    },

    /** Creates missing partitions ahead of time; without one for the current month, changes fail. */
    async makePartitions(monthsAhead: number) {
      await sql`select wheelhouse.make_audit_partitions(${monthsAhead})`.execute(database.system);
    },
  };
}
export type AuditStore = ReturnType<typeof createAuditStore>;
