import { setTimeout as delay } from "node:timers/promises";
import { DelayedError, type Job, Queue, Worker } from "bullmq";
import type { Redis } from "ioredis";
import type { Logger } from "pino";
import { z } from "zod";
import type { Clock } from "#lib/time/clock.ts";
import type { WebhooksConfig } from "../config.ts";
import { webhooksKeys } from "../keys.ts";

/** One attempt of one delivery; the worker reads everything else from Postgres when the job runs. */
const attemptRef = z.object({
  deliveryId: z.uuid(),
  endpointId: z.uuid(),
  generation: z.number().int(),
  attempt: z.number().int(),
});
export type AttemptRef = z.infer<typeof attemptRef>;

export const jobIdOf = ({ deliveryId, generation, attempt }: AttemptRef) =>
  `${deliveryId}_${generation}_${attempt}`;

/** `done`: the job is finished. `later`: run the same job again at the given time. */
export type Delivered = { kind: "done" } | { kind: "later"; atMs: number };

export type Doorbell = {
  /**
   * Creates jobs for attempts. Never throws: without Redis it does nothing, and the sweeper finds the rows
   * once they are due.
   */
  ring(attempts: readonly (AttemptRef & { delayMs: number })[]): Promise<void>;
  /** Replaces the job of a later attempt by one that runs now; without Redis, the sweeper does. */
  hurry(attempt: AttemptRef): Promise<void>;
  close(): Promise<void>;
};

/** BullMQ queue `webhook-delivery`: it only wakes workers and decides nothing. An existing job is not duplicated. */
export function createDoorbell(redis: Redis, log: Logger): Doorbell {
  const queue = new Queue<AttemptRef>(webhooksKeys.queue, {
    connection: redis,
    prefix: webhooksKeys.queuePrefix,
    skipVersionCheck: true,
    skipWaitingForReady: true,
    defaultJobOptions: { attempts: 1, removeOnComplete: true, removeOnFail: true },
  });
  queue.on("error", (err) => log.debug({ err }, "delivery queue error"));
  const doorbell: Doorbell = {
    async hurry(attempt) {
      if (redis.status !== "ready") return;
      // A job that runs already cannot be removed, and need not be.
      await queue.remove(jobIdOf(attempt)).catch(() => {});
      const { deliveryId, endpointId, generation, attempt: number } = attempt;
      await doorbell.ring([{ deliveryId, endpointId, generation, attempt: number, delayMs: 0 }]);
    },
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
          "could not create delivery jobs; the sweeper will create them",
        );
      }
    },
    close: () => queue.close(),
  };
  return doorbell;
}

/** `closing`: nothing new may be claimed; `abort`: what is under way ends now. */
export type StopSignals = { closing: AbortSignal; abort: AbortSignal };

type WorkerOptions = {
  /** A connection that waits for Redis instead of failing (`blocking`). */
  redis: Redis;
  deliver(ref: AttemptRef, signals: StopSignals): Promise<Delivered>;
  config: WebhooksConfig;
  clock: Clock;
  log: Logger;
};

/** Passes jobs to `deliver` and tracks those in progress; after `refuse`, it postpones every job instead. */
function createDeliveries({ deliver, clock, log }: Pick<WorkerOptions, "deliver" | "clock" | "log">) {
  const abort = new AbortController();
  const closing = new AbortController();
  const signals = { closing: closing.signal, abort: abort.signal };
  const running = new Set<Promise<unknown>>();
  return {
    async process(job: Job<AttemptRef>, token?: string): Promise<void> {
      const ref = attemptRef.safeParse(job.data);
      if (!ref.success) {
        log.warn({ jobId: job.id }, "dropped an invalid job from the delivery queue");
        return;
      }
      const delivery = closing.signal.aborted
        ? Promise.resolve<Delivered>({ kind: "later", atMs: clock.now() })
        : deliver(ref.data, signals);
      running.add(delivery);
      const delivered = await delivery.finally(() => running.delete(delivery));
      if (delivered.kind === "done") return;
      await job.moveToDelayed(Date.now() + Math.max(1, Math.round(delivered.atMs - clock.now())), token);
      throw new DelayedError();
    },
    refuse(): void {
      closing.abort();
    },
    async finished(): Promise<void> {
      while (running.size > 0) await Promise.allSettled(running);
    },
    /** Waits for the jobs in progress at the time of the call. */
    async abort(): Promise<void> {
      abort.abort();
      await Promise.allSettled(running);
    },
  };
}

/**
 * Runs jobs from the delivery queue. `drain` stops taking jobs and waits up to `drainMs`; `stop` aborts the
 * remaining attempts and stores their outcomes as unknown.
 */
export function startDeliveryWorker({ redis, deliver, config, clock, log }: WorkerOptions) {
  const deliveries = createDeliveries({ deliver, clock, log });
  const worker = new Worker<AttemptRef>(webhooksKeys.queue, deliveries.process, {
    connection: redis,
    prefix: webhooksKeys.queuePrefix,
    concurrency: config.jobs,
    lockDuration: config.jobLockMs,
    stalledInterval: config.jobLockMs,
    // Postgres counts attempts, so BullMQ may rerun a job whose worker died as often as needed.
    maxStalledCount: 1_000_000,
    // BullMQ's default of 15 s would delay deliveries after a Redis outage.
    runRetryDelay: 500,
    removeOnComplete: { count: 0 },
    removeOnFail: { count: 0 },
  });
  worker.on("error", (err) => log.debug({ err }, "delivery worker error"));

  return {
    async drain() {
      deliveries.refuse();
      const paused = worker.pause(true).catch(() => {});
      const finished = paused.then(deliveries.finished);
      const timer = new AbortController();
      await Promise.race([
        finished,
        delay(config.drainMs, undefined, { signal: timer.signal }).catch(() => {}),
      ]);
      timer.abort();
    },
    async stop() {
      await Promise.race([deliveries.abort(), delay(1_000, undefined, { ref: false })]);
      // Without Redis, a graceful close would wait for it; the connection's owner closes the connection.
      await Promise.race([
        worker.close(redis.status !== "ready").catch(() => {}),
        delay(1_000, undefined, { ref: false }),
      ]);
    },
  };
}
