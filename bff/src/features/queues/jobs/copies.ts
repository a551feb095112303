import type { JobOptions } from "@wheelhouse/shared/queues/job-acts.ts";
import type { JobsOptions } from "bullmq";
import type { Redis } from "ioredis";
import { z } from "zod";
import { AppError } from "#lib/http/errors.ts";
import type { JobConnections } from "./connections.ts";
import { type Library, withLibrary } from "./library.ts";
import type { QueuePlace } from "./places.ts";

/** A moved job waits so long in its new queue for the old one to be removed, so that no worker has both. */
const holdMs = 30_000;

const kept = z.object({
  attempts: z.number().optional(),
  backoff: z
    .union([z.number(), z.object({ type: z.string(), delay: z.number().optional() }).loose()])
    .optional(),
  lifo: z.boolean().optional(),
  removeOnComplete: z.union([z.boolean(), z.number(), z.looseObject({})]).optional(),
  removeOnFail: z.union([z.boolean(), z.number(), z.looseObject({})]).optional(),
  stackTraceLimit: z.number().optional(),
  /** `keepLogs`, as BullMQ writes it. */
  kl: z.number().optional(),
});

type Original = {
  name: string;
  data: unknown;
  options: JobsOptions;
  parentKey: string | null;
  dueMs: number | null;
};

const refused = (text: string) => new AppError("conflict", text);

function parsedOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw refused("Its data is not JSON");
  }
}

async function originalOf(redis: Redis, base: string, id: string, data: string | null): Promise<Original> {
  const [[name, stored, opts, priority, parentKey], score] = await Promise.all([
    redis.hmget(`${base}${id}`, "name", "data", "opts", "priority", "parentKey"),
    redis.zscore(`${base}delayed`, id),
  ]);
  if (name == null || stored == null) throw refused("The job no longer exists");
  const read = kept.safeParse(parsedOf(opts ?? "{}"));
  const { kl, ...options } = read.success ? read.data : {};
  return {
    name,
    data: parsedOf(data ?? stored),
    parentKey: parentKey ?? null,
    dueMs: score === null ? null : Math.floor(Number(score) / 4096),
    options: Object.assign(options as JobsOptions, {
      ...(kl === undefined ? {} : { keepLogs: kl }),
      ...(Number(priority) > 0 ? { priority: Number(priority) } : {}),
    }),
  };
}

const optionsOf = (given: JobOptions): JobsOptions => {
  const { delayMs, backoffMs, backoff, priority, attempts, lifo, jobId } = given;
  return {
    ...(delayMs === undefined ? {} : { delay: delayMs }),
    ...(priority === undefined ? {} : { priority }),
    ...(attempts === undefined ? {} : { attempts }),
    ...(lifo === undefined ? {} : { lifo }),
    ...(jobId === undefined ? {} : { jobId }),
    ...(backoffMs === undefined ? {} : { backoff: { type: backoff ?? "fixed", delay: backoffMs } }),
  };
};

/** Adds a job. @throws AppError `conflict` if its id is taken: BullMQ would do nothing, silently. */
export async function addTo(
  redis: Redis,
  at: QueuePlace,
  job: { name: string; data: string; options: JobOptions },
): Promise<string> {
  const { jobId } = job.options;
  if (jobId !== undefined && (await redis.exists(`${at.base}${jobId}`)) === 1)
    throw refused(`The queue has a job with the id ${jobId.slice(0, 100)} already`);
  return withLibrary(redis, at, async ({ queue }) => {
    const added = await queue.add(job.name, parsedOf(job.data), optionsOf(job.options));
    return String(added.id);
  });
}

/** Adds a job again under a new id. Its place in a flow and its deduplication key stay with the original. */
export async function copyOf({
  redis,
  at,
  library,
  id,
  data,
  removeOriginal,
}: {
  redis: Redis;
  at: QueuePlace;
  library: Library;
  id: string;
  data: string | null;
  removeOriginal: boolean;
}) {
  const original = await originalOf(redis, at.base, id, data);
  const added = await library.queue.add(original.name, original.data, original.options);
  const made = { queue: at.id, id: String(added.id) };
  if (!removeOriginal) return { detail: null, made };
  try {
    await library.job(id).remove();
    return { detail: null, made };
  } catch {
    return { detail: "It was copied; the original could not be removed, because a worker holds it", made };
  }
}

/**
 * Moves a job: it is added to the other queue with a delay, removed here, and released there. If it cannot be removed,
 * because a worker took it meanwhile, the new one is removed before its delay ends.
 */
export async function moveJob({
  redis,
  at,
  library,
  id,
  to,
  connections,
}: {
  redis: Redis;
  at: QueuePlace;
  library: Library;
  id: string;
  state: string;
  to: QueuePlace;
  connections: JobConnections;
}) {
  const { name, data, options, parentKey, dueMs } = await originalOf(redis, at.base, id, null);
  if (parentKey !== null) throw refused("The job belongs to a flow");
  if ((await redis.exists(`${at.base}${id}:dependencies`, `${at.base}${id}:processed`)) > 0)
    throw refused("The job is the parent of a flow");
  return connections.use(to.server, (there) =>
    withLibrary(there, to, async (target) => {
      const delay = Math.max(holdMs, dueMs === null ? 0 : dueMs - Date.now());
      const added = await target.queue.add(name, data, Object.assign({}, options, { delay }));
      const made = { queue: to.id, id: String(added.id) };
      try {
        await library.job(id).remove();
      } catch (error) {
        await target.job(made.id).remove();
        throw error;
      }
      if (dueMs === null) await target.job(made.id).promote();
      else await target.job(made.id).changeDelay(Math.max(0, dueMs - Date.now()));
      return made;
    }),
  );
}
