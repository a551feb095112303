import { listQueues, readQueue } from "@wheelhouse/shared/queues.ts";
import type { FastifyInstance } from "fastify";
import { notFound } from "#lib/http/errors.ts";
import { route } from "#lib/http/route.ts";
import type { ListAnswers, SnapshotStore } from "#observe/spread/spread.ts";
import { queueSeen } from "./aspect.ts";
import { queueRows } from "./rows.ts";

export function queuesRoutes(
  app: FastifyInstance,
  { snapshots, answer }: { snapshots: SnapshotStore; answer: ListAnswers },
) {
  route(app, listQueues, ({ query }, { organization }, http) =>
    answer(queueRows.key, query.at, organization, http),
  );
  route(app, readQueue, ({ params }, { organization }) => {
    const queue = queueSeen(snapshots.viewsOf(organization).part, params.id);
    if (!queue) throw notFound("queue");
    return queue;
  });
}
