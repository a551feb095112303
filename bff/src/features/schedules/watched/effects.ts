import { createHash } from "node:crypto";
import { Queue } from "bullmq";
import type { Redis } from "ioredis";
import { AppError } from "#lib/http/errors.ts";
import type { CommandAct, KeptScheduler } from "./template.ts";

const keptAfterRunSeconds = 3_600;
const keptAfterFailureSeconds = 86_400;

/** Options that belong to one job and not to its template. */
const ofOneJob = new Set(["repeat", "repeatJobKey", "jobId", "delay", "prevMillis", "timestamp"]);

/** The id of a job that a person asked for: the same command adds it once. */
export const askedJobId = (key: string, dueMs: number) =>
  `run-now_${createHash("md5").update(key).digest("hex").slice(0, 12)}_${dueMs}`;

/** Opens a queue without writing its version or settings. */
async function withQueue<T>(
  redis: Redis,
  { name, prefix }: { name: string; prefix: string },
  work: (queue: Queue) => Promise<T>,
): Promise<T> {
  const queue = new Queue(name, {
    connection: redis,
    prefix,
    skipVersionCheck: true,
    skipMetasUpdate: true,
    skipWaitingForReady: true,
  });
  queue.on("error", () => {});
  try {
    return await work(queue);
  } finally {
    await queue.close().catch(() => {});
  }
}

/** Reads a scheduler with the template of its jobs; null if it is gone. */
export function readScheduler(
  redis: Redis,
  { source, queue, key }: { source: string; queue: KeptScheduler["queue"]; key: string },
): Promise<KeptScheduler | null> {
  return withQueue(redis, queue, async (opened): Promise<KeptScheduler | null> => {
    const found = await opened.getJobScheduler(key);
    if (!found) return null;
    const { name, pattern, every, tz, endDate, limit, template, next } = found;
    // Early versions of schedulers kept the template in the next job only.
    const job = template?.data === undefined && next ? await opened.getJob(`repeat:${key}:${next}`) : null;
    const jobOpts = Object.entries(job?.opts ?? {}).filter(([option]) => !ofOneJob.has(option));
    return {
      key,
      jobName: name,
      pattern: pattern ?? null,
      everyMs: every ?? null,
      timeZone: tz ?? null,
      endMs: endDate ?? null,
      limit: limit ?? null,
      data: template?.data ?? job?.data ?? {},
      opts: Object.fromEntries(template?.opts ? Object.entries(template.opts) : jobOpts),
      queue,
      source,
    };
  });
}

async function upsert(queue: Queue, scheduler: KeptScheduler) {
  const { key, jobName, pattern, everyMs, timeZone, endMs, limit, data, opts } = scheduler;
  await queue.upsertJobScheduler(
    key,
    {
      ...(pattern === null ? {} : { pattern }),
      ...(everyMs === null ? {} : { every: everyMs }),
      ...(timeZone === null ? {} : { tz: timeZone }),
      ...(endMs === null ? {} : { endDate: endMs }),
      ...(limit === null ? {} : { limit }),
    },
    { name: jobName, data, opts },
  );
}

/** Carries a command out in Redis; doing it twice has the effect of once. @returns what was done, in words. */
export function carryOut(
  redis: Redis,
  command: "run" | "pause" | "resume" | "edit" | "remove",
  { scheduler, change, dueMs }: CommandAct,
): Promise<string> {
  return withQueue(redis, scheduler.queue, async (queue) => {
    const { key, jobName, data, opts } = scheduler;
    switch (command) {
      case "run":
        await queue.add(
          jobName,
          data,
          // It stays for a while, so that its outcome can be read and the command cannot add it again.
          Object.assign({}, opts, {
            jobId: askedJobId(key, dueMs ?? 0),
            removeOnComplete: { age: keptAfterRunSeconds },
            removeOnFail: { age: keptAfterFailureSeconds },
          }),
        );
        return "Its job was added";
      case "pause":
        await queue.removeJobScheduler(key);
        return "Removed from its Redis; its template is kept here";
      case "remove":
        await queue.removeJobScheduler(key);
        return "Removed from its Redis";
      case "resume":
        await upsert(queue, scheduler);
        return "Put back into its Redis";
      case "edit":
        if (change === null) throw new AppError("conflict", "Nothing to change.");
        await upsert(queue, Object.assign({}, scheduler, change));
        return "Changed";
    }
  });
}
