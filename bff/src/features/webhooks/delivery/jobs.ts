import { setTimeout as delay } from "node:timers/promises";
import { DelayedError, Queue, Worker } from "bullmq";
import type { Redis } from "ioredis";
import type { Logger } from "pino";
import { z } from "zod";
import type { Clock } from "#lib/time/clock.ts";
import type { WebhooksConfig } from "../config.ts";
import { webhooksKeys } from "../keys.ts";

/** One attempt of one delivery. Everything else is read from Postgres when its time has come. */
const attemptRef = z.object({
  deliveryId: z.uuid(),
  endpointId: z.uuid(),
  generation: z.number().int(),
  attempt: z.number().int(),
});
export type AttemptRef = z.infer<typeof attemptRef>;

export const jobIdOf = ({ deliveryId, generation, attempt }: AttemptRef) =>
  `${deliveryId}_${generation}_${attempt}`;

/** `done`: nothing more for this job. `later`: hand the same job out again then. */
export type Delivered = { kind: "done" } | { kind: "later"; atMs: number };

export type Doorbell = {
  /**
   * Gives attempts their jobs. Never throws: without Redis nothing happens, and the sweeper finds the rows once
   * they are due.
   */
  ring(attempts: readonly (AttemptRef & { delayMs: number })[]): Promise<void>;
  close(): Promise<void>;
};

/** BullMQ queue `webhook-delivery`: wakes workers up, decides nothing. A job that is still there is not doubled. */
export function createDoorbell(redis: Redis, log: Logger): Doorbell {
  const queue = new Queue<AttemptRef>(webhooksKeys.queue, {
    connection: redis,
    prefix: webhooksKeys.queuePrefix,
    skipVersionCheck: true,
    skipWaitingForReady: true,
    defaultJobOptions: { attempts: 1, removeOnComplete: true, removeOnFail: true },
  });
  queue.on("error", (err) => log.debug({ err }, "delivery queue"));
  return {
    async ring(attempts) {
      if (attempts.length === 0 || redis.status !== "ready") return;
      try {
        await queue.addBulk(
          attempts.map(({ delayMs, ...ref }) => ({
            name: "deliver",
            data: ref,
            opts: { jobId: jobIdOf(ref), delay: Math.max(0, Math.round(delayMs)) },
          })),
        );
      } catch (err) {
        log.debug(
          { err, attempts: attempts.length },
          "deliveries got no job; the sweeper will give them one",
        );
      }
    },
    close: () => queue.close(),
  };
}

type WorkerOptions = {
  /** A connection that waits for Redis instead of failing (`blocking`). */
  redis: Redis;
  deliver(ref: AttemptRef, signal: AbortSignal): Promise<Delivered>;
  config: WebhooksConfig;
  clock: Clock;
  log: Logger;
};

const optionsOf = ({ concurrency, jobLockMs }: WebhooksConfig) => ({
  prefix: webhooksKeys.queuePrefix,
  concurrency,
  lockDuration: jobLockMs,
  stalledInterval: jobLockMs,
  // Postgres counts attempts; a job whose worker died is simply handed out again.
  maxStalledCount: 1_000_000,
  // After an outage of Redis, not a quarter of a minute later.
  runRetryDelay: 500,
  removeOnComplete: { count: 0 },
  removeOnFail: { count: 0 },
});

/** Takes jobs of the delivery queue. `drain` stops taking and waits `drainMs`; `stop` aborts the rest and stores it as unknown. */
export function startDeliveryWorker({ redis, deliver, config, clock, log }: WorkerOptions) {
  const abort = new AbortController();
  const running = new Set<Promise<unknown>>();
  let draining = false;

  const worker = new Worker<AttemptRef>(
    webhooksKeys.queue,
    async (job, token) => {
      const ref = attemptRef.safeParse(job.data);
      if (!ref.success) {
        log.warn({ jobId: job.id }, "a job of the delivery queue was not understood and dropped");
        return;
      }
      const delivery = draining
        ? Promise.resolve<Delivered>({ kind: "later", atMs: clock.now() })
        : deliver(ref.data, abort.signal);
      running.add(delivery);
      const delivered = await delivery.finally(() => running.delete(delivery));
      if (delivered.kind === "done") return;
      await job.moveToDelayed(Date.now() + Math.max(1, Math.round(delivered.atMs - clock.now())), token);
      throw new DelayedError();
    },
    { connection: redis, ...optionsOf(config) },
  );
  worker.on("error", (err) => log.debug({ err }, "delivery worker"));

  return {
    async drain() {
      draining = true;
      const paused = worker.pause(true).catch(() => {});
      const finished = (async () => {
        await paused;
        while (running.size > 0) await Promise.allSettled(running);
      })();
      const timer = new AbortController();
      await Promise.race([
        finished,
        delay(config.drainMs, undefined, { signal: timer.signal }).catch(() => {}),
      ]);
      timer.abort();
    },
    async stop() {
      abort.abort();
      await Promise.race([Promise.allSettled(running), delay(1_000, undefined, { ref: false })]);
      // Without Redis BullMQ would wait for it; the connection is closed by whoever made it.
      await Promise.race([
        worker.close(redis.status !== "ready").catch(() => {}),
        delay(1_000, undefined, { ref: false }),
      ]);
    },
  };
}
