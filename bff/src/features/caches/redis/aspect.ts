import type { RedisServerList } from "@wheelhouse/shared/caches/caches.ts";
import { isStale } from "@wheelhouse/shared/freshness.ts";
import type { SourceView } from "@wheelhouse/shared/health/health.ts";
import type { Aspect, AspectKey, Board, Part } from "#observe/aspect.ts";
import { defineFigures, isHeard } from "#observe/figures.ts";
import { createPublicRows } from "#observe/spread/spread.ts";
import { type ObservedRedisDetail, redisDetailRows } from "../rows.ts";

export type RedisServers = AspectKey<SourceView & { organization: string }>;

/** Interval of keyspace samples, which also stay current that long. */
const keyspaceIntervalMs = 60_000;
const noTrend = (intervalMs: number) => ({ intervalMs, values: [] });

/** Stored with the figures of the server itself. */
const figures = defineFigures<Pick<ObservedRedisDetail, "latency"> & { keys: number | null }>("server", [
  ["keys", ({ keys }) => keys],
  ["latencyMsP50", ({ latency }) => latency?.all.p50Ms],
  ["latencyMsP99", ({ latency }) => latency?.all.p99Ms],
  ["latencyMsP999", ({ latency }) => latency?.all.p999Ms],
]);
const publicServers = createPublicRows<SourceView & { organization: string }>();

/**
 * Details of Redis servers beyond the sample of a tick: keyspace, slow log, latency.
 * @param servers rows of the servers themselves; they are observed before.
 */
export function createRedisAspect({
  servers,
  board,
}: {
  servers: RedisServers;
  board?: Board<ObservedRedisDetail>;
}): Aspect<ObservedRedisDetail> {
  const listOf = (
    rows: readonly ObservedRedisDetail[],
    part: Part,
    trend: Part["trend"],
  ): RedisServerList => ({
    observedAt: part.observedAt,
    intervalMs: part.intervalMs,
    items: servers
      .rows(part)
      .filter(({ kind }) => kind === "redis")
      .map((server) => ({
        server: publicServers.of(server),
        detail: rows.find(({ id }) => id === server.id) ?? null,
        trends: {
          memory: trend(`memory:${server.id}`),
          commands: trend(`commands:${server.id}`),
          latency: trend(`latency:${server.id}`),
          fragmentation: trend(`fragmentation:${server.id}`),
          evicted: trend(`evicted:${server.id}`),
          clients: trend(`clients:${server.id}`),
        },
      })),
    nextCursor: null,
  });
  return {
    key: redisDetailRows.key,
    board,
    list: (rows, part) => listOf(rows, part, part.trend),
    trends(rows, seen, { recent }) {
      const states = new Map(servers.rows(seen).map((server) => [server.id, server]));
      for (const { id, latency } of rows) {
        const server = states.get(id);
        if (!server?.redis) continue;
        recent(`latency:${id}`, server.state === "down" ? null : (latency?.all.p99Ms ?? null));
      }
    },
    figures(rows, seen) {
      const known = new Map(servers.rows(seen).map((server) => [server.id, server]));
      const keysOf = (keyspace: ObservedRedisDetail["keyspace"]) =>
        keyspace && !isStale(keyspace.observedAt, keyspaceIntervalMs, seen.atMs) ? keyspace.totalKeys : null;
      return figures.all(
        rows.map(({ id, organization, latency, keyspace }) => ({
          id,
          organization,
          latency,
          keys: keysOf(keyspace),
        })),
        seen,
        ({ id }) => {
          const server = known.get(id);
          return server !== undefined && server.state !== "down" && isHeard(server, seen);
        },
      );
    },
    // Figures are stored as series, so frames omit their trends.
    frames: [
      {
        part: "servers",
        text: (rows, { part }) =>
          Buffer.from(JSON.stringify(listOf(rows, part, () => noTrend(part.intervalMs)))),
      },
    ],
  };
}
