import { setTimeout as sleep } from "node:timers/promises";
import { type Job, type JobsOptions, Queue, type RepeatOptions, UnrecoverableError, Worker } from "bullmq";
import { Redis } from "ioredis";
import type { Log } from "../program.ts";

const depthLimit = 400;
const depthCheckMs = 10_000;

/** The behaviour of one queue's worker: uniformly distributed run time, random failures with a plausible message. */
export type Work = {
  concurrency: number;
  minMs: number;
  maxMs: number;
  /** 0–1 per attempt. */
  failureRatio: number;
  failures: readonly string[];
  /** The share of failures (0–1) that no further attempt can fix. */
  hopelessRatio?: number;
  /** Why this job can never be done; null if it can. */
  poison?: (data: Record<string, unknown>) => string | null;
  /** What a job logs at each of its three steps. */
  tells?: (step: number, of: number) => string;
  /** Follow-up jobs of a finished job. */
  andThen?: (data: Record<string, unknown>) => void;
};

export type Line = {
  name: string;
  add: (jobName: string, data: Record<string, unknown>, options?: JobsOptions) => void;
  addBulk: (jobName: string, data: Record<string, unknown>[]) => void;
  /** Makes a job again and again, by a scheduler of this name. */
  schedule: (name: string, repeat: Omit<RepeatOptions, "key">, options?: JobsOptions) => void;
  pause: () => Promise<void>;
  resume: () => Promise<void>;
  /** Takes the worker away, like a crashed deployment. */
  dismissWorker: () => Promise<void>;
  hireWorker: () => void;
  close: () => Promise<void>;
};

/** Connection for adding jobs: fails at once while Redis is away, so that nothing piles up in memory. */
export const createShopRedis = (url: string, log: Log): Redis => {
  const redis = new Redis(url, {
    maxRetriesPerRequest: 0,
    enableOfflineQueue: false,
    commandTimeout: 3000,
    retryStrategy: (attempt) => Math.min(attempt * 100, 2000),
    connectionName: "shop",
  });
  redis.on("error", (error) => log(`Redis: ${error.message}`));
  return redis;
};

const defaults: JobsOptions = {
  attempts: 3,
  backoff: { type: "exponential", delay: 4000, jitter: 0.5 },
  removeOnComplete: { count: 200 },
  removeOnFail: { count: 60 },
};

/**
 * One queue with its worker. Jobs are not added while more than 400 wait (checked every 10 s), so that a worker which
 * stays away cannot fill Redis.
 */
export const createLine = (
  {
    name,
    prefix,
    redis,
    redisUrl,
    log,
  }: { name: string; prefix: string; redis: Redis; redisUrl: string; log: Log },
  work: Work,
): Line => {
  const queue = new Queue(name, { connection: redis, prefix, defaultJobOptions: defaults });
  queue.on("error", (error) => log(`queue ${name}: ${error.message}`));
  let full = false;
  const depthCheck = setInterval(() => {
    queue.getJobCounts("wait", "prioritized", "delayed").then(
      (counts) => {
        full = Object.values(counts).reduce((sum, count) => sum + count, 0) > depthLimit;
      },
      () => {},
    );
  }, depthCheckMs);

  const run = async (job: Job<Record<string, unknown>>) => {
    const { data } = job;
    const spanMs = work.minMs + Math.random() * (work.maxMs - work.minMs);
    const steps = work.tells === undefined ? 1 : 3;
    for (let step = 1; step <= steps; step += 1) {
      await sleep(spanMs / steps);
      if (work.tells === undefined) continue;
      await job.log(work.tells(step, steps));
      await job.updateProgress(Math.round((step / steps) * 100));
    }
    const fault = work.poison?.(data) ?? null;
    if (fault !== null) throw new Error(fault);
    if (Math.random() < work.failureRatio) {
      const message = work.failures[Math.floor(Math.random() * work.failures.length)] ?? "failed";
      throw Math.random() < (work.hopelessRatio ?? 0) ? new UnrecoverableError(message) : new Error(message);
    }
    work.andThen?.(data);
    return { ok: true };
  };
  const hire = () => {
    const worker = new Worker<Record<string, unknown>>(name, run, {
      name: `shop-${name}`,
      connection: { url: redisUrl, maxRetriesPerRequest: null, connectionName: `shop-${name}` },
      prefix,
      concurrency: work.concurrency,
      stalledInterval: 30_000,
    });
    worker.on("error", (error) => log(`worker of ${name}: ${error.message}`));
    return worker;
  };
  let worker: Worker | null = hire();
  const lost = (error: unknown) => log(`queue ${name}: could not add: ${String(error)}`);

  return {
    name,
    add: (jobName, data, options) => {
      if (!full) queue.add(jobName, data, options).catch(lost);
    },
    addBulk: (jobName, data) => {
      if (!full) queue.addBulk(data.map((one) => ({ name: jobName, data: one }))).catch(lost);
    },
    schedule: (scheduler, repeat, options) => {
      queue.upsertJobScheduler(scheduler, repeat, { name: scheduler, opts: { ...options } }).catch(lost);
    },
    pause: () => queue.pause().catch(lost),
    resume: () => queue.resume().catch(lost),
    dismissWorker: async () => {
      const leaving = worker;
      worker = null;
      await leaving?.close();
    },
    hireWorker: () => {
      worker ??= hire();
    },
    close: async () => {
      clearInterval(depthCheck);
      await worker?.close();
      await queue.close();
    },
  };
};
