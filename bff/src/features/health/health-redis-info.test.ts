import { describe, expect, it } from "vitest";
import { parseInfo, redisFigures } from "./health-redis-info.ts";

const sample = (atMs: number, lines: string) => ({ info: parseInfo(lines), atMs });
const text = (counters: Record<string, number>, rest = "") =>
  `# Stats\r\n${Object.entries(counters)
    .map(([name, value]) => `${name}:${value}`)
    .join("\r\n")}\r\n${rest}`;

describe("figures of a Redis server", () => {
  it("are deltas of two samples, and unknown before the second", () => {
    const first = sample(1_000, text({ keyspace_hits: 900, keyspace_misses: 100, total_net_input_bytes: 0 }));
    expect(redisFigures(first, undefined)).toMatchObject({ hitsPerSecond: null, lifetimeHitRatio: 0.9 });
    const second = sample(
      3_000,
      text({ keyspace_hits: 910, keyspace_misses: 104, total_net_input_bytes: 5_000 }),
    );
    expect(redisFigures(second, first)).toMatchObject({
      hitsPerSecond: 5,
      missesPerSecond: 2,
      inputBytesPerSecond: 2_500,
      evictedPerSecond: 0,
    });
  });

  it("are unknown for the sample after a restart, never negative", () => {
    const before = sample(0, text({ total_commands_processed: 5_000 }));
    const after = sample(1_000, text({ total_commands_processed: 7 }));
    expect(redisFigures(after, before).opsPerSecond).toBeNull();
  });

  it("tell the lag of the slowest replica, and of a replica itself", () => {
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

  it("survive a server that tells little", () => {
    expect(
      redisFigures(sample(0, "redis_version:3.2\r\nmem_fragmentation_ratio:-nan"), undefined),
    ).toMatchObject({
      version: "3.2",
      fragmentationRatio: 0,
      maxClients: 0,
      lifetimeHitRatio: null,
      replicas: 0,
    });
  });
});
