import { type Selectable, sql, type Transaction } from "kysely";
import type { Tables } from "#database/tables.ts";
import type { Database } from "#lib/postgres/postgres.ts";
import type { CommandAct } from "./template.ts";

export type CommandRow = Selectable<Tables["schedule_commands"]>;
type NewCommand = Pick<
  CommandRow,
  "org_id" | "schedule" | "name" | "command" | "reason" | "actor_display"
> & { act: CommandAct };

const openMax = 100;
const keptDays = 90;

/** Acts on watched schedulers, until they are carried out. */
export function createCommandStore({ system }: Pick<Database, "system">) {
  return {
    insert: (tx: Transaction<Tables>, { act, ...command }: NewCommand): Promise<CommandRow> =>
      tx
        .insertInto("schedule_commands")
        .values(Object.assign({ act: JSON.stringify(act) }, command))
        .returningAll()
        .executeTakeFirstOrThrow(),
    byId: (id: string): Promise<CommandRow> =>
      system.selectFrom("schedule_commands").selectAll().where("id", "=", id).executeTakeFirstOrThrow(),
    /** Accepted ones that their own process has not ended within 3 s, oldest first. */
    open: (): Promise<CommandRow[]> =>
      system
        .selectFrom("schedule_commands")
        .selectAll()
        .where("state", "=", "accepted")
        .where("created_at", "<", sql<Date>`now() - interval '3 seconds'`)
        .orderBy("created_at")
        .limit(openMax)
        .execute(),
    /** @returns false if another process ended it. */
    async end(
      tx: Transaction<Tables>,
      { id }: CommandRow,
      { state, detail }: { state: "done" | "refused"; detail: string },
    ): Promise<boolean> {
      const ended = await tx
        .updateTable("schedule_commands")
        .set({ state, detail: detail.slice(0, 1_000), ended_at: sql<Date>`now()` })
        .where("id", "=", id)
        .where("state", "=", "accepted")
        .returning("id")
        .executeTakeFirst();
      return ended !== undefined;
    },
    forget: () =>
      sql`delete from schedule_commands where ended_at < now() - ${keptDays} * interval '1 day'`.execute(
        system,
      ),
  };
}
