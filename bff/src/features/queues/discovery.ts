import type { Redis } from "ioredis";
import type { Clock } from "#lib/time/clock.ts";
import { baseOf, metaKeyOf, metaPattern, type QueueName, queueOfMetaKey } from "./keys.ts";
import { createOtherQueues } from "./others.ts";

// A larger SCAN step would hold up the server's other clients.
const scanCount = 500;
const scansPerStep = 8;
const quietScansPerStep = 3;
// With many keys, the rest of a round waits for the next tick, because other users of the server come
// first.
const stepBudgetMs = 15;
/**
 * A busy process gets its answers late though the server is idle, so while new queues are found a step may take this
 * long. A server far away still costs a tick no more.
 */
const searchBudgetMs = 150;
const mostQueues = 5_000;
/** How often a round through all names begins, for queues of other systems. */
const namesEveryMs = 10_000;
const streamScansPerStep = 1;

/**
 * Finds every queue of a Redis server by its `meta` hash, whatever its prefix, and names those of other systems. It
 * scans in small steps, in endless rounds; the names of connected workers serve as hints that need not wait for a
 * round. A candidate counts as a queue when its hash holds BullMQ's fields.
 */
export function createQueueDiscovery(redis: Redis, clock: Clock) {
  const known = new Map<string, QueueName>();
  // Hashes with a matching name but other content; they are checked again in the next round.
  let refused = new Set<string>();
  let position = "0";
  // While new queues of BullMQ are found, these come first.
  let isQuiet = false;
  let foundInRound = 0;
  let namePosition = "0";
  let namesAtMs = Number.NEGATIVE_INFINITY;
  let streamPosition = "0";
  let hasStreamScan = true;
  const others = createOtherQueues(redis, clock);
  // Hashes that may be those of queues, but that this user may not read, with the server's reason.
  const unreadable = new Map<string, { queue: QueueName; reason: string }>();

  const admit = async (candidates: ReadonlyMap<string, QueueName>) => {
    const fresh = [...candidates].filter(([base]) => !known.has(base) && !refused.has(base));
    if (fresh.length === 0) return;
    const pipeline = redis.pipeline();
    for (const [base] of fresh) pipeline.hmget(metaKeyOf(base), "version", "opts.maxLenEvents");
    const replies = (await pipeline.exec()) ?? [];
    fresh.forEach(([base, queue], index) => {
      const [error, fields] = replies[index] ?? [new Error("no reply"), null];
      if (error && !error.message.startsWith("WRONGTYPE")) {
        if (unreadable.size < mostQueues) unreadable.set(base, { queue, reason: error.message });
        return;
      }
      unreadable.delete(base);
      const [version, maxLenEvents] = !error && Array.isArray(fields) ? fields : [];
      const isQueue = /^bullmq/.test(String(version ?? "")) || /^\d+$/.test(String(maxLenEvents ?? ""));
      if (isQueue && known.size < mostQueues) known.set(base, queue);
      else refused.add(base);
    });
  };

  /** Scans for the hashes of BullMQ until the round or this step's share ends. @returns the scans made. */
  const scanHashes = async (most: number, endMs: number) => {
    const searchEndMs = isQuiet ? endMs : endMs + searchBudgetMs;
    const candidates = new Map<string, QueueName>();
    let scans = 0;
    while (scans < most && clock.now() < searchEndMs) {
      const [next, keys] = await redis.scan(position, "MATCH", metaPattern, "COUNT", scanCount);
      scans += 1;
      for (const key of keys) {
        const queue = queueOfMetaKey(key);
        if (queue) candidates.set(baseOf(queue), queue);
      }
      position = next;
      if (next !== "0") continue;
      refused = new Set();
      isQuiet = foundInRound === 0;
      foundInRound = 0;
      break;
    }
    const before = known.size;
    await admit(candidates);
    foundInRound += known.size - before;
    if (foundInRound > 0) isQuiet = false;
    return scans;
  };

  /** Passes on all names, for queues of other systems; a round begins every 10 s at most. */
  const scanNames = async (most: number, endMs: number) => {
    for (let scans = 0; scans < most && (scans === 0 || clock.now() < endMs); scans += 1) {
      if (namePosition === "0") {
        if (clock.now() - namesAtMs < namesEveryMs) return;
        namesAtMs = clock.now();
      }
      const [next, keys] = await redis.scan(namePosition, "COUNT", scanCount);
      for (const key of keys) if (queueOfMetaKey(key) === null && !isPartOfKnown(key)) others.pass(key);
      namePosition = next;
      if (next === "0") return;
    }
  };

  /** Streams have names of any kind, so they are found by their type, which servers before Redis 6 cannot do. */
  const scanStreams = async (endMs: number) => {
    for (let scans = 0; hasStreamScan && scans < streamScansPerStep && clock.now() < endMs; scans += 1) {
      const [next, keys] = await redis.scan(streamPosition, "COUNT", scanCount, "TYPE", "stream");
      streamPosition = next;
      await others.passStreams(keys.filter((key) => !isPartOfKnown(key)));
      if (next === "0") break;
    }
  };

  const isPartOfKnown = (key: string) => known.has(key.slice(0, key.lastIndexOf(":") + 1));

  return {
    known: (): ReadonlyMap<string, QueueName> => known,
    unreadable: (): ReadonlyMap<string, { queue: QueueName; reason: string }> => unreadable,
    others,
    /** Runs one bounded step; call it every tick. Rejects in the server's words when it refuses to scan. */
    async step() {
      const endMs = clock.now() + stepBudgetMs;
      try {
        const scans = await scanHashes(isQuiet ? quietScansPerStep : scansPerStep, endMs);
        await scanNames(Math.max(1, scansPerStep - scans), endMs);
        await scanStreams(endMs).catch((error: unknown) => {
          if (!(error instanceof Error && error.name === "ReplyError")) throw error;
          hasStreamScan = false;
        });
      } finally {
        // What was found before is still read where scanning is refused.
        await others.step();
      }
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
