import {
  invalidateCache,
  listCaches,
  listRedisServers,
  previewInvalidation,
  readCacheOperation,
} from "@wheelhouse/shared/caches.ts";
import type { Operation } from "@wheelhouse/shared/operations.ts";
import type { FastifyInstance } from "fastify";
import type { RequestContext } from "#lib/request-context.ts";
import { route } from "#lib/route.ts";
import type { BoardAnswers } from "#observe/board-answers.ts";
import type { PastDetails } from "#observe/past-details.ts";
import { sendEncoded } from "#observe/send-encoded.ts";
import type { SnapshotStore } from "#observe/snapshot-store.ts";
import type { createCacheCommands } from "./caches-commands.ts";

export type RoutesDeps = {
  snapshots: SnapshotStore;
  answer: BoardAnswers;
  past: Pick<PastDetails, "redisServers">;
  commands: ReturnType<typeof createCacheCommands>;
  readOperation(context: RequestContext, id: string): Promise<Operation>;
};

export function cachesRoutes(
  app: FastifyInstance,
  { snapshots, answer, past, commands, readOperation }: RoutesDeps,
) {
  route(app, listCaches, ({ query }, { organization }, http) =>
    answer("caches", query.at, organization, http),
  );
  route(app, listRedisServers, ({ query }, { organization }, http) =>
    query.at === undefined
      ? sendEncoded(snapshots.viewsOf(organization).redisServersJson, http)
      : past.redisServers(organization.id, query.at),
  );
  route(app, previewInvalidation, ({ params, query }, context) =>
    commands.preview(context, params.id, query),
  );
  route(app, invalidateCache, async ({ params, body }, context) => {
    const done = await commands.invalidate(context, params.id, body);
    return done.state === "accepted" ? { stillGoing: done } : done;
  });
  route(app, readCacheOperation, ({ params }, context) => readOperation(context, params.id));
}
