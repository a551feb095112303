import {
  createObjective,
  deleteObjective,
  listObjectives,
  updateObjective,
} from "@wheelhouse/shared/alerts/objectives.ts";
import type { FastifyInstance } from "fastify";
import { route } from "#lib/http/route.ts";
import type { Objectives } from "./service.ts";

export function objectiveRoutes(api: FastifyInstance, objectives: Objectives) {
  route(api, listObjectives, async (_, { organization }) => ({
    items: await objectives.list(organization),
    nextCursor: null,
  }));
  route(api, createObjective, ({ body }, context) => objectives.create(body, context));
  route(api, updateObjective, ({ params, body }, context) => objectives.update(params.key, body, context));
  route(api, deleteObjective, ({ params, query }, context) =>
    objectives.delete(params.key, query.version, context),
  );
}
