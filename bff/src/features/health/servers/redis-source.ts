import type { Redis } from "ioredis";
import { databaseRefusalOf } from "#lib/redis/redis.ts";
import type { Clock } from "#lib/time/clock.ts";
import type { ServerReading } from "../rows.ts";
import { type InfoSample, parseInfo, type RedisFigures, redisFigures } from "./redis-info.ts";

const nearlyFull = 0.9;
const slowMs = 250;
// Replicas acknowledge each second, and a primary pings every 10 s.
const lagSeconds = 30;

/** One Redis (or Valkey) server by one INFO a sample; whoever shows a server reads these figures. */
export function createRedisSource({ redis, clock }: { redis: Redis; clock: Clock }) {
  let previous: InfoSample | undefined;

  return {
    async sample(): Promise<ServerReading> {
      const startedMs = clock.now();
      const info = parseInfo(await infoOf(redis));
      const now = { info, atMs: clock.now() };
      const figures = redisFigures(now, previous);
      previous = now;
      const roundTripMs = now.atMs - startedMs;
      const cause =
        (figures.rejectedPerSecond ?? 0) > 0
          ? "Connections were refused: the limit of clients is reached"
          : causeOf(figures, roundTripMs, info);
      return { kind: "redis", roundTripMs, figures, state: cause === null ? "ok" : "degraded", cause };
    },
  };
}

async function infoOf(redis: Redis): Promise<string> {
  try {
    return await redis.info();
  } catch (err) {
    const refusal = databaseRefusalOf(redis);
    throw refusal === null ? err : new Error(refusal, { cause: err });
  }
}

function causeOf(
  figures: RedisFigures,
  roundTripMs: number,
  info: ReadonlyMap<string, string>,
): string | null {
  if (info.get("loading") === "1") return "It is loading its data after a start";
  if (figures.persistenceOk === false)
    return "The last write to disk failed: what it holds would not survive a restart";
  const { usedMemoryBytes, maxMemoryBytes, evictionPolicy } = figures;
  const isBounded = maxMemoryBytes !== null && maxMemoryBytes > 0;
  if (isBounded && evictionPolicy !== null && evictionPolicy !== "noeviction")
    return `Eviction policy ${evictionPolicy} may delete jobs; queues need noeviction`;
  if (isBounded && usedMemoryBytes !== null && usedMemoryBytes > nearlyFull * maxMemoryBytes)
    return `${Math.floor((usedMemoryBytes / maxMemoryBytes) * 100)}% of its memory limit is used, threshold ${nearlyFull * 100}%`;
  if (figures.role === "replica" && (info.get("master_link_status") ?? "up") !== "up")
    return "It has lost its primary: what it shows grows old";
  if (figures.replicationLagSeconds !== null && figures.replicationLagSeconds > lagSeconds)
    return `Replication is ${figures.replicationLagSeconds} s behind, threshold ${lagSeconds} s`;
  if (roundTripMs > slowMs) return `It answers after ${roundTripMs} ms, threshold ${slowMs} ms`;
  return null;
}
