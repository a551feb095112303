import { setTimeout as delay } from "node:timers/promises";
import { Queue, Worker } from "bullmq";
import type { Redis } from "ioredis";
import type { Logger } from "pino";
import { z } from "zod";

/** BullMQ queue of e-mails; it only wakes workers, the rows in Postgres decide. */
const queueName = "email";
const prefix = "wheelhouse";
const concurrency = 8;
const endWithinMs = 1_500;

const reference = z.object({ id: z.uuid() });

export function createMailQueue(redis: Redis, log: Logger) {
  const queue = new Queue<{ id: string }>(queueName, {
    connection: redis,
    prefix,
    skipVersionCheck: true,
    skipWaitingForReady: true,
    defaultJobOptions: { attempts: 1, removeOnComplete: true, removeOnFail: true },
  });
  queue.on("error", (err) => log.debug({ err }, "e-mail queue error"));
  return {
    /** Adds a job for each; one that exists is not doubled. Never throws: without Redis the sweeper sends them. */
    async ring(ids: readonly string[]) {
      if (ids.length === 0 || redis.status !== "ready") return;
      try {
        await queue.addBulk(ids.map((id) => ({ name: "send", data: { id }, opts: { jobId: id } })));
      } catch (err) {
        log.debug({ err, mails: ids.length }, "could not create e-mail jobs; the sweeper sends them");
      }
    },
    close: () => queue.close(),
  };
}
export type MailQueue = ReturnType<typeof createMailQueue>;

/** Sends e-mails as they ring. @param redis a connection that waits for Redis instead of failing */
export function startMailWorker(redis: Redis, deliver: (id: string) => Promise<unknown>, log: Logger) {
  const worker = new Worker<{ id: string }>(
    queueName,
    async (job) => {
      const read = reference.safeParse(job.data);
      if (read.success) await deliver(read.data.id);
    },
    {
      connection: redis,
      prefix,
      concurrency,
      drainDelay: 1,
      runRetryDelay: 500,
      maxStalledCount: 100,
      removeOnComplete: { count: 0 },
      removeOnFail: { count: 0 },
    },
  );
  worker.on("error", (err) => log.debug({ err }, "e-mail worker error"));
  worker.on("failed", (_job, err) => log.warn({ err }, "an e-mail job failed; the sweeper repeats it"));
  return {
    async drain() {
      await worker.pause();
    },
    /** Without Redis, a graceful close would wait for it. */
    async stop() {
      await Promise.race([
        worker.close(redis.status !== "ready").catch(() => {}),
        delay(endWithinMs, undefined, { ref: false }),
      ]);
    },
  };
}
