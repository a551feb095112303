import {
  editSchedule,
  listScheduleRuns,
  listSchedules,
  pauseSchedule,
  readSchedule,
  removeSchedule,
  resumeSchedule,
  runSchedule,
  type ScheduleAct,
} from "@wheelhouse/shared/queues/schedules.ts";
import type { FastifyInstance } from "fastify";
import { z } from "zod";
import { decodeCursor, encodeCursor } from "#lib/http/cursor.ts";
import { notFound } from "#lib/http/errors.ts";
import { route } from "#lib/http/route.ts";
import type { Clock } from "#lib/time/clock.ts";
import type { Part } from "#observe/aspect.ts";
import type { ListAnswers, SnapshotStore } from "#observe/spread/spread.ts";
import type { ScheduleActs } from "./acts.ts";
import { ifMissedOf, nextRunsOf, zoneOf } from "./detail.ts";
import { runOfNote, scheduleRows } from "./rows.ts";
import { noteOfRow, type SchedulesStore } from "./store.ts";

const place = z.object({ dueAt: z.iso.datetime() });
const recentMax = 20;

const answerOf = (act: ScheduleAct) => (act.state === "accepted" ? { stillGoing: act } : act);

export type SchedulesRoutesDeps = {
  snapshots: SnapshotStore;
  answer: ListAnswers;
  store: SchedulesStore;
  acts: ScheduleActs;
  clock: Clock;
};

export function schedulesRoutes(app: FastifyInstance, deps: SchedulesRoutesDeps) {
  const { snapshots, answer, store, acts, clock } = deps;
  const rowIn = (part: Part, id: string) => {
    const row = scheduleRows.rows(part).find((each) => each.id === id);
    if (!row) throw notFound("schedule");
    return row;
  };

  route(app, listSchedules, ({ query }, { organization }, http) =>
    answer(scheduleRows.key, query.at, organization, http),
  );
  route(app, readSchedule, async ({ params }, { organization }) => {
    const { part } = snapshots.viewsOf(organization);
    const { organization: _, ...schedule } = rowIn(part, params.id);
    const runs = await store.page(
      { organizationId: organization.id, schedule: params.id },
      { before: undefined, limit: recentMax },
    );
    return {
      observedAt: part.observedAt,
      intervalMs: part.intervalMs,
      schedule,
      next: nextRunsOf(schedule, clock.now()),
      zone: zoneOf(schedule, clock.now()),
      ifMissed: ifMissedOf(schedule),
      runs: runs.slice(0, recentMax).map((row) => runOfNote(noteOfRow(row))),
    };
  });
  route(app, listScheduleRuns, async ({ params, query }, { organization }) => {
    rowIn(snapshots.viewsOf(organization).part, params.id);
    const before = decodeCursor(query.cursor, place);
    const rows = await store.page(
      { organizationId: organization.id, schedule: params.id },
      { before, limit: query.limit },
    );
    const items = rows.slice(0, query.limit).map((row) => runOfNote(noteOfRow(row)));
    const last = items.at(-1);
    return {
      items,
      nextCursor: rows.length > query.limit && last ? encodeCursor({ dueAt: last.dueAt }) : null,
    };
  });
  route(app, runSchedule, async ({ params, body }, context) =>
    answerOf(await acts.run(context, params.id, body.reason)),
  );
  route(app, pauseSchedule, async ({ params, body }, context) =>
    answerOf(await acts.pause(context, params.id, body.reason)),
  );
  route(app, resumeSchedule, async ({ params, body }, context) =>
    answerOf(await acts.resume(context, params.id, body.reason)),
  );
  route(app, editSchedule, async ({ params, body }, context) =>
    answerOf(await acts.edit(context, params.id, body)),
  );
  route(app, removeSchedule, async ({ params, body }, context) =>
    answerOf(await acts.remove(context, params.id, body.reason)),
  );
}
