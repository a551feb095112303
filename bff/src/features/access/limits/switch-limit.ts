import type { Redis } from "ioredis";
import { AppError } from "#lib/http/errors.ts";
import { addToWindow } from "#lib/redis/rate-window.ts";
import { switchWindowMs } from "../config.ts";

/**
 * Limits how often a person changes their default organization, because each change writes a session and an event of
 * the trail. While Redis is away there is no limit.
 */
export function createSwitchLimit({ redis, perMinute }: { redis: Redis; perMinute: number }) {
  return {
    /** @throws AppError `rate_limited` with the time until the next change is possible. */
    async take(userId: string): Promise<void> {
      const counter = { kind: "organization-switches", name: userId } as const;
      const counted = await addToWindow(redis, counter, 1, switchWindowMs).catch(() => undefined);
      if (!counted || counted.count <= perMinute) return;
      throw new AppError(
        "rate_limited",
        `You can change your default organization ${perMinute} times per minute. A link to another organization works meanwhile.`,
        { retryAfterSeconds: Math.max(1, Math.ceil(counted.resetMs / 1_000)) },
      );
    },
  };
}
export type SwitchLimit = ReturnType<typeof createSwitchLimit>;
