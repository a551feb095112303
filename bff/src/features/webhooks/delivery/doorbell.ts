import { Queue } from "bullmq";
import type { Redis } from "ioredis";
import type { Logger } from "pino";
import { z } from "zod";
import { webhooksKeys } from "../keys.ts";

/** One attempt of one delivery. Everything else is read from Postgres when its time has come. */
export const attemptRef = z.object({
  deliveryId: z.uuid(),
  endpointId: z.uuid(),
  generation: z.number().int(),
  attempt: z.number().int(),
});
export type AttemptRef = z.infer<typeof attemptRef>;

export const jobIdOf = ({ deliveryId, generation, attempt }: AttemptRef) =>
  `${deliveryId}_${generation}_${attempt}`;

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
