import type { Redis } from "ioredis";
import type { Clock } from "#lib/time/clock.ts";
import { baseOf, metaKeyOf, metaPattern, type QueueName, queueOfMetaKey } from "./keys.ts";

// A longer one holds up everybody else who asks the server.
const scanCount = 500;
const scansPerStep = 10;
// With many keys the rest of a round waits for the next tick: other users of the server come first.
const stepBudgetMs = 15;
const mostQueues = 5_000;

/**
 * Finds every queue of a Redis by its `meta` hash, whatever its prefix: a round of SCAN in small steps that starts
 * again when it is through, and hints (the names of connected workers) that need no waiting for it. A found name is
 * a queue when its hash holds what BullMQ writes there.
 */
export function createQueueDiscovery(redis: Redis, clock: Clock) {
  const known = new Map<string, QueueName>();
  // Hashes with the right name and other content; not asked again until the round is through.
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
    /** One bounded step; call it every tick. */
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
     * Names from elsewhere. A worker tells prefix and name apart where a key cannot (old versions took names with a
     * colon), so its word corrects what was split wrongly.
     */
    async hint(queues: ReadonlyMap<string, QueueName>) {
      for (const [base, queue] of queues) if (known.has(base)) known.set(base, queue);
      await admit(queues);
    },
    /** The queue's hash is gone. */
    forget(base: string) {
      known.delete(base);
    },
  };
}
