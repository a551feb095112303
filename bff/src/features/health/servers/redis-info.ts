import type { SourceView } from "@wheelhouse/shared/health/health.ts";

export type RedisFigures = NonNullable<SourceView["redis"]>;
/** The lines of one INFO response and when it arrived. */
export type InfoSample = { info: ReadonlyMap<string, string>; atMs: number };

/** `name:value` lines of INFO; section headings and empty lines are skipped. */
export function parseInfo(text: string): ReadonlyMap<string, string> {
  const lines = text.split(/\r?\n/).filter((line) => line.includes(":") && !line.startsWith("#"));
  return new Map(lines.map((line) => [line.slice(0, line.indexOf(":")), line.slice(line.indexOf(":") + 1)]));
}

/**
 * Figures of a Redis (or Valkey) server from two consecutive INFO responses: lifetime counters become the
 * difference between the two. Missing fields are null.
 */
export function redisFigures(now: InfoSample, before: InfoSample | undefined): RedisFigures {
  const { info, atMs } = now;
  const number = (name: string) => numberOf(info, name);
  const perSecond = (name: string) => {
    if (!before || atMs <= before.atMs) return null;
    const [last, first] = [number(name), numberOf(before.info, name)];
    if (last === null || first === null) return null;
    const risen = last - first;
    // Falling counters mean that the server restarted.
    return risen < 0 ? null : Math.round((risen / (atMs - before.atMs)) * 10_000) / 10;
  };
  const hits = number("keyspace_hits");
  const misses = number("keyspace_misses");
  const lookups = hits === null || misses === null ? null : hits + misses;
  const role = info.get("role");
  const isReplica = role === "slave" || role === "replica";
  const isPrimary = role === "master" || role === "primary";
  return {
    version: info.get("valkey_version") ?? info.get("redis_version") ?? null,
    role: isReplica ? "replica" : isPrimary ? "primary" : null,
    usedMemoryBytes: number("used_memory"),
    maxMemoryBytes: number("maxmemory"),
    evictionPolicy: info.get("maxmemory_policy") || null,
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
    lifetimeHitRatio: hits === null || lookups === null || lookups === 0 ? null : hits / lookups,
    persistenceOk: persistenceOf(info),
    replicas: number("connected_slaves"),
    replicationLagSeconds: isReplica ? ownLag(info) : slowestReplica(info),
    uptimeSeconds: number("uptime_in_seconds"),
  };
}

/** Null for missing fields and for anything that is not a number. */
function numberOf(info: ReadonlyMap<string, string>, name: string): number | null {
  const text = info.get(name)?.trim() ?? "";
  const value = Number(text);
  return text !== "" && Number.isFinite(value) ? value : null;
}

function persistenceOf(info: ReadonlyMap<string, string>): boolean | null {
  const told = ["rdb_last_bgsave_status", "aof_last_write_status"].flatMap((name) => info.get(name) ?? []);
  return told.length === 0 ? null : !told.includes("err");
}

const ownLag = (info: ReadonlyMap<string, string>) => {
  const seconds = numberOf(info, "master_last_io_seconds_ago");
  return seconds !== null && seconds >= 0 ? seconds : null;
};

/** Lines `slave0:ip=…,port=…,state=online,offset=…,lag=1`. */
function slowestReplica(info: ReadonlyMap<string, string>): number | null {
  const lags = [...info]
    .filter(([name]) => /^slave\d+$/.test(name))
    .flatMap(([, line]) => /(?:^|,)lag=(\d+)/.exec(line)?.[1] ?? []);
  return lags.length === 0 ? null : Math.max(...lags.map(Number));
}
