import { setTimeout as delay } from "node:timers/promises";
import type { Redis } from "ioredis";
import type { Logger } from "pino";
import type { Clock } from "#lib/time/clock.ts";
import type { WebhooksConfig } from "../config.ts";
import { webhooksKeys } from "../keys.ts";
import type { Doorbell } from "./doorbell.ts";
import { createHand, type Deliver, DeliveryWorker, type Hand } from "./hand.ts";

type WorkerOptions = {
  /** A connection that waits for Redis instead of failing (`blocking`). */
  redis: Redis;
  doorbell: Pick<Doorbell, "ring" | "passTo">;
  deliver: Deliver;
  config: WebhooksConfig;
  clock: Clock;
  log: Logger;
};

/** Jobs fetched at a time while more are waiting: the first and the largest group. */
const group = { first: 8, most: 64 };
const fetchAgainMs = 500;
const fetchWaitSeconds = 1;
const endWithinMs = 1_500;

/**
 * Takes jobs until the worker closes. BullMQ's own loop fetches one after the other until its concurrency is filled
 * and starts the first only then, so beside a busy intake nothing would be delivered; here each starts at once, and
 * what waits is fetched in growing groups, so that delivery keeps its share of the process.
 */
async function take(worker: DeliveryWorker, hand: Hand, log: Logger) {
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
  const { config, doorbell, log } = options;
  const worker = new DeliveryWorker(webhooksKeys.queue, null, {
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
  const hand = createHand(worker, options);
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
  const withdraw = doorbell.passTo(hand);
  const refuse = () => {
    withdraw();
    hand.refuse();
  };

  return {
    async drain() {
      refuse();
      const timer = new AbortController();
      await Promise.race([
        taking.then(hand.finished),
        delay(config.drainMs, undefined, { signal: timer.signal }).catch(() => {}),
      ]);
      timer.abort();
    },
    async stop() {
      refuse();
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
