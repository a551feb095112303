import { createSilence, endSilence, listSilences } from "@wheelhouse/shared/alerts/silences.ts";
import type { FastifyInstance } from "fastify";
import { route } from "#lib/http/route.ts";
import type { Silences } from "./service.ts";

export function silenceRoutes(api: FastifyInstance, silences: Silences) {
  route(api, listSilences, ({ query }, { organization }) => silences.list(organization.id, query));
  route(api, createSilence, ({ body }, context) => silences.create(body, context));
  route(api, endSilence, ({ params }, context) => silences.end(params.id, context));
}
