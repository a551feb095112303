import * as contract from "@wheelhouse/shared/queues/runs.ts";
import type { FastifyInstance } from "fastify";
import { route } from "#lib/http/route.ts";
import type { JobRunService } from "./service.ts";

export function jobRunsRoutes(app: FastifyInstance, { runs }: { runs: JobRunService }) {
  route(app, contract.listJobRuns, ({ query }, context) => runs.list(query, context));
  route(app, contract.planJobRun, ({ body }, context) => runs.plan(body, context));
  route(app, contract.startJobRun, ({ body }, context) => runs.start(body, context));
  route(app, contract.readJobRun, ({ params }, context) => runs.read(params.id, context));
  route(app, contract.pauseJobRun, ({ params }, context) => runs.pause(params.id, context));
  route(app, contract.resumeJobRun, ({ params }, context) => runs.resume(params.id, context));
  route(app, contract.cancelJobRun, ({ params }, context) => runs.cancel(params.id, context));
  route(app, contract.steerJobRun, ({ params, body }, context) =>
    runs.steer(params.id, params.laneId, body, context),
  );
  route(app, contract.readJobRunResult, ({ params }, context) => runs.result(params.id, context));
}
