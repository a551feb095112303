import { type RedisServerList, redisServerList } from "@wheelhouse/shared/caches/caches.ts";
import { noSeries, type Past, readFrame } from "#observe/spread/spread.ts";

const spanMs = 10 * 60_000;

/** The Redis servers as they were at a past time. @throws AppError `not_found` */
export async function pastRedisServers(
  past: Past,
  organizationId: string,
  at: string,
): Promise<RedisServerList> {
  const frame = { schema: redisServerList, part: "servers" };
  const list = await readFrame(past, frame, organizationId, at);
  const items: RedisServerList["items"] = [];
  // Sequential, so that one reader never uses the whole pool; there are few servers.
  for (const item of list.items) {
    const [
      memory = noSeries,
      commands = noSeries,
      fragmentation = noSeries,
      evicted = noSeries,
      clients = noSeries,
      latency = noSeries,
    ] = await past.seriesBefore(organizationId, {
      kind: "server",
      id: item.server.id,
      at,
      spanMs,
      metrics: [
        "usedMemoryBytes",
        "opsPerSecond",
        "fragmentationRatio",
        "evictedPerSecond",
        "connectedClients",
        "latencyMsP99",
      ],
    });
    items.push({ ...item, trends: { memory, commands, latency, fragmentation, evicted, clients } });
  }
  return { ...list, items };
}
