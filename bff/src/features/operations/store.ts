import type { Operation } from "@wheelhouse/shared/operations.ts";
import type { ControlReply } from "@wheelhouse/shared/reporter/control.ts";
import type { Kysely, Selectable, Transaction } from "kysely";
import { sql } from "kysely";
import type { KeptReply } from "#database/table-overrides.ts";
import type { Tables } from "#database/tables.ts";
import type { Database } from "#lib/postgres/postgres.ts";

/** Instances ignore older commands. */
const commandLifeMs = 10_000;
const keptDays = 90;
const openMax = 200;

export type OperationRow = Selectable<Tables["operations"]>;
type NewOperation = Pick<
  OperationRow,
  "kind" | "target_id" | "target_name" | "source_id" | "service" | "act" | "instances" | "reason"
>;

type Inserted = { id: string; holdUntil: Date | null };
type Target = { organizationId: string; targetId: string };

/** Accepted commands, stored in Postgres. */
export function createOperationsStore(database: Database) {
  return {
    /** In the transaction of its audit event. */
    async insert(
      tx: Transaction<Tables>,
      {
        organizationId,
        actorDisplay,
        lifeMs = commandLifeMs,
        holdMs = null,
        ...operation
      }: NewOperation & {
        organizationId: string;
        actorDisplay: string;
        lifeMs?: number;
        holdMs?: number | null;
      },
    ): Promise<Inserted> {
      const row = await tx
        .insertInto("operations")
        .values({
          ...operation,
          org_id: organizationId,
          actor_display: actorDisplay,
          act: JSON.stringify(operation.act),
          expires_at: sql<Date>`now() + ${lifeMs} * interval '1 ms'`,
          hold_until: sql<Date | null>`now() + ${holdMs}::float8 * interval '1 ms'`,
        })
        .returning(["id", "hold_until"])
        .executeTakeFirstOrThrow();
      return { id: row.id, holdUntil: row.hold_until };
    },
    /** Overrides of all organizations whose end has come, oldest first. */
    due: (): Promise<OperationRow[]> =>
      database.system
        .selectFrom("operations")
        .selectAll()
        .where("hold_until", "<=", sql<Date>`now()`)
        .where("released_at", "is", null)
        .orderBy("hold_until")
        .limit(openMax)
        .execute(),
    /** Newer commands to the same breaker that were applied by an instance, or still may be. */
    async newerThan({
      org_id,
      target_id,
      ordinal,
    }: OperationRow): Promise<Pick<OperationRow, "instances">[]> {
      const { rows } = await sql<Pick<OperationRow, "instances">>`
        select instances from operations
        where org_id = ${org_id} and target_id = ${target_id} and ordinal > ${ordinal} and kind like 'breaker.%'
          and (state = 'accepted' or jsonb_path_exists(replies, '$.*.outcome ? (@ == "obeyed")'))`.execute(
        database.system,
      );
      return rows;
    },
    /** @returns false when another process has already carried out the end. */
    async release(id: string, tx: Kysely<Tables> = database.system): Promise<boolean> {
      const released = await tx
        .updateTable("operations")
        .set({ released_at: sql<Date>`now()` })
        .where("id", "=", id)
        .where("released_at", "is", null)
        .returning("id")
        .executeTakeFirst();
      return released !== undefined;
    },
    byId: (organizationId: string, id: string): Promise<OperationRow | undefined> =>
      database.asOrganizations([organizationId], (tx) =>
        tx.selectFrom("operations").selectAll().where("id", "=", id).executeTakeFirst(),
      ),
    /** The newest acts on a job of a queue, and those that made it. */
    async ofJob(organizationId: string, queue: string, job: string): Promise<OperationRow[]> {
      return database.asOrganizations([organizationId], async (tx) => {
        const { rows } = await sql<OperationRow>`
          select * from operations
          where org_id = ${organizationId} and kind like 'queues.job%'
            and ((target_id = ${queue} and instances @> array[${job}::text]) or made @> array[${`${queue}/${job}`}::text])
          order by ordinal desc limit 20`.execute(tx);
        return rows;
      });
    },
    /**
     * The latest command to each breaker that was applied by an instance, or still may be: one query for all
     * organizations.
     */
    async newestToBreakers(targets: readonly Target[]): Promise<OperationRow[]> {
      if (targets.length === 0) return [];
      const { rows } = await sql<OperationRow>`
        select o.* from unnest(
          ${targets.map(({ organizationId }) => organizationId)}::uuid[],
          ${targets.map(({ targetId }) => targetId)}::text[]
        ) as t (org_id, target_id)
        cross join lateral (
          select * from operations
          where org_id = t.org_id and target_id = t.target_id and kind like 'breaker.%'
            and (state = 'accepted' or jsonb_path_exists(replies, '$.*.outcome ? (@ == "obeyed")'))
          order by ordinal desc limit 1
        ) o`.execute(database.system);
      return rows;
    },
    /** Open operations of all organizations, oldest first. */
    open: (): Promise<OperationRow[]> =>
      database.system
        .selectFrom("operations")
        .selectAll()
        .where("state", "=", "accepted")
        .orderBy("ordinal")
        .limit(openMax)
        .execute(),
    /** @returns false when another process has already ended it. */
    async end(
      tx: Transaction<Tables>,
      id: string,
      {
        state,
        replies,
        made = [],
      }: { state: "done" | "superseded"; replies: Record<string, KeptReply>; made?: readonly string[] },
    ): Promise<boolean> {
      const ended = await tx
        .updateTable("operations")
        .set({
          state,
          replies: JSON.stringify(replies),
          ended_at: sql<Date>`now()`,
          ...(made.length === 0 ? {} : { made: [...made] }),
        })
        .where("id", "=", id)
        .where("state", "=", "accepted")
        .returning("id")
        .executeTakeFirst();
      return ended !== undefined;
    },
    forget: () =>
      sql`delete from operations where ended_at < now() - ${keptDays} * interval '1 day'`.execute(
        database.system,
      ),
  };
}

export type OperationsStore = ReturnType<typeof createOperationsStore>;

/** The row in the shape of the contract. */
export const operationOf = (row: OperationRow, replies: Record<string, ControlReply>): Operation => ({
  operationId: row.id,
  kind: row.kind,
  target: row.target_id,
  by: row.actor_display,
  reason: row.reason,
  requestedAt: row.created_at.toISOString(),
  expiresAt: row.expires_at.toISOString(),
  holdUntil: row.hold_until?.toISOString() ?? null,
  endedAt: row.ended_at?.toISOString() ?? null,
  state: row.state,
  outcomes: row.instances.map((instance) => {
    const { outcome, detail, count } = replies[instance] ?? {
      outcome: "no answer",
      detail: null,
      count: null,
    };
    return { instance, outcome, detail, count };
  }),
});
