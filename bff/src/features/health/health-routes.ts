import { readHealth } from "@wheelhouse/shared/health.ts";
import { readOverview } from "@wheelhouse/shared/overview.ts";
import type { FastifyInstance } from "fastify";
import { route } from "#lib/route.ts";
import type { BoardAnswers } from "#observe/board-answers.ts";

export function healthRoutes(app: FastifyInstance, { answer }: { answer: BoardAnswers }) {
  route(app, readOverview, ({ query }, { organization }, http) =>
    answer("overview", query.at, organization, http),
  );
  route(app, readHealth, ({ query }, { organization }, http) =>
    answer("health", query.at, organization, http),
  );
}
