import { listQueues, readQueue } from "@wheelhouse/shared/queues.ts";
import type { FastifyInstance } from "fastify";
import { notFound } from "#lib/errors.ts";
import { route } from "#lib/route.ts";
import type { BoardAnswers } from "#observe/board-answers.ts";
import type { SnapshotStore } from "#observe/snapshot-store.ts";

export function queuesRoutes(
  app: FastifyInstance,
  { snapshots, answer }: { snapshots: SnapshotStore; answer: BoardAnswers },
) {
  route(app, listQueues, ({ query }, { organization }, http) =>
    answer("queues", query.at, organization, http),
  );
  route(app, readQueue, ({ params }, { organization }) => {
    const queue = snapshots.viewsOf(organization).queue(params.id);
    if (!queue) throw notFound("queue");
    return queue;
  });
}
