import type { CacheRemoval } from "@wheelhouse/shared/caches/removals.ts";
import type { Selectable, Transaction } from "kysely";
import { sql } from "kysely";
import type { Tables } from "#database/tables.ts";
import type { Database } from "#lib/postgres/postgres.ts";

/** A runner that reported no progress for this long has died, or lost Postgres. */
const silentMs = 10_000;
const keptDays = 90;

export type RemovalRow = Selectable<Tables["cache_removals"]>;
type NewRemoval = Pick<
  RemovalRow,
  "cache_id" | "cache_name" | "source_id" | "prefix" | "store" | "by" | "value" | "reason" | "total_keys"
>;
type Progress = { place: string; looked: number; removed: number };

/** Removals of keys, stored in Postgres. */
export function createRemovalsStore(database: Database) {
  return {
    /**
     * In the transaction of its audit event, already assigned to `runner`. Null while another removal of the
     * cache is running.
     */
    insert: async (
      tx: Transaction<Tables>,
      removal: NewRemoval & { organizationId: string; actorDisplay: string; runner: string },
    ): Promise<string | null> => {
      const { organizationId, actorDisplay, ...row } = removal;
      const made = await tx
        .insertInto("cache_removals")
        .values({ ...row, org_id: organizationId, actor_display: actorDisplay })
        .onConflict((conflict) => conflict.doNothing())
        .returning("id")
        .executeTakeFirst();
      return made?.id ?? null;
    },
    byId: (organizationId: string, id: string): Promise<RemovalRow | undefined> =>
      database.asOrganizations([organizationId], (tx) =>
        tx.selectFrom("cache_removals").selectAll().where("id", "=", id).executeTakeFirst(),
      ),
    /** The latest of each cache. */
    newest: (organizationId: string): Promise<RemovalRow[]> =>
      database.asOrganizations([organizationId], (tx) =>
        tx
          .selectFrom("cache_removals")
          .distinctOn("cache_id")
          .selectAll()
          .orderBy("cache_id")
          .orderBy("created_at", "desc")
          .execute(),
      ),
    /** @returns false when it is no longer running. */
    askToCancel: async (tx: Transaction<Tables>, id: string): Promise<boolean> => {
      const asked = await tx
        .updateTable("cache_removals")
        .set({ cancel_requested_at: sql<Date>`now()` })
        .where("id", "=", id)
        .where("state", "=", "running")
        .returning("id")
        .executeTakeFirst();
      return asked !== undefined;
    },
    /** Takes over abandoned removals. */
    adopt: (runner: string): Promise<RemovalRow[]> =>
      database.system
        .updateTable("cache_removals")
        .set({ runner, told_at: sql<Date>`now()` })
        .where("state", "=", "running")
        .where("told_at", "<", sql<Date>`now() - ${silentMs} * interval '1 ms'`)
        .returningAll()
        .execute(),
    /** Stores progress. @returns whether to continue; `none` when another process took it over. */
    tell: async (id: string, runner: string, progress: Progress): Promise<"go on" | "cancel" | "none"> => {
      const row = await database.system
        .updateTable("cache_removals")
        .set({ ...progress, told_at: sql<Date>`now()` })
        .where("id", "=", id)
        .where("runner", "=", runner)
        .where("state", "=", "running")
        .returning("cancel_requested_at")
        .executeTakeFirst();
      if (!row) return "none";
      return row.cancel_requested_at === null ? "go on" : "cancel";
    },
    /** @returns false when another process has ended it or took it over. */
    end: async (
      tx: Transaction<Tables>,
      {
        id,
        runner,
        ...outcome
      }: { id: string; runner: string } & Progress & {
          state: Exclude<CacheRemoval["state"], "running">;
          cause: string | null;
        },
    ): Promise<boolean> => {
      const ended = await tx
        .updateTable("cache_removals")
        .set({ ...outcome, ended_at: sql<Date>`now()` })
        .where("id", "=", id)
        .where("runner", "=", runner)
        .where("state", "=", "running")
        .returning("id")
        .executeTakeFirst();
      return ended !== undefined;
    },
    forget: () =>
      sql`delete from cache_removals where ended_at < now() - ${keptDays} * interval '1 day'`.execute(
        database.system,
      ),
  };
}
export type RemovalsStore = ReturnType<typeof createRemovalsStore>;

/** The row in the shape of the contract. */
export const removalOf = (row: RemovalRow): CacheRemoval => {
  const isWalk = row.by === "pattern" || row.by === "prefix";
  return {
    id: row.id,
    cacheId: row.cache_id,
    name: row.cache_name,
    by: row.by,
    value: row.value,
    reason: row.reason,
    requestedBy: row.actor_display,
    requestedAt: row.created_at.toISOString(),
    state: row.state,
    cause: row.cause,
    endedAt: row.ended_at?.toISOString() ?? null,
    looked: isWalk ? Number(row.looked) : null,
    totalKeys: isWalk && row.total_keys !== null ? Number(row.total_keys) : null,
    removed: row.by === "tag" ? null : Number(row.removed),
  };
};
