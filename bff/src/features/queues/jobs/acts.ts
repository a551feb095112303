import { jobsOfActMax } from "@wheelhouse/shared/queues/job-acts.ts";
import type { JobState } from "@wheelhouse/shared/queues/jobs.ts";
import type { Redis } from "ioredis";
import type { KeptReply } from "#database/table-overrides.ts";
import { isUnavailable } from "#lib/http/errors.ts";
import { accessRefusalOf } from "#lib/redis/redis.ts";
import type { JobConnections } from "./connections.ts";
import { copyOf, moveJob } from "./copies.ts";
import { type JobStanding, standingsOf } from "./job-state.ts";
import { type Library, withLibrary } from "./library.ts";
import { assertWritable, type QueuePlace } from "./places.ts";

/** What is done to each job of a batch. */
export type JobAct =
  | { do: "retry"; resetAttempts: boolean }
  | { do: "promote" }
  | { do: "remove" }
  | { do: "delay"; delayMs: number }
  | { do: "priority"; priority: number }
  | { do: "move"; to: QueuePlace }
  | { do: "copy"; data: string | null; removeOriginal: boolean };

/** A job to act on. With `finishedOn`, it is left alone if it has failed or completed anew since that moment (in ms). */
export type AskedJob = { id: string; finishedOn?: number };

export type JobOutcome = {
  id: string;
  /** `no answer`: the server did not answer, so that nobody knows whether it was done. */
  outcome: "done" | "refused" | "no answer";
  /** What happened instead, or besides. */
  detail: string | null;
  made: { queue: string; id: string } | null;
};

const atOnce = 25;
const allowed: Record<JobAct["do"], readonly (JobState | "unknown")[]> = {
  retry: ["failed", "completed"],
  promote: ["delayed"],
  remove: [
    "waiting",
    "prioritized",
    "delayed",
    "completed",
    "failed",
    "waiting-children",
    "paused",
    "unknown",
  ],
  delay: ["delayed"],
  priority: ["waiting", "prioritized", "delayed", "paused"],
  move: ["waiting", "prioritized", "delayed", "failed", "paused"],
  copy: [
    "waiting",
    "prioritized",
    "delayed",
    "active",
    "completed",
    "failed",
    "waiting-children",
    "paused",
    "unknown",
  ],
};
const stateWords: Record<JobState | "unknown", string> = {
  waiting: "is waiting",
  prioritized: "is waiting with a priority",
  delayed: "is delayed",
  active: "is active",
  completed: "has completed",
  failed: "has failed",
  "waiting-children": "waits for its children",
  paused: "waits in the paused queue",
  unknown: "is in no list of its queue",
};
const goneText = "The job no longer exists";

/** Why an act cannot be done to a job as it stands; null if it can. */
export function refusalOf(act: JobAct, standing: JobStanding | null, asked: AskedJob): string | null {
  if (standing === null) return goneText;
  const { state, finishedOn, schedule } = standing;
  if (!allowed[act.do].includes(state)) return `The job ${stateWords[state]}`;
  if (asked.finishedOn !== undefined && finishedOn !== asked.finishedOn)
    return `The job ${state === "failed" ? "failed again" : "finished again"} since`;
  if (schedule !== null && ["remove", "delay", "move"].includes(act.do))
    return `The job is the next run of the schedule ${schedule}`;
  return null;
}

/** Does one act to one job. A job that has changed since it was looked at is refused by BullMQ's own script. */
async function doTo(
  redis: Redis,
  at: QueuePlace,
  library: Library,
  { id }: AskedJob,
  act: JobAct,
  { state, isLifo }: JobStanding,
  connections: JobConnections,
): Promise<Pick<JobOutcome, "detail" | "made">> {
  const job = library.job(id, { lifo: isLifo });
  const nothing = { detail: null, made: null };
  switch (act.do) {
    case "retry":
      await job.retry(state === "completed" ? "completed" : "failed", {
        resetAttemptsMade: act.resetAttempts,
        resetAttemptsStarted: act.resetAttempts,
      });
      return nothing;
    case "promote":
      await job.promote();
      return nothing;
    case "remove":
      await job.remove();
      return nothing;
    case "delay":
      await job.changeDelay(act.delayMs);
      return nothing;
    case "priority":
      await job.changePriority({ priority: act.priority });
      return nothing;
    case "move":
      return {
        detail: null,
        made: await moveJob({ redis, at, library, id, state, to: act.to, connections }),
      };
    case "copy":
      return copyOf({ redis, at, library, id, data: act.data, removeOriginal: act.removeOriginal });
  }
}

async function outcomeOf(
  redis: Redis,
  base: string,
  asked: AskedJob,
  act: JobAct,
  work: () => ReturnType<typeof doTo>,
): Promise<JobOutcome> {
  const { id } = asked;
  try {
    return Object.assign({ id, outcome: "done" as const }, await work());
  } catch (error) {
    const refusal = accessRefusalOf(redis, error);
    if (refusal !== null)
      return { id, outcome: "refused", detail: `The server refused: ${refusal.slice(0, 200)}`, made: null };
    if (isUnavailable(error))
      return { id, outcome: "no answer", detail: "The server did not answer in time", made: null };
    const [standing] = await standingsOf(redis, base, [id]).catch(() => [undefined]);
    const now = standing === undefined ? null : refusalOf(act, standing, { id });
    const words = error instanceof Error ? error.message.slice(0, 250) : "It could not be done";
    const locked = /locked/i.test(words) ? "A worker holds the job" : words;
    return { id, outcome: "refused", detail: now ?? locked, made: null };
  }
}

/**
 * Acts on up to 200 jobs of one queue with BullMQ's own scripts, and says what happened to each, in their order.
 * Priorities, delays and schedules survive.
 *
 * @throws AppError `conflict` if the source is read-only, `unavailable` if its server does not respond at all.
 */
export function createJobActs({ connections }: { connections: JobConnections }) {
  return async (at: QueuePlace, asked: readonly AskedJob[], act: JobAct): Promise<JobOutcome[]> => {
    if (asked.length > jobsOfActMax) throw new RangeError(`At most ${jobsOfActMax} jobs at once`);
    assertWritable(at);
    if (act.do === "move") assertWritable(act.to);
    return connections.use(at.server, async (redis) => {
      const standings = await standingsOf(
        redis,
        at.base,
        asked.map(({ id }) => id),
      );
      return withLibrary(redis, at, async (library) => {
        const outcomes: JobOutcome[] = [];
        for (let start = 0; start < asked.length; start += atOnce) {
          const some = asked.slice(start, start + atOnce).map((job, index) => {
            const standing = standings[start + index] ?? null;
            const refusal = refusalOf(act, standing, job);
            if (refusal !== null || standing === null)
              return { id: job.id, outcome: "refused" as const, detail: refusal ?? goneText, made: null };
            return outcomeOf(redis, at.base, job, act, () =>
              doTo(redis, at, library, job, act, standing, connections),
            );
          });
          outcomes.push(...(await Promise.all(some)));
        }
        return outcomes;
      });
    });
  };
}
export type ActOnJobs = ReturnType<typeof createJobActs>;

/** The outcomes as an operation keeps them. */
export const repliesOf = (outcomes: readonly JobOutcome[]): Record<string, KeptReply> =>
  Object.fromEntries(
    outcomes.flatMap(({ id, outcome, detail, made }) =>
      outcome === "no answer"
        ? []
        : [[id, { outcome: outcome === "done" ? "obeyed" : "refused", detail, count: null, made }]],
    ),
  );
