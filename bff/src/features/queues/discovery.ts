import type { Redis } from "ioredis";
import type { Clock } from "#lib/time/clock.ts";
import { baseOf, metaKeyOf, metaPattern, type QueueName, queueOfMetaKey } from "./keys.ts";

// A larger SCAN step would hold up the server's other clients.
const scanCount = 500;
const scansPerStep = 10;
// With many keys, the rest of a round waits for the next tick, because other users of the server come
// first.
const stepBudgetMs = 15;
const mostQueues = 5_000;

/**
 * Finds every queue of a Redis server by its `meta` hash, whatever its prefix. It scans in small steps, in
 * endless rounds; the names of connected workers serve as hints that need not wait for a round. A candidate
 * counts as a queue when its hash holds BullMQ's fields.
 */
export function createQueueDiscovery(redis: Redis, clock: Clock) {
  const known = new Map<string, QueueName>();
  // Hashes with a matching name but other content; they are checked again in the next round.
  let refused = new Set<string>();
  let position = "0";

  const admit = async (candidates: ReadonlyMap<string, QueueName>) => {
    const fresh = [...candidates].filter(([base]) => !known.has(base) && !refused.has(base));
    if (fresh.length === 0) return;
    const pipeline = redis.pipeline();
    for (const [base] of fresh) pipeline.hmget(metaKeyOf(base), "version", "opts.maxLenEvents");
    const replies = (await pipeline.exec()) ?? [];
    fresh.forEach(([base, queue], index) => {
      const [error, fields] = replies[index] ?? [new Error("no reply"), null];
      const [version, maxLenEvents] = !error && Array.isArray(fields) ? fields : [];
      const isQueue = /^bullmq/.test(String(version ?? "")) || /^\d+$/.test(String(maxLenEvents ?? ""));
      if (isQueue && known.size < mostQueues) known.set(base, queue);
      else refused.add(base);
    });
  };

  return {
    known: (): ReadonlyMap<string, QueueName> => known,
    /** Runs one bounded step; call it every tick. */
    async step() {
      const startedMs = clock.now();
      const candidates = new Map<string, QueueName>();
      for (let scans = 0; scans < scansPerStep && clock.now() - startedMs < stepBudgetMs; scans += 1) {
        const [next, keys] = await redis.scan(position, "MATCH", metaPattern, "COUNT", scanCount);
        for (const key of keys) {
          const queue = queueOfMetaKey(key);
          if (queue) candidates.set(baseOf(queue), queue);
        }
        position = next;
        if (next === "0") {
          refused = new Set();
          break;
        }
      }
      await admit(candidates);
    },
    /**
     * Adds names found elsewhere. A worker's name separates prefix and queue where a key cannot (old
     * versions allowed colons), so it corrects wrongly split names.
     */
    async hint(queues: ReadonlyMap<string, QueueName>) {
      for (const [base, queue] of queues) if (known.has(base)) known.set(base, queue);
      await admit(queues);
    },
    /** Removes a queue whose hash is gone. */
    forget(base: string) {
      known.delete(base);
    },
  };
}
