import type { SourceView } from "@wheelhouse/shared/health.ts";

export type RedisFigures = NonNullable<SourceView["redis"]>;
/** The lines of one INFO, with the time it came in. */
export type InfoSample = { info: ReadonlyMap<string, string>; atMs: number };

/** `name:value` lines of INFO; section headings and empty lines are left out. */
export function parseInfo(text: string): ReadonlyMap<string, string> {
  const lines = text.split(/\r?\n/).filter((line) => line.includes(":") && !line.startsWith("#"));
  return new Map(lines.map((line) => [line.slice(0, line.indexOf(":")), line.slice(line.indexOf(":") + 1)]));
}

/**
 * Figures of a Redis (or Valkey) server from one INFO and the one before it: what the server counts over its whole
 * life is given as the difference between the two.
 */
export function redisFigures(now: InfoSample, before: InfoSample | undefined): RedisFigures {
  const { info, atMs } = now;
  const number = (name: string) => numberOf(info, name);
  const perSecond = (name: string) => {
    if (!before || atMs <= before.atMs) return null;
    const risen = number(name) - numberOf(before.info, name);
    // Counters that fell: the server was started again.
    return risen < 0 ? null : Math.round((risen / (atMs - before.atMs)) * 10_000) / 10;
  };
  const hits = number("keyspace_hits");
  const lookups = hits + number("keyspace_misses");
  const isReplica = info.get("role") === "slave";
  return {
    version: info.get("valkey_version") ?? info.get("redis_version") ?? "",
    role: isReplica ? "replica" : "primary",
    usedMemoryBytes: number("used_memory"),
    maxMemoryBytes: number("maxmemory"),
    evictionPolicy: info.get("maxmemory_policy") ?? "",
    fragmentationRatio: number("mem_fragmentation_ratio"),
    fragmentationBytes: number("mem_fragmentation_bytes"),
    connectedClients: number("connected_clients"),
    maxClients: number("maxclients"),
    blockedClients: number("blocked_clients"),
    opsPerSecond: perSecond("total_commands_processed"),
    evictedPerSecond: perSecond("evicted_keys"),
    expiredPerSecond: perSecond("expired_keys"),
    rejectedPerSecond: perSecond("rejected_connections"),
    inputBytesPerSecond: perSecond("total_net_input_bytes"),
    outputBytesPerSecond: perSecond("total_net_output_bytes"),
    hitsPerSecond: perSecond("keyspace_hits"),
    missesPerSecond: perSecond("keyspace_misses"),
    lifetimeHitRatio: lookups === 0 ? null : hits / lookups,
    persistenceOk:
      info.get("rdb_last_bgsave_status") !== "err" && info.get("aof_last_write_status") !== "err",
    replicas: number("connected_slaves"),
    replicationLagSeconds: isReplica ? ownLag(info) : slowestReplica(info),
    uptimeSeconds: number("uptime_in_seconds"),
  };
}

function numberOf(info: ReadonlyMap<string, string>, name: string): number {
  const value = Number(info.get(name) ?? 0);
  return Number.isFinite(value) ? value : 0;
}

const ownLag = (info: ReadonlyMap<string, string>) => {
  const seconds = numberOf(info, "master_last_io_seconds_ago");
  return info.has("master_last_io_seconds_ago") && seconds >= 0 ? seconds : null;
};

/** Lines `slave0:ip=…,port=…,state=online,offset=…,lag=1`. */
function slowestReplica(info: ReadonlyMap<string, string>): number | null {
  const lags = [...info]
    .filter(([name]) => /^slave\d+$/.test(name))
    .flatMap(([, line]) => /(?:^|,)lag=(\d+)/.exec(line)?.[1] ?? []);
  return lags.length === 0 ? null : Math.max(...lags.map(Number));
}
