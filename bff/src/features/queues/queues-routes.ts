import { listQueues, readQueue } from "@wheelhouse/shared/queues.ts";
import type { FastifyInstance } from "fastify";
import { notFound } from "#lib/errors.ts";
import { route } from "#lib/route.ts";
import { sendEncoded } from "#observe/send-encoded.ts";
import type { SnapshotStore } from "#observe/snapshot-store.ts";

export function queuesRoutes(app: FastifyInstance, { snapshots }: { snapshots: SnapshotStore }) {
  route(app, listQueues, (_input, { organization }, http) =>
    sendEncoded(snapshots.viewsOf(organization).queuesJson, http),
  );
  route(app, readQueue, ({ params }, { organization }) => {
    const queue = snapshots.viewsOf(organization).queue(params.id);
    if (!queue) throw notFound("queue");
    return queue;
  });
}
