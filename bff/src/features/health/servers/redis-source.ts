import type { Redis } from "ioredis";
import { z } from "zod";
import { databaseRefusalOf, serverWordsOf } from "#lib/redis/redis.ts";
import type { Clock } from "#lib/time/clock.ts";
import type { ServerReading } from "../rows.ts";
import { type InfoSample, parseInfo, type RedisFigures, redisFigures } from "./redis-info.ts";

const nearlyFull = 0.9;
const slowMs = 250;
// Replicas acknowledge every second, and a primary pings every 10 s.
const lagSeconds = 30;
const askAgainMs = 60_000;

/**
 * Samples a Redis (or Valkey) server with one INFO; all pages that show the server use these figures. Nothing is
 * written to it: whether it takes writes follows from what it reports.
 * @param queueNotice why its queues are not all known; null if they are.
 */
export function createRedisSource({
  redis,
  clock,
  queueNotice = () => null,
}: {
  redis: Redis;
  clock: Clock;
  queueNotice?: () => string | null;
}) {
  let previous: InfoSample | undefined;
  const stopsWrites = createStopsWrites(redis, clock);

  return {
    async sample(): Promise<ServerReading> {
      const startedMs = clock.now();
      const answer = await infoOf(redis);
      if ("refusal" in answer) return refused(answer.refusal);
      const info = parseInfo(answer.text);
      const now = { info, atMs: clock.now() };
      const figures = redisFigures(now, previous);
      previous = now;
      const roundTripMs = now.atMs - startedMs;
      const isTold = Object.values(figures).some((value) => value !== null);
      const notices = [replicaNotice(info), queueNotice()].filter((text) => text !== null);
      const notice = notices.length === 0 ? null : notices.join(". ");
      const told = { kind: "redis", roundTripMs, figures, notice } as const;
      if (!isTold)
        return { ...told, state: "unknown", cause: "INFO reports none of the fields that are judged" };
      const cause =
        (figures.rejectedPerSecond ?? 0) > 0
          ? "Connections rejected: client limit reached"
          : causeOf(figures, roundTripMs, info, await stopsWrites(info));
      return { ...told, state: cause === null ? "ok" : "degraded", cause };
    },
  };
}

/** What an error reply means, by its code; the server's own words follow. It responded, so it is never down. */
const meanings: readonly (readonly [RegExp, ServerReading["state"], string])[] = [
  [/^(WRONGPASS|ERR invalid (password|username))/i, "unknown", "Wrong user or password"],
  [/^Database /, "unknown", "The database cannot be selected"],
  [/^LOADING/, "degraded", "Loading its data"],
  [/^MASTERDOWN/, "degraded", "The connection to the primary is lost"],
  [/^CLUSTERDOWN/, "degraded", "The cluster is down"],
  [/^(OOM|MISCONF|READONLY|NOREPLICAS)/, "degraded", "Writes are refused"],
  [/^BUSY/, "degraded", "A script blocks it"],
];

/** A server that responds with an error: its figures are not known. */
function refused(refusal: string): ServerReading {
  const [, state, meaning] = meanings.find(([code]) => code.test(refusal)) ?? [
    null,
    "unknown",
    "Access refused",
  ];
  return {
    kind: "redis",
    roundTripMs: null,
    figures: redisFigures({ info: new Map(), atMs: 0 }, undefined),
    state,
    cause: `${meaning}: ${refusal.slice(0, 200)}`,
    notice: null,
  };
}

async function infoOf(redis: Redis): Promise<{ text: string } | { refusal: string }> {
  try {
    return { text: await redis.info() };
  } catch (err) {
    const refusal = databaseRefusalOf(redis) ?? serverWordsOf(redis, err);
    if (refusal !== null) return { refusal };
    throw err;
  }
}

const replicaNotice = (info: ReadonlyMap<string, string>) =>
  info.get("slave_read_only") === "1" ? "A read-only replica: it refuses writes" : null;

/** Whether the server refuses writes after a failed snapshot, which INFO does not report; null if it does not say. */
function createStopsWrites(redis: Redis, clock: Clock) {
  let known: { value: boolean | null; atMs: number } | null = null;
  return async (info: ReadonlyMap<string, string>): Promise<boolean | null> => {
    if (info.get("rdb_last_bgsave_status") !== "err") return null;
    if (known !== null && clock.now() - known.atMs < askAgainMs) return known.value;
    try {
      const answer = await redis.config("GET", "stop-writes-on-bgsave-error");
      const [, value] = z.array(z.string()).safeParse(answer).data ?? [];
      known = { value: value === undefined ? null : value === "yes", atMs: clock.now() };
    } catch (error) {
      // Without a connection nothing was asked.
      if (!(error instanceof Error && error.name === "ReplyError")) return null;
      known = { value: null, atMs: clock.now() };
    }
    return known.value;
  };
}

function causeOf(
  figures: RedisFigures,
  roundTripMs: number,
  info: ReadonlyMap<string, string>,
  stopsWrites: boolean | null,
): string | null {
  if (info.get("loading") === "1") return "Loading its data after a restart";
  if (isFull(figures, info)) return "Writes are refused: the memory limit is reached and nothing is evicted";
  if (info.get("aof_enabled") === "1" && info.get("aof_last_write_status") === "err")
    return "Writes are refused: the append-only file cannot be written";
  if (figures.persistenceOk === false) return unsavedCause(info, stopsWrites);
  const { usedMemoryBytes, maxMemoryBytes, evictionPolicy } = figures;
  const isBounded = maxMemoryBytes !== null && maxMemoryBytes > 0;
  if (isBounded && evictionPolicy !== null && evictionPolicy !== "noeviction")
    return `Eviction policy ${evictionPolicy} may delete jobs; queues need noeviction`;
  if (isBounded && usedMemoryBytes !== null && usedMemoryBytes > nearlyFull * maxMemoryBytes)
    return `${Math.floor((usedMemoryBytes / maxMemoryBytes) * 100)}% of the memory limit used, threshold ${nearlyFull * 100}%`;
  if (figures.role === "replica" && (info.get("master_link_status") ?? "up") !== "up")
    return "The connection to the primary is lost: its data is getting stale";
  if (figures.replicationLagSeconds !== null && figures.replicationLagSeconds > lagSeconds)
    return `Replication lag ${figures.replicationLagSeconds} s, threshold ${lagSeconds} s`;
  if (roundTripMs > slowMs) return `Response time ${roundTripMs} ms, threshold ${slowMs} ms`;
  return null;
}

/** As the server counts it: buffers of replicas and of the append-only file do not count. */
function isFull(
  { usedMemoryBytes, maxMemoryBytes, evictionPolicy }: RedisFigures,
  info: ReadonlyMap<string, string>,
): boolean {
  if (usedMemoryBytes === null || maxMemoryBytes === null || maxMemoryBytes === 0) return false;
  const uncounted = Number(info.get("mem_not_counted_for_evict") ?? 0) || 0;
  return evictionPolicy === "noeviction" && usedMemoryBytes - uncounted >= maxMemoryBytes;
}

function unsavedCause(info: ReadonlyMap<string, string>, stopsWrites: boolean | null): string {
  if (info.get("rdb_last_bgsave_status") !== "err" || stopsWrites === false)
    return "The last write to disk failed: its data would not survive a restart";
  return stopsWrites
    ? "Writes are refused: the last snapshot to disk failed"
    : "The last snapshot to disk failed: writes are refused unless stop-writes-on-bgsave-error is off";
}
