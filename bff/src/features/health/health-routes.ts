import { readHealth } from "@wheelhouse/shared/health.ts";
import type { FastifyInstance } from "fastify";
import { route } from "#lib/route.ts";
import type { ListAnswers } from "#observe/spread/spread.ts";
import { serviceRows } from "./health-rows.ts";

export function healthRoutes(app: FastifyInstance, { answer }: { answer: ListAnswers }) {
  route(app, readHealth, ({ query }, { organization }, http) =>
    answer(serviceRows.key, query.at, organization, http),
  );
}
