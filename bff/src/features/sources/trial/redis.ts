import type { Redis } from "ioredis";
import { counted, type Found, type ReadQueue, unreached, wordsOf } from "./found.ts";

const shownMax = 50;
const rank = { down: 0, unknown: 1, degraded: 2, ok: 3 };
const kept = { kind: "redis" } as const;

/** `sample` reads the queues of one step; discovery of many keys takes several. */
export type QueueReader = {
  sample(): Promise<{
    queues: readonly ReadQueue[];
    /** Queues of other systems. */
    others?: { items: readonly unknown[]; more: number };
    /** Why not all queues can be found; null if they can. */
    undiscovered?: string | null;
  }>;
};

/**
 * Reads what a Redis server tells this user: its version, and its queues.
 * @param options.redis a connection of its own, not connected yet; the caller ends it.
 */
export async function examineRedis({
  redis,
  user,
  queuesOf,
  databaseRefusal,
  signal,
}: {
  redis: Redis;
  /** The user of the address; empty for the default one. */
  user: string;
  queuesOf(redis: Redis): QueueReader;
  /** Why the server refused the database; null if it did not. */
  databaseRefusal(): string | null;
  signal: AbortSignal;
}): Promise<Found> {
  const startedMs = performance.now();
  let failure: unknown = null;
  // The client rejects with "Connection is closed"; the reason arrives as an event before.
  redis.on("error", (error: unknown) => {
    failure ??= error;
  });
  try {
    await redis.connect();
    await redis.ping();
  } catch (error) {
    const refusal = databaseRefusal();
    const reason = refusal === null ? (failure ?? error) : new Error(refusal);
    return unreached(kept, reason, remedyOf(wordsOf(reason), user));
  }
  const latencyMs = Math.round(performance.now() - startedMs);
  const refusals: string[] = [];
  const info = await redis.info("server").catch((error: unknown) => void refusals.push(wordsOf(error)));
  const read = await readQueues(queuesOf(redis), signal).catch((error: unknown) => {
    refusals.push(wordsOf(error));
    return null;
  });
  const queues = read?.queues ?? null;
  if (read?.undiscovered != null) refusals.push(read.undiscovered);
  const idle = (queues ?? []).filter(({ workers }) => workers === 0).length;
  const isRefused = refusals.length > 0;
  const isEmpty = queues === null || queues.length === 0;
  const found = isEmpty ? "no BullMQ queue found" : `${counted(queues.length, "queue")} found`;
  const others = (read?.others?.items.length ?? 0) + (read?.others?.more ?? 0);
  const seen = [
    found,
    ...(idle === 0 ? [] : [`${idle} without worker`]),
    ...(others === 0 ? [] : [`${others.toLocaleString("en-GB")} of other systems`]),
  ].join(", ");
  return {
    kept,
    product: productOf(info ?? ""),
    latencyMs,
    refusals,
    state: isRefused ? "unknown" : "ok",
    found: isRefused ? `connected, ${counted(refusals.length, "read")} refused` : seen,
    remedy: isRefused ? remedyOf(refusals.join(" "), user) : null,
    queues: shownOf(queues ?? []),
    queueCount: queues?.length ?? 0,
  };
}

/** A server with many keys is searched in several steps, until one finds nothing new or the time is up. */
async function readQueues(reader: QueueReader, signal: AbortSignal) {
  let read = await reader.sample();
  for (let step = 1; step < 40 && !signal.aborted; step += 1) {
    const before = read.queues.length;
    read = await reader.sample();
    if (step >= 2 && read.queues.length === before) break;
  }
  return read;
}

const shownOf = (queues: readonly ReadQueue[]): Found["queues"] =>
  [...queues]
    .sort((a, b) => rank[a.state] - rank[b.state] || b.counts.waiting - a.counts.waiting)
    .slice(0, shownMax)
    .map(({ name, prefix, state, label, counts, workers }) => ({
      name,
      prefix,
      state,
      label,
      waiting: counts.waiting + counts.prioritized,
      failed: counts.failed,
      workers,
    }));

function productOf(info: string): string | null {
  const [, valkey] = /^valkey_version:(\S+)/m.exec(info) ?? [];
  if (valkey) return `Valkey ${valkey}`;
  const [, redis] = /^redis_version:(\S+)/m.exec(info) ?? [];
  return redis ? `Redis ${redis}` : null;
}

/** The line that gives a user what is read, and nothing that writes. */
function remedyOf(words: string, user: string): Found["remedy"] {
  if (/^(NOAUTH|WRONGPASS)|invalid username-password|without any password/m.test(words))
    return { text: "Correct the user and the password of the address.", line: null };
  if (/NOPERM|can't run this command/.test(words))
    return {
      text: "Run this line in redis-cli as an administrator, it gives read access only:",
      line: `ACL SETUSER ${user || "default"} ~* &* +@read +@connection +info +scan +time +client|list +evalsha_ro +eval_ro +script|load`,
    };
  if (/DB index|Database/.test(words))
    return { text: "Correct the number of the database at the end of the address.", line: null };
  if (/may not be reached/.test(words))
    return {
      text: "Link-local and metadata addresses are never watched. Give the address of the server itself.",
      line: null,
    };
  return {
    text: "Check host and port, that the server runs, and that this machine may reach it; a server with TLS needs rediss://.",
    line: null,
  };
}
