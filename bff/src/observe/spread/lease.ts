import type { Redis } from "ioredis";
import { z } from "zod";
import { loadLua, runLua } from "#lib/redis/lua.ts";
import { within } from "#lib/time/deadline.ts";
import { leaderKey, termKey } from "./keys.ts";

const takeLease = loadLua(new URL("./take-lease.lua", import.meta.url));
const giveUpLease = loadLua(new URL("./give-up-lease.lua", import.meta.url));
const shortestLeaseMs = 3_000;
const renewalsPerLease = 3;
const answerWithinMs = 700;

/** `term` while the lease is ours; `reachable` is false while Redis does not answer. */
export type LeaseAnswer = { term: number | null; reachable: boolean };
export type LeaderLease = {
  /**
   * Renews the lease, or takes it if it is free and `mayTake`. Never rejects and never takes long: without Redis nobody
   * leads.
   */
  hold(mayTake: boolean): Promise<LeaseAnswer>;
  release(): Promise<void>;
};

/**
 * The lease that decides which process samples: 3 s, or three intervals if these are longer; call it once per interval.
 */
export function createLeaderLease({
  redis,
  owner,
  intervalMs,
}: {
  redis: Redis;
  owner: string;
  intervalMs: number;
}): LeaderLease {
  const leaseMs = Math.max(shortestLeaseMs, renewalsPerLease * intervalMs);
  return {
    async hold(mayTake) {
      const call = { keys: [leaderKey, termKey], args: [owner, leaseMs, mayTake ? "1" : "0"] };
      try {
        const answer = z.number().parse(await within(answerWithinMs, runLua(redis, takeLease, call)));
        return { term: answer > 0 ? answer : null, reachable: true };
      } catch {
        return { term: null, reachable: false };
      }
    },
    async release() {
      await runLua(redis, giveUpLease, { keys: [leaderKey], args: [owner] }).catch(() => {});
    },
  };
}
