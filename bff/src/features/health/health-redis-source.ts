import type { SourceView } from "@wheelhouse/shared/health.ts";
import type { Redis } from "ioredis";
import type { Clock } from "#lib/clock.ts";
import type { ServerReading } from "#observe/watched.ts";

type RedisFigures = NonNullable<SourceView["redis"]>;
type Counters = { atMs: number; commands: number; evicted: number; rejected: number };

const nearlyFull = 0.9;
const slowMs = 250;

/** `name:value` lines of INFO; section headings and empty lines are left out. */
function parseInfo(text: string): ReadonlyMap<string, string> {
  const lines = text.split(/\r?\n/).filter((line) => line.includes(":") && !line.startsWith("#"));
  return new Map(lines.map((line) => [line.slice(0, line.indexOf(":")), line.slice(line.indexOf(":") + 1)]));
}

/**
 * One Redis (or Valkey) server by one INFO a sample. What it counts over its whole life is given as the difference
 * between two samples.
 */
export function createRedisSource({ redis, clock }: { redis: Redis; clock: Clock }) {
  let previous: Counters | undefined;

  return {
    async sample(): Promise<ServerReading> {
      const startedMs = clock.now();
      const info = parseInfo(await redis.info());
      const atMs = clock.now();
      const number = (name: string) => Number(info.get(name) ?? 0);
      const now: Counters = {
        atMs,
        commands: number("total_commands_processed"),
        evicted: number("evicted_keys"),
        rejected: number("rejected_connections"),
      };
      const perSecond = (of: "commands" | "evicted") => {
        // Counters that fell: the server was started again.
        if (!previous || now[of] < previous[of] || atMs <= previous.atMs) return null;
        return Math.round(((now[of] - previous[of]) / (atMs - previous.atMs)) * 10_000) / 10;
      };
      const figures: RedisFigures = {
        version: info.get("valkey_version") ?? info.get("redis_version") ?? "",
        usedMemoryBytes: number("used_memory"),
        maxMemoryBytes: number("maxmemory"),
        evictionPolicy: info.get("maxmemory_policy") ?? "",
        connectedClients: number("connected_clients"),
        opsPerSecond: perSecond("commands"),
        evictedPerSecond: perSecond("evicted"),
        persistenceOk:
          info.get("rdb_last_bgsave_status") !== "err" && info.get("aof_last_write_status") !== "err",
        uptimeSeconds: number("uptime_in_seconds"),
      };
      const rejected = previous && now.rejected > previous.rejected;
      previous = now;
      const roundTripMs = atMs - startedMs;
      const cause = rejected
        ? "Connections were refused: the limit of clients is reached"
        : causeOf(figures, roundTripMs, info.get("loading") === "1");
      return { kind: "redis", roundTripMs, figures, state: cause === null ? "ok" : "degraded", cause };
    },
  };
}

function causeOf(figures: RedisFigures, roundTripMs: number, loading: boolean): string | null {
  if (loading) return "It is loading its data after a start";
  if (!figures.persistenceOk)
    return "The last write to disk failed: what it holds would not survive a restart";
  const { usedMemoryBytes, maxMemoryBytes, evictionPolicy } = figures;
  if (maxMemoryBytes > 0 && evictionPolicy !== "noeviction")
    return `Eviction policy ${evictionPolicy} may delete jobs; queues need noeviction`;
  if (maxMemoryBytes > 0 && usedMemoryBytes > nearlyFull * maxMemoryBytes)
    return `${Math.floor((usedMemoryBytes / maxMemoryBytes) * 100)}% of its memory limit is used, threshold ${nearlyFull * 100}%`;
  if (roundTripMs > slowMs) return `It answers after ${roundTripMs} ms, threshold ${slowMs} ms`;
  return null;
}
