import {
  invalidateCache,
  listCaches,
  listRedisServers,
  previewInvalidation,
  readCacheOperation,
} from "@wheelhouse/shared/caches/caches.ts";
import type { Operation } from "@wheelhouse/shared/operations.ts";
import type { FastifyInstance } from "fastify";
import type { RequestContext } from "#lib/http/request-context.ts";
import { route } from "#lib/http/route.ts";
import { type ListAnswers, type Past, type SnapshotStore, sendEncoded } from "#observe/spread/spread.ts";
import type { createCacheCommands } from "./commands.ts";
import { pastRedisServers } from "./past.ts";
import { cacheRows, redisDetailRows } from "./rows.ts";

export type RoutesDeps = {
  snapshots: SnapshotStore;
  answer: ListAnswers;
  past: Past;
  commands: ReturnType<typeof createCacheCommands>;
  readOperation(context: RequestContext, id: string): Promise<Operation>;
};

export function cachesRoutes(
  app: FastifyInstance,
  { snapshots, answer, past, commands, readOperation }: RoutesDeps,
) {
  route(app, listCaches, ({ query }, { organization }, http) =>
    answer(cacheRows.key, query.at, organization, http),
  );
  route(app, listRedisServers, ({ query }, { organization }, http) =>
    query.at === undefined
      ? sendEncoded(snapshots.viewsOf(organization).encoded(redisDetailRows.key), http)
      : pastRedisServers(past, organization.id, query.at),
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
