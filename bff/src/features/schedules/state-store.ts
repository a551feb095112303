import { type Selectable, sql, type Transaction } from "kysely";
import type { Tables } from "#database/tables.ts";
import type { Database } from "#lib/postgres/postgres.ts";

export type StateRow = Selectable<Tables["schedule_states"]>;
export type Place = { organizationId: string; schedule: string };

/** What is kept of schedules beside their runs: pauses, and how far own schedules are handled. */
export function createStateStore({ system }: Pick<Database, "system">) {
  /** What was kept of a paused schedule; undefined if it is not paused. */
  async function paused(
    tx: Transaction<Tables>,
    { organizationId, schedule }: Place,
  ): Promise<{ template: unknown } | undefined> {
    return tx
      .selectFrom("schedule_states")
      .select("template")
      .where("org_id", "=", organizationId)
      .where("schedule", "=", schedule)
      .where("paused_at", "is not", null)
      .forUpdate()
      .executeTakeFirst();
  }

  return {
    paused,

    /** Pauses of all organizations, and the states of own schedules. */
    states: (): Promise<StateRow[]> =>
      system.selectFrom("schedule_states").selectAll().limit(5_000).execute(),

    /** Deletes what is known of a schedule that no longer exists, but its runs. */
    forgetState: (tx: Transaction<Tables>, { organizationId, schedule }: Place) =>
      tx
        .deleteFrom("schedule_states")
        .where("org_id", "=", organizationId)
        .where("schedule", "=", schedule)
        .execute(),

    /** @returns false if it was paused already. */
    async pause(
      tx: Transaction<Tables>,
      { organizationId, schedule }: Place,
      told: { name: string; by: string; reason: string; template: unknown },
    ): Promise<boolean> {
      const { name, by, reason, template } = told;
      const set = {
        paused_at: sql<Date>`now()`,
        paused_by: by,
        pause_reason: reason,
        template: template === null ? null : JSON.stringify(template),
        recreated_at: null,
      };
      const row = await tx
        .insertInto("schedule_states")
        .values(Object.assign({ org_id: organizationId, schedule, name }, set))
        .onConflict((conflict) =>
          conflict
            .columns(["org_id", "schedule"])
            .doUpdateSet(set)
            .where((eb) =>
              eb.or([
                eb("schedule_states.paused_at", "is", null),
                eb("schedule_states.recreated_at", "is not", null),
              ]),
            ),
        )
        .returning("schedule")
        .executeTakeFirst();
      return row !== undefined;
    },

    /** Ends a pause; what fell due meanwhile is skipped. @returns what was kept; undefined if it was not paused. */
    async resume(
      tx: Transaction<Tables>,
      { organizationId, schedule }: Place,
    ): Promise<{ template: unknown } | undefined> {
      const before = await paused(tx, { organizationId, schedule });
      if (!before) return undefined;
      await tx
        .updateTable("schedule_states")
        .set({
          paused_at: null,
          paused_by: null,
          pause_reason: null,
          template: null,
          recreated_at: null,
          handled_until: sql<Date>`greatest(handled_until, now())`,
        })
        .where("org_id", "=", organizationId)
        .where("schedule", "=", schedule)
        .execute();
      return before;
    },

    /** Notes that its program created a paused scheduler again. */
    async noteRecreated(places: readonly Place[]): Promise<void> {
      for (const { organizationId, schedule } of places)
        await system
          .updateTable("schedule_states")
          .set({ recreated_at: sql<Date>`now()` })
          .where("org_id", "=", organizationId)
          .where("schedule", "=", schedule)
          .where("paused_at", "is not", null)
          .where("recreated_at", "is", null)
          .execute();
    },
  };
}
