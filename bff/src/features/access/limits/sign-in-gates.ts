import type { Redis } from "ioredis";
import type { Clock } from "#lib/time/clock.ts";

const rememberedMax = 10_000;
const gateKey = (name: string) => `wheelhouse:signin:closed:${name}`;

/**
 * What is not to be tried again before a time: in Redis for all replicas, and in memory for when Redis is away. Names
 * hold no e-mail address.
 */
export function createGates({ redis, clock }: { redis: Redis; clock: Clock }) {
  const closedUntil = new Map<string, number>();

  return {
    /** Time until each of two opens, 0 for what is open. */
    async waitsMs(names: readonly [string, string]): Promise<[number, number]> {
      const own = (name: string) => Math.max(0, (closedUntil.get(name) ?? 0) - clock.now());
      const [first, second] = names;
      const elsewhere = await Promise.all([redis.pttl(gateKey(first)), redis.pttl(gateKey(second))]).catch(
        () => [0, 0] as const,
      );
      return [Math.max(own(first), elsewhere[0]), Math.max(own(second), elsewhere[1])];
    },

    async close(name: string, forMs: number) {
      if (forMs <= 0) return;
      const oldest = closedUntil.keys().next().value;
      closedUntil.delete(name);
      if (closedUntil.size >= rememberedMax && oldest !== undefined) closedUntil.delete(oldest);
      closedUntil.set(name, clock.now() + forMs);
      await redis.set(gateKey(name), "1", "PX", forMs).catch(() => {});
    },
  };
}
