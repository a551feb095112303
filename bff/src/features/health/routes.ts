import { readHealth } from "@wheelhouse/shared/health/health.ts";
import type { FastifyInstance } from "fastify";
import { route } from "#lib/http/route.ts";
import type { ListAnswers } from "#observe/spread/spread.ts";
import { serviceRows } from "./rows.ts";

export function healthRoutes(app: FastifyInstance, { answer }: { answer: ListAnswers }) {
  route(app, readHealth, ({ query }, { organization }, http) =>
    answer(serviceRows.key, query.at, organization, http),
  );
}
