import type { Redis } from "ioredis";
import type { Clock } from "#lib/time/clock.ts";
import type { RedisPatience } from "./redis-patience.ts";

const rememberedMax = 10_000;
const gateKey = (name: string) => `wheelhouse:signin:closed:${name}`;

/**
 * Blocks names until a point in time: in Redis for all replicas, and in memory in case Redis is unavailable.
 * Names must not contain e-mail addresses.
 */
export function createGates({
  redis,
  patience,
  clock,
}: {
  redis: Redis;
  patience: RedisPatience;
  clock: Clock;
}) {
  const closedUntil = new Map<string, number>();

  return {
    /** Remaining wait of each name in ms, 0 if not blocked. */
    async waitsMs(names: readonly [string, string]): Promise<[number, number]> {
      const own = (name: string) => Math.max(0, (closedUntil.get(name) ?? 0) - clock.now());
      const [first, second] = names;
      const elsewhere = await patience
        .ask(() => Promise.all([redis.pttl(gateKey(first)), redis.pttl(gateKey(second))]))
        .catch(() => [0, 0] as const);
      return [Math.max(own(first), elsewhere[0]), Math.max(own(second), elsewhere[1])];
    },

    async close(name: string, forMs: number) {
      if (forMs <= 0) return;
      const oldest = closedUntil.keys().next().value;
      closedUntil.delete(name);
      if (closedUntil.size >= rememberedMax && oldest !== undefined) closedUntil.delete(oldest);
      closedUntil.set(name, clock.now() + forMs);
      await patience.ask(() => redis.set(gateKey(name), "1", "PX", forMs)).catch(() => {});
    },
  };
}
