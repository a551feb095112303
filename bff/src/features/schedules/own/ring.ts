import { Queue, Worker } from "bullmq";
import type { Redis } from "ioredis";
import type { Logger } from "pino";
import type { OwnScheduleDeclaration } from "#lib/own-schedules.ts";

/** BullMQ queue of the rings, and its prefix. */
const ringQueue = { name: "schedules", prefix: "wheelhouse" } as const;

export const isRingQueue = ({ prefix, name }: { prefix: string; name: string }) =>
  prefix === ringQueue.prefix && name === ringQueue.name;

/** Rings at once, in whichever worker is free. Without Redis nothing rings, and the workers' own look finds the run. */
export function createBell(redis: Redis, log: Logger) {
  const queue = new Queue(ringQueue.name, {
    connection: redis,
    prefix: ringQueue.prefix,
    skipVersionCheck: true,
    skipWaitingForReady: true,
    defaultJobOptions: { attempts: 1, removeOnComplete: true, removeOnFail: { count: 10 } },
  });
  queue.on("error", (err) => log.debug({ err }, "schedule queue error"));
  return {
    async ring(name: string): Promise<void> {
      if (redis.status !== "ready") return;
      await queue.add(name, {}).catch((err: unknown) => log.debug({ err }, "could not ring for a schedule"));
    },
    /** Sets the job schedulers of all own schedules, and removes those of former versions. */
    async set(schedules: readonly OwnScheduleDeclaration[]): Promise<void> {
      if (redis.status !== "ready") return;
      const rung = schedules.flatMap(({ name, pattern }) => (pattern === null ? [] : [{ name, pattern }]));
      for (const { name, pattern } of rung)
        await queue.upsertJobScheduler(name, { pattern, tz: "UTC" }, { name });
      for (const { key } of await queue.getJobSchedulers(0, 200))
        if (!rung.some(({ name }) => name === key)) await queue.removeJobScheduler(key);
    },
    close: () => queue.close(),
  };
}

/** Calls `onRing` whenever a schedule rings. @param redis a connection that waits for Redis (`blocking`). */
export function listenForRings({
  redis,
  onRing,
  log,
}: {
  redis: Redis;
  onRing(): Promise<void>;
  log: Logger;
}) {
  const worker = new Worker(
    ringQueue.name,
    async () => {
      await onRing();
    },
    {
      connection: redis,
      prefix: ringQueue.prefix,
      skipVersionCheck: true,
      skipWaitingForReady: true,
      concurrency: 1,
      drainDelay: 5,
      removeOnComplete: { count: 0 },
      maxStalledCount: 1_000,
    },
  );
  worker.on("error", (err) => log.debug({ err }, "schedule worker error"));
  return worker;
}
