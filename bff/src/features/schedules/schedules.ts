import type { SourceView } from "@wheelhouse/shared/health/health.ts";
import type { Redis } from "ioredis";
import { type Core, everyRole, type Feature, type OwnJob } from "#lib/feature.ts";
import type { AspectKey } from "#observe/aspect.ts";
import type { ListAnswers, SnapshotStore } from "#observe/spread/spread.ts";
import { observationsOf } from "#observe/tick/tick.ts";
import { createScheduleActs } from "./acts.ts";
import { createSchedulesAspect } from "./aspect.ts";
import { createSchedulesBoard, type QueueOfSchedule } from "./board.ts";
import { createBell } from "./own/own.ts";
import { schedulesRoutes } from "./routes.ts";
import { scheduleRows, schedulerOfId } from "./rows.ts";
import { createSchedulesStore, type SchedulesStore } from "./store.ts";
import {
  commandAct,
  createScheduleCommands,
  type OnEnd,
  readScheduler,
  type SampledSchedulers,
} from "./watched/watched.ts";

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
  /** Crons of other systems that report by heartbeat. */
  crons: Parameters<typeof createSchedulesBoard>[0]["crons"];
  /** The connection to a watched Redis; undefined if it is not watched. */
  connectionOf(source: string): Redis | undefined;
  /** The id of a queue in its list. */
  queueIdOf(source: string, queue: { prefix: string; name: string }): string;
};

/** What is known of a schedule follows what became of an act. */
const endCommand =
  (store: SchedulesStore): OnEnd =>
  async (tx, { org_id, schedule, command, act, detail }, state) => {
    const place = { organizationId: org_id, schedule };
    const isDone = state === "done";
    if (command === "run" && !isDone) {
      const dueMs = commandAct.parse(act).dueMs;
      if (dueMs !== null) await store.refuseAsked(tx, place, { dueMs, detail: detail ?? "Refused" });
    }
    if (command === (isDone ? "resume" : "pause") || (command === "remove" && isDone))
      await store.forgetState(tx, place);
  };

/** Everything that runs again and again: Wheelhouse's own schedules and the watched ones. */
export function createSchedules(core: Core, needs: SchedulesNeeds) {
  const { database, redis, clock, log } = core;
  const { snapshots, answer, sources, servers, queues, intervalMs, connectionOf, queueIdOf, crons } = needs;
  const store = createSchedulesStore(database);
  const bell = createBell(redis, log);
  const commands = createScheduleCommands(core, { connectionOf, onEnd: endCommand(store) });
  const acts = createScheduleActs(core, {
    store,
    snapshots,
    ring: bell.ring,
    commands,
    clock,
    async read(id) {
      const of = schedulerOfId(id);
      const redis = of && connectionOf(of.source);
      if (!of || !redis) return null;
      const queue = { id: queueIdOf(of.source, of.queue), name: of.queue.name, prefix: of.queue.prefix };
      return readScheduler(redis, { source: of.source, queue, key: of.key });
    },
  });
  const feature = {
    routes: (api) => schedulesRoutes(api, { snapshots, answer, store, acts, clock }),
    mount(app) {
      app.addHook("onClose", () => bell.close().catch(() => {}));
    },
    jobs: [
      { name: "old runs of schedules", on: "retention", run: store.forget },
      { name: "old acts on schedules", on: "retention", run: commands.forget },
    ] satisfies OwnJob[],
    processes: [{ in: everyRole, start: commands.start }],
  } satisfies Feature;
  return {
    ...feature,
    aspect: createSchedulesAspect({
      servers,
      board: createSchedulesBoard({ store, sources, queues, crons, intervalMs, clock, log }),
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
