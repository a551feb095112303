import type { EndpointParsed } from "@wheelhouse/shared/endpoint.ts";
import type {
  JobDetail,
  JobList,
  JobLogs,
  JobPayload,
  JobRelative,
  listJobs,
  readJobLogs,
} from "@wheelhouse/shared/queues/jobs.ts";
import type { Redis } from "ioredis";
import type { RequestContext } from "#lib/http/request-context.ts";
import type { SharedRead } from "#lib/shared-reads.ts";
import type { JobConnections } from "./connections.ts";
import { queueOperationOf } from "./operations.ts";
import type { Places, QueuePlace } from "./places.ts";
import { type FoundJob, listJobsOf, namesOf, readJobOf, readLogsOf, readPayloadOf } from "./source.ts";

/** Stored acts on a job of a queue, and those that made it, newest first. */
export type EffectsOfJob = (
  organizationId: string,
  queue: string,
  job: string,
) => Promise<Parameters<typeof queueOperationOf>[0][]>;

/** Reads jobs of one organization's queues, straight from their Redis. */
export function createJobsService({
  places,
  connections,
  effectsOfJob,
  shared,
}: {
  places: Places;
  connections: JobConnections;
  effectsOfJob: EffectsOfJob;
  shared: SharedRead<JobList>;
}) {
  const relativeOf = (
    context: RequestContext,
    at: QueuePlace,
    [key, state]: readonly [string, JobRelative["state"]],
    name: string | null,
  ): JobRelative => {
    const owner = places.ofKey(context, at, key);
    return { queue: owner?.queue ?? null, key, id: owner?.job ?? key, name, state };
  };

  async function flowOf(redis: Redis, context: RequestContext, at: QueuePlace, job: FoundJob) {
    const { parentKey, childKeys } = job;
    const keys = [...(parentKey === null ? [] : [parentKey]), ...childKeys.map(([key]) => key)];
    const names = await namesOf(redis, keys);
    const childNames = parentKey === null ? names : names.slice(1);
    return {
      parent:
        parentKey === null ? null : relativeOf(context, at, [parentKey, "unfinished"], names[0] ?? null),
      children: childKeys.map((child, index) => relativeOf(context, at, child, childNames[index] ?? null)),
    };
  }

  return {
    list(
      context: RequestContext,
      id: string,
      query: EndpointParsed<typeof listJobs>["query"],
    ): Promise<JobList> {
      const at = places.find(context, id);
      return shared([context.organization.id], { id, query }, () =>
        connections.use(at.server, (redis) => listJobsOf(redis, at, query)),
      );
    },
    async read(context: RequestContext, id: string, jobId: string): Promise<JobDetail> {
      const at = places.find(context, id);
      const effects = await effectsOfJob(context.organization.id, id, jobId);
      const lineage = effects.map((row) => lineageOf(row, id, jobId));
      return connections.use(at.server, async (redis) => {
        const job = await readJobOf(redis, at, jobId);
        const { parent, children } = await flowOf(redis, context, at, job);
        return Object.assign({ state: job.state, parent, children, lineage }, job.row);
      });
    },
    payload(context: RequestContext, id: string, jobId: string): Promise<JobPayload> {
      const at = places.find(context, id);
      return connections.use(at.server, (redis) => readPayloadOf(redis, at, jobId));
    },
    logs(
      context: RequestContext,
      id: string,
      jobId: string,
      query: EndpointParsed<typeof readJobLogs>["query"],
    ): Promise<JobLogs> {
      const at = places.find(context, id);
      return connections.use(at.server, (redis) => readLogsOf(redis, at, jobId, query));
    },
  };
}
export type JobsService = ReturnType<typeof createJobsService>;

function lineageOf(
  row: Parameters<typeof queueOperationOf>[0],
  queue: string,
  job: string,
): JobDetail["lineage"][number] {
  const { operationId, kind, by, requestedAt, outcomes, queue: actedOn } = queueOperationOf(row);
  const source = outcomes.find(({ made }) => made?.queue === queue && made.id === job);
  const mine = actedOn === queue ? outcomes.find((each) => each.job === job) : undefined;
  return {
    operation: operationId,
    kind,
    by,
    at: requestedAt,
    outcome: mine?.outcome ?? source?.outcome ?? "no answer",
    copyOf: source?.job == null ? null : { queue: actedOn, id: source.job },
    copiedTo: mine?.made ?? null,
  };
}
