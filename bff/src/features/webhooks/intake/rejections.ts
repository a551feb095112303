import type { Redis } from "ioredis";
import type { Logger } from "pino";
import { addressBlockOf } from "#lib/address-block.ts";
import { addToWindow } from "#lib/redis/rate-window.ts";
import type { WebhooksConfig } from "../config.ts";
import { Refusal } from "../refusal.ts";

/**
 * Counts intake requests without a valid signature per client address. Only rejected requests cost a round
 * trip and only they are limited, so a signed event is never refused because of its neighbours. Without Redis
 * nothing is counted.
 */
export function createRejections(
  redis: Redis,
  { limit, windowMs }: WebhooksConfig["rejections"],
  log: Logger,
) {
  return {
    /**
     * @param cause the refusal that is counted.
     * @throws Refusal `rate_limited` when the address is over its limit.
     */
    async record(address: string, cause: unknown): Promise<void> {
      const name = addressBlockOf(address);
      const seen = await addToWindow(redis, { kind: "intake-addresses", name }, 1, windowMs).catch((err) => {
        log.debug({ err }, "rejected requests are not counted while Redis is unavailable");
        return { count: 0, resetMs: windowMs };
      });
      if (seen.count > limit)
        throw new Refusal(
          "rate_limited",
          "rate_limited",
          "Too many requests without a valid signature from this address.",
          { retryAfterSeconds: Math.max(1, seen.resetMs / 1000), cause },
        );
    },
  };
}
