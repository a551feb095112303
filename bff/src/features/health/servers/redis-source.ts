import type { Redis } from "ioredis";
import { accessRefusalOf, databaseRefusalOf } from "#lib/redis/redis.ts";
import type { Clock } from "#lib/time/clock.ts";
import type { ServerReading } from "../rows.ts";
import { type InfoSample, parseInfo, type RedisFigures, redisFigures } from "./redis-info.ts";

const nearlyFull = 0.9;
const slowMs = 250;
// Replicas acknowledge every second, and a primary pings every 10 s.
const lagSeconds = 30;

/** Samples a Redis (or Valkey) server with one INFO; all pages that show the server use these figures. */
export function createRedisSource({ redis, clock }: { redis: Redis; clock: Clock }) {
  let previous: InfoSample | undefined;

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
      const cause =
        (figures.rejectedPerSecond ?? 0) > 0
          ? "Connections rejected: client limit reached"
          : causeOf(figures, roundTripMs, info);
      return { kind: "redis", roundTripMs, figures, state: cause === null ? "ok" : "degraded", cause };
    },
  };
}

const wrongCredentials = /^(WRONGPASS|ERR invalid (password|username))/i;

/** A server that responds and refuses is not down: nothing is known about it. */
const refused = (refusal: string): ServerReading => ({
  kind: "redis",
  roundTripMs: null,
  figures: redisFigures({ info: new Map(), atMs: 0 }, undefined),
  state: "unknown",
  cause: `${wrongCredentials.test(refusal) ? "Wrong user or password" : "Access refused"}: ${refusal.slice(0, 200)}`,
});

async function infoOf(redis: Redis): Promise<{ text: string } | { refusal: string }> {
  try {
    return { text: await redis.info() };
  } catch (err) {
    const denied = accessRefusalOf(redis, err);
    if (denied !== null) return { refusal: denied };
    const refusal = databaseRefusalOf(redis);
    throw refusal === null ? err : new Error(refusal, { cause: err });
  }
}

function causeOf(
  figures: RedisFigures,
  roundTripMs: number,
  info: ReadonlyMap<string, string>,
): string | null {
  if (info.get("loading") === "1") return "Loading its data after a restart";
  if (figures.persistenceOk === false)
    return "The last write to disk failed: its data would not survive a restart";
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
