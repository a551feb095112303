import { sql } from "kysely";
import { platformOrganization } from "#lib/http/request-context.ts";
import { type OwnScheduleDeclaration, ownScheduleId } from "#lib/own-schedules.ts";
import type { Database } from "#lib/postgres/postgres.ts";

const usualLeaseMs = 30_000;
const missedMax = 20;

/** A schedule as the database knows it now; times are those of the database. */
export type OwnScheduleState = {
  schedule: string;
  nowMs: number;
  /** Null before its first run. */
  handledMs: number | null;
  isPaused: boolean;
  /** The run that has not ended. */
  open: { dueAt: Date; isFree: boolean } | null;
};

/** A run that this process holds. */
export type HeldRun = { schedule: string; dueAt: Date; attempts: number; stepsDone: readonly string[] };

type Ending = { outcome: "completed" | "failed" | "timed_out"; detail: string | null };

class Lost extends Error {}

/** Who runs what, decided in Postgres by its own clock: a process whose clock steps claims nothing twice. */
export function createOwnRunsStore(
  { system }: Pick<Database, "system">,
  runner: string,
  leaseMs = usualLeaseMs,
) {
  const org = platformOrganization.id;
  const lease = sql<Date>`clock_timestamp() + make_interval(secs => ${leaseMs / 1_000})`;

  return {
    async declare(all: readonly OwnScheduleDeclaration[]): Promise<void> {
      await system
        .insertInto("schedule_states")
        .values(all.map(({ name }) => ({ org_id: org, schedule: ownScheduleId(name), name })))
        .onConflict((conflict) => conflict.doNothing())
        .execute();
    },

    async states(): Promise<OwnScheduleState[]> {
      const { rows } = await sql<{
        schedule: string;
        now: Date;
        handled_until: Date | null;
        paused_at: Date | null;
        due_at: Date | null;
        is_free: boolean | null;
      }>`
        select s.schedule, clock_timestamp() as now, s.handled_until, s.paused_at, r.due_at,
          r.lease_until <= clock_timestamp() as is_free
        from schedule_states s
        left join schedule_runs r on r.org_id = s.org_id and r.schedule = s.schedule and r.lease_until is not null
        where s.org_id = ${org} and s.schedule like 'own~%'`.execute(system);
      return rows.map((row) => ({
        schedule: row.schedule,
        nowMs: row.now.getTime(),
        handledMs: row.handled_until?.getTime() ?? null,
        isPaused: row.paused_at !== null,
        open: row.due_at === null ? null : { dueAt: row.due_at, isFree: row.is_free === true },
      }));
    },

    /**
     * Claims a due time for this process, once in the cluster; null if another process has it.
     * @param missed due times before it that nobody ran.
     */
    async claim(
      schedule: string,
      due: { atMs: number; isFirst: boolean; missedMs: readonly number[] },
    ): Promise<HeldRun | null> {
      const dueAt = new Date(due.atMs);
      try {
        return await system.transaction().execute(async (tx) => {
          const taken = await tx
            .updateTable("schedule_states")
            .set({ handled_until: dueAt })
            .where("org_id", "=", org)
            .where("schedule", "=", schedule)
            .where("paused_at", "is", null)
            // Each process has a first moment of its own, so only one that still finds none may claim it.
            .where((eb) => (due.isFirst ? eb("handled_until", "is", null) : eb("handled_until", "<", dueAt)))
            .returning("schedule")
            .executeTakeFirst();
          if (!taken) throw new Lost();
          const made = await tx
            .insertInto("schedule_runs")
            .values({
              org_id: org,
              schedule,
              due_at: dueAt,
              started_at: sql<Date>`clock_timestamp()`,
              outcome: "running",
              trigger: due.isFirst ? "first" : "due",
              runner,
              lease_until: lease,
              attempts: 1,
            })
            .onConflict((conflict) => conflict.doNothing())
            .returning("due_at")
            .executeTakeFirst();
          if (!made) throw new Lost();
          const missed = due.missedMs.slice(-missedMax);
          if (missed.length > 0)
            await tx
              .insertInto("schedule_runs")
              .values(
                missed.map((atMs) => ({
                  org_id: org,
                  schedule,
                  due_at: new Date(atMs),
                  outcome: "missed" as const,
                  detail: `No process ran it; made up for by the run of ${dueAt.toISOString().slice(0, 16)}Z`,
                })),
              )
              .onConflict((conflict) => conflict.doNothing())
              .execute();
          return { schedule, dueAt, attempts: 1, stepsDone: [] };
        });
      } catch (error) {
        if (error instanceof Lost) return null;
        throw error;
      }
    },

    /** Takes over a run whose process is gone, or that was only asked for; null if another process was first. */
    async takeOver(schedule: string): Promise<HeldRun | null> {
      const row = await system
        .updateTable("schedule_runs")
        .set({
          runner,
          lease_until: lease,
          outcome: "running",
          attempts: sql<number>`attempts + 1`,
          started_at: sql<Date>`coalesce(started_at, clock_timestamp())`,
        })
        .where("org_id", "=", org)
        .where("schedule", "=", schedule)
        .where("lease_until", "<=", sql<Date>`clock_timestamp()`)
        .returning(["due_at", "attempts", "steps_done"])
        .executeTakeFirst();
      return row ? { schedule, dueAt: row.due_at, attempts: row.attempts, stepsDone: row.steps_done } : null;
    },

    /** @returns false once another process holds the run. */
    async renew({ schedule, dueAt }: HeldRun, doneStep?: string): Promise<boolean> {
      const row = await system
        .updateTable("schedule_runs")
        .set({
          lease_until: lease,
          ...(doneStep === undefined
            ? {}
            : { steps_done: sql<string[]>`array_append(steps_done, ${doneStep})` }),
        })
        .where("org_id", "=", org)
        .where("schedule", "=", schedule)
        .where("due_at", "=", dueAt)
        .where("runner", "=", runner)
        .where("lease_until", "is not", null)
        .returning("schedule")
        .executeTakeFirst();
      return row !== undefined;
    },

    /** Lets another process continue the run at once. */
    async giveBack({ schedule, dueAt }: HeldRun): Promise<void> {
      await system
        .updateTable("schedule_runs")
        .set({ lease_until: sql<Date>`clock_timestamp()`, attempts: sql<number>`attempts - 1` })
        .where("org_id", "=", org)
        .where("schedule", "=", schedule)
        .where("due_at", "=", dueAt)
        .where("runner", "=", runner)
        .where("lease_until", "is not", null)
        .execute();
    },

    /** Ends the run, and makes the runs of those that follow it, in one transaction. */
    async end({ schedule, dueAt }: HeldRun, { outcome, detail }: Ending, children: readonly string[]) {
      await system.transaction().execute(async (tx) => {
        const ended = await tx
          .updateTable("schedule_runs")
          .set({
            outcome,
            detail: detail?.slice(0, 1_000) ?? null,
            ended_at: sql<Date>`clock_timestamp()`,
            lease_until: null,
          })
          .where("org_id", "=", org)
          .where("schedule", "=", schedule)
          .where("due_at", "=", dueAt)
          .where("runner", "=", runner)
          .where("lease_until", "is not", null)
          .returning("schedule")
          .executeTakeFirst();
        if (!ended || children.length === 0) return;
        const running = await tx
          .selectFrom("schedule_states")
          .select("schedule")
          .where("org_id", "=", org)
          .where("schedule", "in", children)
          .where("paused_at", "is", null)
          .execute();
        if (running.length === 0) return;
        await tx
          .insertInto("schedule_runs")
          .values(
            running.map((child) => ({
              org_id: org,
              schedule: child.schedule,
              due_at: dueAt,
              outcome: "waiting" as const,
              trigger: "parent" as const,
              lease_until: sql<Date>`clock_timestamp()`,
            })),
          )
          .onConflict((conflict) => conflict.doNothing())
          .execute();
      });
    },
  };
}
export type OwnRunsStore = ReturnType<typeof createOwnRunsStore>;
