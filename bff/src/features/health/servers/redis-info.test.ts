import { describe, expect, it } from "vitest";
import { parseInfo, redisFigures } from "./redis-info.ts";

const sample = (atMs: number, lines: string) => ({ info: parseInfo(lines), atMs });
const text = (counters: Record<string, number>, rest = "") =>
  `# Stats\r\n${Object.entries(counters)
    .map(([name, value]) => `${name}:${value}`)
    .join("\r\n")}\r\n${rest}`;

describe("figures of a Redis server", () => {
  it("are differences of two samples, and unknown before the second", () => {
    const first = sample(
      1_000,
      text({ evicted_keys: 4, keyspace_hits: 900, keyspace_misses: 100, total_net_input_bytes: 0 }),
    );
    expect(redisFigures(first, undefined)).toMatchObject({ hitsPerSecond: null, lifetimeHitRatio: 0.9 });
    const second = sample(
      3_000,
      text({ evicted_keys: 4, keyspace_hits: 910, keyspace_misses: 104, total_net_input_bytes: 5_000 }),
    );
    expect(redisFigures(second, first)).toMatchObject({
      hitsPerSecond: 5,
      missesPerSecond: 2,
      inputBytesPerSecond: 2_500,
      evictedPerSecond: 0,
    });
  });

  it("are unknown in the sample after a restart, never negative", () => {
    const before = sample(0, text({ total_commands_processed: 5_000 }));
    const after = sample(1_000, text({ total_commands_processed: 7 }));
    expect(redisFigures(after, before).opsPerSecond).toBeNull();
  });

  it("include the lag of the slowest replica, and of a replica itself", () => {
    const replicas =
      "role:master\r\nconnected_slaves:2\r\nslave0:ip=10.0.0.1,port=6379,state=online,offset=9,lag=0\r\nslave1:ip=10.0.0.2,port=6379,state=online,offset=7,lag=3";
    expect(redisFigures(sample(0, replicas), undefined)).toMatchObject({
      role: "primary",
      replicas: 2,
      replicationLagSeconds: 3,
    });
    const replica = "role:slave\r\nmaster_last_io_seconds_ago:4\r\nconnected_slaves:0";
    expect(redisFigures(sample(0, replica), undefined)).toMatchObject({
      role: "replica",
      replicationLagSeconds: 4,
    });
    const cutOff = "role:slave\r\nmaster_last_io_seconds_ago:-1";
    expect(redisFigures(sample(0, cutOff), undefined).replicationLagSeconds).toBeNull();
  });

  it("are null for fields that a server does not report", () => {
    const hosted =
      "# Server\r\nredis_version:6.2.3\r\nuptime_in_seconds:100\r\n\r\n# Memory\r\nused_memory:4131456\r\nmem_fragmentation_ratio:-nan\r\nmaxclients:\r\n";
    const before = sample(0, hosted);
    const { version, usedMemoryBytes, uptimeSeconds, ...rest } = redisFigures(sample(1_000, hosted), before);
    expect({ version, usedMemoryBytes, uptimeSeconds }).toEqual({
      version: "6.2.3",
      usedMemoryBytes: 4_131_456,
      uptimeSeconds: 100,
    });
    expect(Object.entries(rest).filter(([, value]) => value !== null)).toEqual([]);
    expect(Object.values(redisFigures(sample(0, ""), undefined)).every((value) => value === null)).toBe(true);
  });

  it.each([
    ["", null],
    ["rdb_last_bgsave_status:ok", true],
    ["aof_last_write_status:ok", true],
    ["rdb_last_bgsave_status:ok\r\naof_last_write_status:err", false],
  ])("include the state of the last write to disk: %s", (lines, expected) => {
    expect(redisFigures(sample(0, lines), undefined).persistenceOk).toBe(expected);
  });

  it("distinguish a reported zero from a missing field", () => {
    const told = sample(0, "maxmemory:0\r\nblocked_clients:0\r\nconnected_slaves:0");
    expect(redisFigures(told, undefined)).toMatchObject({
      maxMemoryBytes: 0,
      blockedClients: 0,
      replicas: 0,
      connectedClients: null,
    });
  });
});
