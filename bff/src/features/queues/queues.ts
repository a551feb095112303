import type { SourceView } from "@wheelhouse/shared/health.ts";
import type { FastifyInstance } from "fastify";
import type { Clock } from "#lib/clock.ts";
import type { AspectKey } from "#observe/aspect.ts";
import type { ListAnswers, SnapshotStore } from "#observe/spread/spread.ts";
import { observationsOf } from "#observe/tick/tick.ts";
import { createQueuesAspect } from "./queues-aspect.ts";
import { createQueuesBoard } from "./queues-board.ts";
import { queuesRoutes } from "./queues-routes.ts";
import { queueRows, type SampledQueues } from "./queues-rows.ts";

/** BullMQ queues. `sources` is a live list; `servers` names the rows of the Redis servers in which they lie. */
export function createQueues(deps: {
  sources: readonly SampledQueues[];
  servers: AspectKey<SourceView & { organization: string }>;
  intervalMs: number;
  clock: Clock;
}) {
  return {
    aspect: createQueuesAspect({ servers: deps.servers, board: createQueuesBoard(deps) }),
    /** The queues that do Wheelhouse's own work. */
    own(snapshots: Pick<SnapshotStore, "tick">) {
      const tick = snapshots.tick();
      const rows = tick === null ? [] : queueRows.rows(observationsOf(tick));
      return rows
        .filter(({ prefix, source }) => source === "primary" && prefix === "wheelhouse")
        .map(({ id, workers, counts, paused }) => ({ id, workers, counts, paused }));
    },
    routes: (app: FastifyInstance, reading: { snapshots: SnapshotStore; answer: ListAnswers }) =>
      queuesRoutes(app, reading),
  };
}
