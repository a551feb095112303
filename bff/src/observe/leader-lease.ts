import type { Redis } from "ioredis";
import { z } from "zod";
import { within } from "#lib/deadline.ts";
import { loadLua, runLua } from "#lib/lua.ts";
import { leaderKey, termKey } from "#observe/observe-keys.ts";

const takeLease = loadLua(new URL("./take-lease.lua", import.meta.url));
const giveUpLease = loadLua(new URL("./give-up-lease.lua", import.meta.url));
const leaseMs = 3_000;
const answerWithinMs = 700;
/** A process that only stands by leaves a free lease to others for so many looks. */
const standbyLooks = 2;

/** `term` while the lease is ours; `reachable` false when nobody can be told to have it. */
export type LeaseAnswer = { term: number | null; reachable: boolean };
export type LeaderLease = {
  /** Takes or renews. Never rejects, never takes long: without Redis nobody leads. */
  hold(): Promise<LeaseAnswer>;
  release(): Promise<void>;
};

/** The lease of 3 s that decides who samples; ask each second. `firstCandidate` is told by the role. */
export function createLeaderLease(deps: {
  redis: Redis;
  owner: string;
  firstCandidate: boolean;
}): LeaderLease {
  const { redis, owner, firstCandidate } = deps;
  let seenFree = 0;
  return {
    async hold() {
      const mayTake = firstCandidate || seenFree >= standbyLooks;
      const call = { keys: [leaderKey, termKey], args: [owner, leaseMs, mayTake ? "1" : "0"] };
      try {
        const answer = z.number().parse(await within(answerWithinMs, runLua(redis, takeLease, call)));
        seenFree = answer === -1 ? seenFree + 1 : 0;
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
