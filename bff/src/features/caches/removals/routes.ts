import {
  cancelRemoval,
  listDeclaredCaches,
  previewRemoval,
  readRemoval,
  startRemoval,
} from "@wheelhouse/shared/caches/removals.ts";
import type { FastifyInstance } from "fastify";
import { route } from "#lib/http/route.ts";
import type { Removals } from "./service.ts";

export function cacheRemovalsRoutes(app: FastifyInstance, { removals }: { removals: Removals }) {
  route(app, listDeclaredCaches, (_input, context) => removals.list(context));
  route(app, previewRemoval, ({ params, query }, context) => removals.preview(context, params.id, query));
  route(app, startRemoval, async ({ params, body }, context) => {
    const removal = await removals.start(context, params.id, body);
    return removal.state === "running" ? { stillGoing: removal } : removal;
  });
  route(app, readRemoval, ({ params }, context) => removals.read(context, params.id));
  route(app, cancelRemoval, ({ params }, context) => removals.cancel(context, params.id));
}
