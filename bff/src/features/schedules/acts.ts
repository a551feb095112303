import type { ScheduleAct } from "@wheelhouse/shared/schedules.ts";
import type { Core } from "#lib/feature.ts";
import { AppError, notFound } from "#lib/http/errors.ts";
import type { RequestContext } from "#lib/http/request-context.ts";
import type { SnapshotStore } from "#observe/spread/spread.ts";
import { type ObservedSchedule, scheduleRows } from "./rows.ts";
import type { SchedulesStore } from "./store.ts";

type ActsDeps = {
  store: SchedulesStore;
  snapshots: SnapshotStore;
  /** Wakes a worker for an own schedule. */
  ring(name: string): Promise<void>;
};

const done = (detail: string): ScheduleAct => ({ state: "done", detail, operationId: null });
const targetOf = ({ id, name }: ObservedSchedule) => [{ type: "schedule", id, name }];

/** What people do with schedules. */
export function createScheduleActs({ changes }: Pick<Core, "changes">, { store, snapshots, ring }: ActsDeps) {
  const find = ({ organization }: RequestContext, id: string) => {
    const row = snapshots
      .viewsOf(organization)
      .rows(scheduleRows)
      .find((each) => each.id === id);
    if (!row) throw notFound("schedule");
    return row;
  };

  return {
    async run(context: RequestContext, id: string, reason: string): Promise<ScheduleAct> {
      const row = find(context, id);
      await changes.run(context, "schedules.schedule.run", async (tx) => {
        if (!(await store.askForRun(tx, id, context.actor.display)))
          throw new AppError("conflict", "It is running now. Wait for the run to end, then run it again.");
        return {
          result: null,
          audit: { targets: targetOf(row), after: { schedule: row.name, command: "run" }, reason },
        };
      });
      await ring(row.name);
      return done("A worker runs it now");
    },
    async pause(context: RequestContext, id: string, reason: string): Promise<ScheduleAct> {
      const row = find(context, id);
      await changes.run(context, "schedules.schedule.pause", async (tx) => {
        const place = { organizationId: context.organization.id, schedule: id };
        const by = context.actor.display;
        if (!(await store.pause(tx, place, { name: row.name, by, reason, template: null })))
          throw new AppError("conflict", "It is paused already.");
        return {
          result: null,
          audit: { targets: targetOf(row), after: { schedule: row.name, command: "pause" }, reason },
        };
      });
      return done("Paused; what falls due meanwhile is skipped");
    },
    async resume(context: RequestContext, id: string, reason: string): Promise<ScheduleAct> {
      const row = find(context, id);
      await changes.run(context, "schedules.schedule.resume", async (tx) => {
        const place = { organizationId: context.organization.id, schedule: id };
        if (!(await store.resume(tx, place))) throw new AppError("conflict", "It is not paused.");
        return {
          result: null,
          audit: { targets: targetOf(row), after: { schedule: row.name, command: "resume" }, reason },
        };
      });
      return done("Resumed with its next time");
    },
  };
}
export type ScheduleActs = ReturnType<typeof createScheduleActs>;
