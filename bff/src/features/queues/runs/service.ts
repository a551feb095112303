import type { EndpointParsed, EndpointResult } from "@wheelhouse/shared/endpoint.ts";
import {
  type JobRun,
  type JobRunDetail,
  type JobRunFilter,
  type listJobRuns,
  type startJobRun,
  statesOfAct,
} from "@wheelhouse/shared/queues/runs.ts";
import type { LaneChange } from "@wheelhouse/shared/runs.ts";
import { z } from "zod";
import { decodeCursor, encodeCursor } from "#lib/http/cursor.ts";
import { AppError, invalidField, notFound } from "#lib/http/errors.ts";
import type { RequestContext } from "#lib/http/request-context.ts";
import type { StreamedFile } from "#lib/http/route.ts";
import { type Runs, resultFile } from "#runs/runs.ts";
import { assertWritable, type Places, type QueuePlace } from "../jobs/jobs.ts";
import type { JobRunTarget } from "./freeze.ts";
import type { createJobRunKind, JobRunConfig, JobRunWish } from "./kind.ts";
import { type JobRunsStore, jobRunDetailOf, jobRunView } from "./store.ts";

type JobRunsOptions = {
  runs: Runs;
  kind: ReturnType<typeof createJobRunKind>;
  store: JobRunsStore;
  config: JobRunConfig;
  places: Pick<Places, "find">;
};

const resultPage = 1_000;
const place = z.object({ createdAt: z.iso.datetime(), id: z.uuid() });

/** Runs on jobs as people control them. */
export function createJobRunService({ runs, kind, store, config, places }: JobRunsOptions) {
  const run = runs.of(kind);

  async function read(id: string, { organization }: RequestContext): Promise<JobRunDetail> {
    const whole = await store.read(organization.id, id);
    if (!whole) throw notFound("run");
    return jobRunDetailOf(whole, config);
  }

  function targetOf(filter: JobRunFilter, context: RequestContext): JobRunTarget {
    const queue = places.find(context, filter.queue);
    assertWritable(queue);
    if (!statesOfAct[filter.act].includes(filter.state))
      throw invalidField(
        "body.state",
        `must be one of ${statesOfAct[filter.act].join(", ")} to ${filter.act} jobs`,
      );
    if (filter.error && filter.state !== "failed")
      throw invalidField("body.error", "only failed jobs have a cause; choose the state failed");
    const to = filter.act === "move" ? moveTarget(filter, queue, context) : null;
    return {
      source: queue.server.source.id,
      base: queue.base,
      queueName: queue.queue.name,
      to: to && { base: to.base, name: to.queue.name },
    };
  }

  function moveTarget({ to: id }: JobRunFilter, queue: QueuePlace, context: RequestContext): QueuePlace {
    if (!id) throw invalidField("body.to", "name the queue to move the jobs to");
    const to = places.find(context, id);
    assertWritable(to);
    if (to.base === queue.base && to.server.source.id === queue.server.source.id)
      throw invalidField("body.to", "must be another queue");
    // Only within one server can a job leave one queue and enter the other at the same moment.
    if (to.server.source.id !== queue.server.source.id)
      throw new AppError(
        "conflict",
        `Many jobs move within one Redis server; ${to.queue.name} is on ${to.server.source.name}. Move single jobs instead.`,
      );
    return to;
  }

  return {
    read,
    /** Carries runs out; in every worker. */
    process: run.process,

    async list(
      { queue, cursor, limit }: EndpointParsed<typeof listJobRuns>["query"],
      { organization }: RequestContext,
    ): Promise<EndpointResult<typeof listJobRuns>> {
      const rows = await store.list(organization.id, queue, decodeCursor(cursor, place), limit + 1);
      const last = rows[limit - 1];
      return {
        items: rows.slice(0, limit).map(jobRunView),
        nextCursor:
          rows.length > limit && last
            ? encodeCursor({ createdAt: last.created_at.toISOString(), id: last.id })
            : null,
      };
    },

    readHeads: async (organizationId: string, ids: readonly string[]): Promise<JobRun[]> =>
      ids.length === 0 ? [] : (await store.byIds(organizationId, ids)).map(jobRunView),

    /** Takes a snapshot of the current matches. */
    async plan(filter: JobRunFilter, context: RequestContext): Promise<JobRunDetail> {
      const wish: JobRunWish = { filter, target: targetOf(filter, context) };
      return read(await run.plan(wish, context), context);
    },
    async start({ canary, ...body }: EndpointParsed<typeof startJobRun>["body"], context: RequestContext) {
      const { act } = await read(body.planId, context);
      // Other acts have no outcome that a canary could wait for.
      await run.start({ ...body, canary: act === "retry" ? (canary ?? config.canary) : 0 }, context);
      return read(body.planId, context);
    },
    async pause(id: string, context: RequestContext) {
      await run.pause(id, context);
      return read(id, context);
    },
    async resume(id: string, context: RequestContext) {
      await run.resume(id, context);
      return read(id, context);
    },
    /** Pauses, resumes or leaves out one cause, or gives it a rate of its own. */
    async steer(id: string, laneId: string, change: LaneChange, context: RequestContext) {
      await run.lane(id, laneId, change, context);
      return read(id, context);
    },
    /** What became of each job, as CSV. */
    async result(id: string, context: RequestContext): Promise<StreamedFile> {
      await read(id, context);
      return resultFile({
        name: `job-run-${id}.csv`,
        columns: ["job", "name", "outcome", "why"],
        read: (after: number | null) => store.result(context.organization.id, id, after, resultPage),
        placeOf: ({ place: at }) => at,
        cells: (row) => [row.job_id, row.job_name, row.state, row.why],
      });
    },
    async cancel(id: string, context: RequestContext) {
      await run.cancel(id, context);
      return read(id, context);
    },
  };
}
export type JobRunService = ReturnType<typeof createJobRunService>;
