import { listJobs, readJob, readJobLogs, readJobPayload } from "@wheelhouse/shared/queues/jobs.ts";
import type { FastifyInstance } from "fastify";
import { route } from "#lib/http/route.ts";
import type { JobsService } from "./service.ts";

export function jobsRoutes(app: FastifyInstance, jobs: JobsService) {
  route(app, listJobs, ({ params, query }, context) => jobs.list(context, params.id, query));
  route(app, readJob, ({ params }, context) => jobs.read(context, params.id, params.jobId));
  route(app, readJobPayload, ({ params }, context) => jobs.payload(context, params.id, params.jobId));
  route(app, readJobLogs, ({ params, query }, context) => jobs.logs(context, params.id, params.jobId, query));
}
