import { Job, type JobsOptions, Queue } from "bullmq";
import { type ConnectionOptions, Job as FormerJob, Queue as FormerQueue } from "bullmq-before-6";
import type { Redis } from "ioredis";
import { metaKeyOf, type QueueName } from "../keys.ts";
import type { QueuePlace } from "./places.ts";

/** What acts need of BullMQ; both versions have it. */
type CommonQueue = Pick<
  Queue,
  | "pause"
  | "resume"
  | "drain"
  | "clean"
  | "obliterate"
  | "setGlobalConcurrency"
  | "removeGlobalConcurrency"
  | "setGlobalRateLimit"
  | "removeGlobalRateLimit"
> & { add(name: string, data: unknown, options: JobsOptions): Promise<{ id?: string | undefined }> };
type CommonJob = Pick<Job, "retry" | "promote" | "remove" | "changeDelay" | "changePriority">;

/** One queue, through the BullMQ that fits the programs which use it. */
export type Library = {
  /** As in `6.7.0`; null for a version that does not say it, which is below 5.13. */
  version: string | null;
  queue: CommonQueue;
  /** A job by its id alone: acts need no payload. */
  job(id: string, options?: { lifo?: boolean }): CommonJob;
};

/** BullMQ refuses colons in names, but older versions had them; the keys are the same with the colon in the prefix. */
function nameOf({ prefix, name }: QueueName): QueueName {
  const colon = name.lastIndexOf(":");
  return colon < 0
    ? { prefix, name }
    : { prefix: `${prefix}:${name.slice(0, colon)}`, name: name.slice(colon + 1) };
}

const quiet = () => undefined;

const openOptions = { skipMetasUpdate: true, skipVersionCheck: true } as const;

type Work<T> = (library: Library) => Promise<T>;

/** Runs `work` with BullMQ 6, whatever the queue's programs use. */
export async function withNewest<T>(
  redis: Redis,
  { queue }: QueuePlace,
  version: string | null,
  work: Work<T>,
): Promise<T> {
  const { prefix, name } = nameOf(queue);
  const opened = new Queue(name, Object.assign({ connection: redis, prefix }, openOptions));
  opened.on("error", quiet);
  try {
    return await work({
      version,
      queue: opened,
      job: (id, { lifo = false } = {}) => new Job(opened, "", {}, { lifo }, id),
    });
  } finally {
    await opened.close().catch(quiet);
  }
}

async function withFormer<T>(redis: Redis, { queue }: QueuePlace, version: string | null, work: Work<T>) {
  const { prefix, name } = nameOf(queue);
  // Its types are those of the client's former version, of which it uses what both have.
  const connection = redis as unknown as ConnectionOptions;
  const opened = new FormerQueue(name, Object.assign({ connection, prefix }, openOptions));
  opened.on("error", quiet);
  try {
    return await work({
      version,
      queue: opened,
      job: (id, { lifo = false } = {}) => new FormerJob(opened, "", {}, { lifo }, id),
    });
  } finally {
    await opened.close().catch(quiet);
  }
}

/**
 * Runs `work` with the queue, on a connection that stays open. From 6 on, a paused queue keeps its jobs where they are;
 * before, they lie in a list of their own, so that each kind needs its own BullMQ.
 */
export async function withLibrary<T>(redis: Redis, at: QueuePlace, work: Work<T>): Promise<T> {
  const written = await redis.hget(metaKeyOf(at.base), "version");
  const version = /^bullmq[^:]*:(.+)$/.exec(written ?? "")?.[1] ?? null;
  return isFormer({ version }) ? withFormer(redis, at, version, work) : withNewest(redis, at, version, work);
}

/** A queue that does not say its version may be of any; what is done as before 6 must not harm one of 6. */
export const isFormer = ({ version }: Pick<Library, "version">): boolean =>
  version === null || Number.parseInt(version, 10) < 6;
