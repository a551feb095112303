import type { SourceView } from "@wheelhouse/shared/health/health.ts";
import type { Core, Feature, OwnJob } from "#lib/feature.ts";
import type { AspectKey } from "#observe/aspect.ts";
import type { ListAnswers, SnapshotStore } from "#observe/spread/spread.ts";
import { observationsOf } from "#observe/tick/tick.ts";
import { createScheduleActs } from "./acts.ts";
import { createSchedulesAspect } from "./aspect.ts";
import { createSchedulesBoard, type QueueOfSchedule } from "./board.ts";
import { createBell } from "./own/own.ts";
import { schedulesRoutes } from "./routes.ts";
import { scheduleRows } from "./rows.ts";
import { createSchedulesStore } from "./store.ts";
import type { SampledSchedulers } from "./watched/watched.ts";

export { createOwnSchedules, isRingQueue } from "./own/own.ts";
export { createSchedulersSource, type SampledSchedulers } from "./watched/watched.ts";

type SchedulesNeeds = {
  snapshots: SnapshotStore;
  answer: ListAnswers;
  /** A live list that follows the catalogue. */
  sources: readonly SampledSchedulers[];
  /** Rows of the Redis servers that hold the schedules, and of their queues, observed earlier in the tick. */
  servers: AspectKey<SourceView & { organization: string }>;
  queues: Pick<AspectKey<QueueOfSchedule>, "rows">;
  intervalMs: number;
};

/** Everything that runs again and again: Wheelhouse's own schedules and the watched ones. */
export function createSchedules(core: Core, needs: SchedulesNeeds) {
  const { database, redis, clock, log } = core;
  const { snapshots, answer, sources, servers, queues, intervalMs } = needs;
  const store = createSchedulesStore(database);
  const bell = createBell(redis, log);
  const acts = createScheduleActs(core, { store, snapshots, ring: bell.ring });
  const feature = {
    routes: (api) => schedulesRoutes(api, { snapshots, answer, store, acts, clock }),
    mount(app) {
      app.addHook("onClose", () => bell.close().catch(() => {}));
    },
    jobs: [{ name: "old runs of schedules", on: "retention", run: store.forget }] satisfies OwnJob[],
  } satisfies Feature;
  return {
    ...feature,
    aspect: createSchedulesAspect({
      servers,
      board: createSchedulesBoard({ store, sources, queues, intervalMs, clock, log }),
    }),
    /** Wheelhouse's own schedules as they were last observed. */
    own() {
      const tick = snapshots.tick();
      const rows = tick === null ? [] : scheduleRows.rows(observationsOf(tick));
      return rows
        .filter(({ kind }) => kind === "own")
        .map(({ name, label, nextAt, last, cause }) => ({ name, state: label, cause, nextAt, last }));
    },
  };
}
