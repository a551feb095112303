import { type Selectable, sql, type Transaction } from "kysely";
import type { Tables } from "#database/tables.ts";
import { platformOrganization } from "#lib/http/request-context.ts";
import type { Database } from "#lib/postgres/postgres.ts";
import type { RunNote } from "./rows.ts";
import { createStateStore, type Place } from "./state-store.ts";

export type RunRow = Selectable<Tables["schedule_runs"]>;
export type NotedRun = RunNote & { organizationId: string; schedule: string };
export type RunPlace = { dueAt: string };

const recentMax = 20;
const keptDays = 30;
const deletedPerStep = 5_000;

export const noteOfRow = (row: RunRow): RunNote => ({
  dueMs: row.due_at.getTime(),
  startedMs: row.started_at?.getTime() ?? null,
  endedMs: row.ended_at?.getTime() ?? null,
  outcome: row.outcome,
  detail: row.detail,
  trigger: row.trigger,
  askedBy: row.asked_by,
});

/** Schedules in Postgres: their runs, and the states beside them. */
export function createSchedulesStore(database: Database) {
  const { system } = database;

  /** The last 20 runs of each, newest first. */
  async function lastRuns(places: readonly Place[]): Promise<Map<string, RunNote[]>> {
    const found = new Map<string, RunNote[]>(places.map(({ schedule }) => [schedule, []]));
    if (places.length === 0) return found;
    const { rows } = await sql<RunRow>`
      select r.* from unnest(
        ${places.map(({ organizationId }) => organizationId)}::uuid[],
        ${places.map(({ schedule }) => schedule)}::text[]
      ) as t (org_id, schedule)
      cross join lateral (
        select * from schedule_runs r where r.org_id = t.org_id and r.schedule = t.schedule
        order by r.due_at desc limit ${recentMax}
      ) r`.execute(system);
    for (const row of rows) found.get(row.schedule)?.push(noteOfRow(row));
    return found;
  }

  return {
    ...createStateStore(database),
    lastRuns,

    /** Runs of watched schedules that people asked for and that have not ended. */
    asked: (): Promise<RunRow[]> =>
      system
        .selectFrom("schedule_runs")
        .selectAll()
        .where("trigger", "=", "person")
        .where("outcome", "in", ["waiting", "running"])
        .where("lease_until", "is", null)
        .orderBy("due_at", "desc")
        .limit(200)
        .execute(),

    /** Keeps a run that a person asked for of a watched schedule, before its job is added. */
    noteAsked: (
      tx: Transaction<Tables>,
      { organizationId, schedule }: Place,
      { dueMs, askedBy }: { dueMs: number; askedBy: string },
    ) =>
      tx
        .insertInto("schedule_runs")
        .values({
          org_id: organizationId,
          schedule,
          due_at: new Date(dueMs),
          outcome: "waiting",
          trigger: "person",
          asked_by: askedBy,
        })
        .execute(),

    /** A run that a person asked for could not be added. */
    refuseAsked: (
      tx: Transaction<Tables>,
      { organizationId, schedule }: Place,
      { dueMs, detail }: { dueMs: number; detail: string },
    ) =>
      tx
        .updateTable("schedule_runs")
        .set({ outcome: "failed", detail: detail.slice(0, 1_000) })
        .where("org_id", "=", organizationId)
        .where("schedule", "=", schedule)
        .where("due_at", "=", new Date(dueMs))
        .where("outcome", "=", "waiting")
        .execute(),

    /** Writes observed runs; what is known already is only completed. */
    async save(runs: readonly NotedRun[]): Promise<void> {
      if (runs.length === 0) return;
      await system
        .insertInto("schedule_runs")
        .values(
          runs.map((run) => ({
            org_id: run.organizationId,
            schedule: run.schedule,
            due_at: new Date(run.dueMs),
            started_at: run.startedMs === null ? null : new Date(run.startedMs),
            ended_at: run.endedMs === null ? null : new Date(run.endedMs),
            outcome: run.outcome,
            detail: run.detail?.slice(0, 1_000) ?? null,
            trigger: run.trigger,
            asked_by: run.askedBy,
          })),
        )
        .onConflict((conflict) =>
          conflict
            .columns(["org_id", "schedule", "due_at"])
            .doUpdateSet((eb) => ({
              started_at: sql<Date | null>`coalesce(excluded.started_at, schedule_runs.started_at)`,
              ended_at: eb.ref("excluded.ended_at"),
              outcome: eb.ref("excluded.outcome"),
              detail: eb.ref("excluded.detail"),
            }))
            .where("schedule_runs.outcome", "in", ["waiting", "running", "unknown", "missed"]),
        )
        .execute();
    },

    /** Newest first, before `place`; one more than `limit` if there are more. */
    page: (
      { organizationId, schedule }: Place,
      { before, limit }: { before: RunPlace | undefined; limit: number },
    ): Promise<RunRow[]> =>
      database.asOrganizations([organizationId], (tx) => {
        const all = tx
          .selectFrom("schedule_runs")
          .selectAll()
          .where("org_id", "=", organizationId)
          .where("schedule", "=", schedule);
        const older = before === undefined ? all : all.where("due_at", "<", new Date(before.dueAt));
        return older
          .orderBy("due_at", "desc")
          .limit(limit + 1)
          .execute();
      }),

    /** @returns the run that has not ended; null if none. Locks the schedule until the end of the transaction. */
    async openRun(tx: Transaction<Tables>, schedule: string): Promise<{ dueAt: Date } | null> {
      const row = await tx
        .selectFrom("schedule_runs")
        .select("due_at")
        .where("org_id", "=", platformOrganization.id)
        .where("schedule", "=", schedule)
        .where("lease_until", "is not", null)
        .executeTakeFirst();
      return row ? { dueAt: row.due_at } : null;
    },

    /** Asks for a run of an own schedule beside its plan. @returns false if one has not ended. */
    async askForRun(tx: Transaction<Tables>, schedule: string, askedBy: string): Promise<boolean> {
      const made = await tx
        .insertInto("schedule_runs")
        .values({
          org_id: platformOrganization.id,
          schedule,
          due_at: sql<Date>`clock_timestamp()`,
          outcome: "waiting",
          trigger: "person",
          asked_by: askedBy,
          lease_until: sql<Date>`clock_timestamp()`,
        })
        .onConflict((conflict) => conflict.doNothing())
        .returning("due_at")
        .executeTakeFirst();
      return made !== undefined;
    },

    /** Deletes runs of more than 30 days ago, in steps. */
    async forget(signal: AbortSignal): Promise<void> {
      let deleted = deletedPerStep;
      while (deleted === deletedPerStep && !signal.aborted) {
        const { numAffectedRows } = await sql`
          delete from schedule_runs where ctid in (
            select ctid from schedule_runs
            where due_at < now() - ${keptDays} * interval '1 day' and lease_until is null
            order by due_at limit ${deletedPerStep}
          )`.execute(system);
        deleted = Number(numAffectedRows ?? 0);
      }
    },
  };
}
export type SchedulesStore = ReturnType<typeof createSchedulesStore>;
