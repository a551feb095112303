import { setTimeout as delay } from "node:timers/promises";
import { type Job, Queue, Worker } from "bullmq";
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

/** Jobs fetched at a time while more are waiting: the first and the largest group. */
const group = { first: 8, most: 64 };
const fetchAgainMs = 500;
const fetchWaitSeconds = 1;
const endWithinMs = 1_500;

/** Jobs that this process holds, by id, with the tokens of their locks. */
function createHand({ deliver, config, clock, log }: Omit<WorkerOptions, "redis">) {
  const abort = new AbortController();
  const closing = new AbortController();
  const signals = { closing: closing.signal, abort: abort.signal };
  const held = new Map<string, { token: string; done: Promise<void> }>();
  let onRoom: (() => void) | undefined;

  async function run(job: Job<AttemptRef>, token: string): Promise<void> {
    const ref = attemptRef.safeParse(job.data);
    if (!ref.success) log.warn({ jobId: job.id }, "dropped an invalid job from the delivery queue");
    let delivered: Delivered = { kind: "done" };
    if (ref.success)
      delivered = closing.signal.aborted
        ? { kind: "later", atMs: clock.now() }
        : await deliver(ref.data, signals);
    if (delivered.kind === "done") await job.moveToCompleted(null, token, false);
    else await job.moveToDelayed(Date.now() + Math.max(1, Math.round(delivered.atMs - clock.now())), token);
  }

  return {
    closing: closing.signal,
    room: () => config.jobs - held.size,
    start(job: Job<AttemptRef>, token: string): void {
      const id = job.id ?? "";
      const done = run(job, token)
        // Another worker has it, or Redis lost it: Postgres knows what is still due.
        .catch((err: unknown) => log.debug({ err, jobId: id }, "could not end a delivery job"))
        .finally(() => {
          if (held.get(id)?.done === done) held.delete(id);
          onRoom?.();
        });
      held.set(id, { token, done });
    },
    /** Resolves once fewer jobs are held than may be, or the worker is closing. */
    async untilRoom(): Promise<void> {
      while (held.size >= config.jobs && !closing.signal.aborted)
        await new Promise<void>((resolve) => {
          onRoom = resolve;
          closing.signal.addEventListener("abort", () => resolve(), { once: true });
        });
    },
    locks: () => ({ ids: [...held.keys()], tokens: [...held.values()].map(({ token }) => token) }),
    /** From now on every job goes back. */
    refuse: () => closing.abort(),
    async finished(): Promise<void> {
      while (held.size > 0) await Promise.allSettled([...held.values()].map(({ done }) => done));
    },
    /** Waits for the jobs held at the time of the call. */
    async abort(): Promise<void> {
      abort.abort();
      await Promise.allSettled([...held.values()].map(({ done }) => done));
    },
  };
}

/**
 * Takes jobs until the worker closes. BullMQ's own loop fetches one after the other until its concurrency is filled
 * and starts the first only then, so beside a busy intake nothing would be delivered; here each starts at once, and
 * what waits is fetched in growing groups, so that delivery keeps its share of the process.
 */
async function take(worker: Worker<AttemptRef>, hand: ReturnType<typeof createHand>, log: Logger) {
  let count = 0;
  async function fetchOne(block: boolean): Promise<boolean> {
    count += 1;
    const token = `${worker.id}:${count}`;
    try {
      const job = await worker.getNextJob(token, { block });
      if (job) hand.start(job, token);
      return job !== undefined;
    } catch (err) {
      log.debug({ err }, "could not fetch a delivery job");
      await delay(fetchAgainMs, undefined, { signal: hand.closing }).catch(() => {});
      return false;
    }
  }
  while (!hand.closing.aborted) {
    await hand.untilRoom();
    let isMore = await fetchOne(true);
    for (let size = group.first; isMore && !hand.closing.aborted; size = Math.min(group.most, 2 * size)) {
      const fetched = Array.from({ length: Math.min(size, hand.room()) }, () => fetchOne(false));
      isMore = fetched.length > 0 && (await Promise.all(fetched)).every(Boolean);
    }
  }
}

/**
 * Runs jobs from the delivery queue. `drain` stops taking jobs and waits up to `drainMs`; `stop` aborts the
 * remaining attempts and stores their outcomes as unknown.
 */
export function startDeliveryWorker({ redis, ...options }: WorkerOptions) {
  const { config, log } = options;
  const hand = createHand(options);
  const worker = new Worker<AttemptRef>(webhooksKeys.queue, null, {
    connection: redis,
    prefix: webhooksKeys.queuePrefix,
    lockDuration: config.jobLockMs,
    stalledInterval: config.jobLockMs,
    // Postgres counts attempts, so BullMQ may rerun a job whose worker died as often as needed.
    maxStalledCount: 1_000_000,
    // BullMQ's default of 15 s would delay deliveries after a Redis outage.
    runRetryDelay: fetchAgainMs,
    // A fetch that waits cannot be called back, so a worker that closes waits for it.
    drainDelay: fetchWaitSeconds,
    removeOnComplete: { count: 0 },
    removeOnFail: { count: 0 },
  });
  worker.on("error", (err) => log.debug({ err }, "delivery worker error"));
  worker.startStalledCheckTimer().catch((err: unknown) => log.debug({ err }, "delivery worker error"));
  const renewing = setInterval(() => {
    const { ids, tokens } = hand.locks();
    if (ids.length === 0) return;
    worker.extendJobLocks(ids, tokens, config.jobLockMs).catch((err: unknown) => {
      log.debug({ err }, "could not renew the locks of delivery jobs");
    });
  }, config.jobLockMs / 3);
  const taking = take(worker, hand, log);

  return {
    async drain() {
      hand.refuse();
      const timer = new AbortController();
      await Promise.race([
        taking.then(hand.finished),
        delay(config.drainMs, undefined, { signal: timer.signal }).catch(() => {}),
      ]);
      timer.abort();
    },
    async stop() {
      hand.refuse();
      await Promise.race([taking.then(hand.abort), delay(endWithinMs, undefined, { ref: false })]);
      clearInterval(renewing);
      // Without Redis, a graceful close would wait for it; the connection's owner closes the connection.
      await Promise.race([
        worker.close(redis.status !== "ready").catch(() => {}),
        delay(endWithinMs, undefined, { ref: false }),
      ]);
    },
  };
}
