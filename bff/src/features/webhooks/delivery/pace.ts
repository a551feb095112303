import type { Redis } from "ioredis";
import { loadLua, runLua } from "#lib/redis/lua.ts";
import type { Clock } from "#lib/time/clock.ts";
import { webhooksKeys } from "../keys.ts";

const rateScript = loadLua(new URL("../rate.lua", import.meta.url));
/** An attempt waits this long in its room; one that would wait longer gives it back. */
const longestWaitMs = 5_000;

/**
 * Keeps the rates of endpoints over all workers; without Redis each process keeps them for itself.
 * @returns the wait before the attempt, and whether its moment was taken.
 */
export function createPace(redis: Redis, clock: Clock) {
  const freeAtMs = new Map<string, number>();
  return async (endpointId: string, perSecond: number): Promise<{ isTaken: boolean; waitMs: number }> => {
    const everyMs = 1_000 / perSecond;
    const nowMs = clock.now();
    try {
      const keys = [webhooksKeys.rate(endpointId)];
      const wait = Number(await runLua(redis, rateScript, { keys, args: [nowMs, everyMs, longestWaitMs] }));
      return { isTaken: wait >= 0, waitMs: Math.abs(wait) };
    } catch {
      const atMs = Math.max(nowMs, freeAtMs.get(endpointId) ?? 0);
      if (atMs - nowMs > longestWaitMs) return { isTaken: false, waitMs: atMs - nowMs };
      freeAtMs.set(endpointId, atMs + everyMs);
      return { isTaken: true, waitMs: atMs - nowMs };
    }
  };
}

export type Pace = ReturnType<typeof createPace>;
