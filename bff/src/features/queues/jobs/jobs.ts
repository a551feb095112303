import { type Core, everyRole, type Feature } from "#lib/feature.ts";
import type { RequestContext } from "#lib/http/request-context.ts";
import type { AddressFilter } from "#lib/security/address-filter.ts";
import type { SnapshotStore } from "#observe/spread/spread.ts";
import { actRoutes } from "./act-routes.ts";
import { type ActNeeds, createActService } from "./act-service.ts";
import { type AskedJob, createJobActs, type JobOutcome } from "./acts.ts";
import { createJobConnections, type JobServer } from "./connections.ts";
import { createPlaces } from "./places.ts";
import { jobsRoutes } from "./routes.ts";
import { createJobsService, type EffectsOfJob } from "./service.ts";

export type JobsNeeds = ActNeeds & {
  /** The newest acts on a job of a queue, and those that made it. */
  effectsOfJob: EffectsOfJob;
  snapshots: SnapshotStore;
  /** The watched Redis servers of all organizations. */
  redisServers(): readonly JobServer[];
  /** Which addresses the servers of others may have. */
  filter: AddressFilter;
};

export type { AskedJob, JobOutcome } from "./acts.ts";
export { createJobConnections, type JobConnections, type JobServer } from "./connections.ts";
export { isFormer } from "./library.ts";
export { assertWritable, type Places, type QueuePlace } from "./places.ts";
/** What a run does to each of its jobs. */
export type BatchAct =
  | { do: "retry"; resetAttempts: boolean }
  | { do: "promote" }
  | { do: "remove" }
  | { do: "delay"; delayMs: number }
  | { do: "priority"; priority: number }
  | { do: "move"; to: string };

/** Jobs of the watched BullMQ queues: one can read them, and act on them. */
export function createJobs(
  core: Pick<Core, "log" | "sharedReads">,
  { snapshots, redisServers, filter, runEffect, readEffect, effectsOfJob }: JobsNeeds,
) {
  const connections = createJobConnections({ log: core.log, filter });
  const places = createPlaces({ snapshots, servers: redisServers });
  const service = createJobsService({ places, connections, effectsOfJob, shared: core.sharedReads.open() });
  const actOnJobs = createJobActs({ connections });
  const acts = createActService({ places, connections, actOnJobs, runEffect, readEffect });
  const feature = {
    routes(api) {
      jobsRoutes(api, service);
      actRoutes(api, acts);
    },
    processes: [
      {
        in: everyRole,
        start: async () => ({ drain: async () => {}, stop: async () => connections.stop() }),
      },
    ],
  } satisfies Feature;
  return {
    ...feature,
    places,
    connections,
    /**
     * Acts on at most 200 jobs of one queue and says what happened to each, in their order. It writes no audit event:
     * the caller is a run, which has its own. A job with `finishedOn` is left alone if it has finished anew since. It
     * is safe to repeat: a job that is done already is refused, except for `delay` and `priority`, which set the same.
     *
     * @throws AppError `not_found` for a queue that is gone, `conflict` for a read-only source, `unavailable` while the
     * server does not respond; nothing was done then.
     */
    actOnBatch(
      organization: RequestContext["organization"],
      queueId: string,
      jobs: readonly AskedJob[],
      act: BatchAct,
    ): Promise<JobOutcome[]> {
      const at = places.find({ organization }, queueId);
      return actOnJobs(
        at,
        jobs,
        act.do === "move" ? { do: "move", to: places.find({ organization }, act.to) } : act,
      );
    },
  };
}
