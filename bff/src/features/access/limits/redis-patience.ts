import { RedisAway } from "#lib/http/server-away.ts";
import type { Clock } from "#lib/time/clock.ts";
import { within } from "#lib/time/deadline.ts";

// Long enough for a busy Redis, short enough that nobody waits for one that is away.
const answerWithinMs = 250;
const pauseMs = 5_000;

/** Asks Redis with little patience, and after a failure not at all for 5 s, so that one sign-in waits at most once. */
export function createRedisPatience(clock: Clock) {
  let awayUntil = 0;
  return {
    /** @throws RedisAway at once while Redis is known to be away; otherwise what the work or its deadline throws. */
    async ask<T>(work: () => Promise<T>): Promise<T> {
      if (clock.now() < awayUntil) throw new RedisAway(new Error("Redis did not answer a moment ago"));
      try {
        return await within(answerWithinMs, work());
      } catch (error) {
        awayUntil = clock.now() + pauseMs;
        throw error;
      }
    },
  };
}
export type RedisPatience = ReturnType<typeof createRedisPatience>;
