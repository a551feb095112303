import { Queue } from "bullmq";
import type { Redis } from "ioredis";
import type { Logger } from "pino";
import { webhooksKeys } from "../keys.ts";
import { type AttemptRef, jobIdOf } from "./attempt-ref.ts";

/** The worker of this process. */
type Near = {
  /** Takes attempts that are due and returns those for which it has no room. */
  take(due: readonly AttemptRef[]): readonly AttemptRef[];
  holds(attempt: AttemptRef): boolean;
};

export type Doorbell = {
  /**
   * Creates jobs for attempts. Never throws: without Redis it does nothing, and the sweeper finds the rows
   * once they are due.
   */
  ring(attempts: readonly (AttemptRef & { delayMs: number })[]): Promise<void>;
  /**
   * Gives new attempts to the worker in this process as far as it has room, and rings for the rest. What a process
   * takes with it when it is killed is found by the sweeper.
   */
  pass(attempts: readonly AttemptRef[]): Promise<void>;
  /** Rings for attempts that are overdue, unless they are under way in this process. */
  remind(attempts: readonly AttemptRef[]): Promise<void>;
  /** Names the worker of this process. @returns how to withdraw it. */
  passTo(worker: Near): () => void;
  /** Replaces the job of a later attempt by one that runs now; without Redis, the sweeper does. */
  hurry(attempt: AttemptRef): Promise<void>;
  close(): Promise<void>;
};

/** The attempt with the time that remains until it is due. */
export const later = ({ deliveryId, endpointId, generation, attempt }: AttemptRef, delayMs: number) => ({
  deliveryId,
  endpointId,
  generation,
  attempt,
  delayMs,
});

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
  let near: Near | undefined;
  const doorbell: Doorbell = {
    pass(attempts) {
      // Without Redis no worker has its breakers and rates from the others.
      const rest = near && redis.status === "ready" ? near.take(attempts) : attempts;
      return doorbell.ring(rest.map((attempt) => later(attempt, 0)));
    },
    remind: (attempts) =>
      doorbell.ring(attempts.filter((attempt) => !near?.holds(attempt)).map((attempt) => later(attempt, 0))),
    passTo(worker) {
      near = worker;
      return () => {
        if (near === worker) near = undefined;
      };
    },
    async hurry(attempt) {
      if (redis.status !== "ready") return;
      // A job that runs already cannot be removed, and need not be.
      await queue.remove(jobIdOf(attempt)).catch(() => {});
      await doorbell.ring([later(attempt, 0)]);
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
