import { isDeepStrictEqual } from "node:util";
import type { Redis } from "ioredis";
import type { Logger } from "pino";
import type { SampledServer } from "#features/health/rows.ts";
import { createPostgresSource, createRedisSource } from "#features/health/servers/servers.ts";
import type { SampledQueues } from "#features/queues/rows.ts";
import { createQueuesSource } from "#features/queues/source.ts";
import {
  createSchedulersSource,
  isRingQueue,
  type SampledSchedulers,
} from "#features/schedules/schedules.ts";
import { type Database, openPool } from "#lib/postgres/postgres.ts";
import { createRedis, redisDatabaseOf, redisTimeoutMs } from "#lib/redis/redis.ts";
import type { AddressFilter } from "#lib/security/address-filter.ts";
import { filteredSocket } from "#lib/security/filtered-socket.ts";
import type { Clock } from "#lib/time/clock.ts";
import type { Catalogue, WatchedServer, WatchedSources } from "#observe/sources/sources.ts";

export type WatchedRedis = { source: WatchedServer; url: string; connection: Redis };

type Connected = {
  source: WatchedServer;
  kind: "redis" | "postgres";
  redis: WatchedRedis | null;
  server: SampledServer;
  queues: SampledQueues | null;
  schedulers: SampledSchedulers | null;
  end(): unknown;
};

/**
 * BullMQ prefix of Wheelhouse's own queues; they belong to the platform, even if another organization owns the Redis.
 */
const ownPrefix = "wheelhouse";
const platform = "platform";
const postgresTimeoutMs = 5_000;
const limitOf = ({ timeoutMs }: WatchedServer) => (timeoutMs === undefined ? {} : { timeoutMs });

/**
 * Connections to the Redis and Postgres servers of the catalogue, opened and closed as it changes. The lists are live:
 * an unchanged source keeps its entry, its connection and its counters.
 */
export function createWatchedServers({
  catalogue,
  database,
  redisUrl,
  filter,
  clock,
  log,
}: {
  catalogue: Catalogue;
  database: Database;
  redisUrl: string;
  /** Which addresses the servers of others may have. */
  filter: AddressFilter;
  clock: Clock;
  log: Logger;
}) {
  const connected: Connected[] = [];
  const redis: WatchedRedis[] = [];
  const servers: SampledServer[] = [];
  const queues: SampledQueues[] = [];
  const schedulers: SampledSchedulers[] = [];

  const openRedis = (source: WatchedServer): Connected => {
    const url = source.url ?? redisUrl;
    const connection = createRedis({
      url,
      name: `wheelhouse-observe-${source.id}`,
      log,
      ...(source.url === undefined ? {} : { filter }),
      timeoutMs: source.timeoutMs ?? redisTimeoutMs,
    });
    const { id, name, organization } = source;
    const queuesOfIt = createQueuesSource({
      redis: connection,
      sourceId: id,
      database: redisDatabaseOf(url) ?? 0,
      clock,
    });
    const organizationOf = ({ prefix }: { prefix: string }) =>
      id === "primary" && prefix === ownPrefix ? platform : organization;
    return {
      source,
      kind: "redis",
      redis: { source, url, connection },
      server: {
        id,
        name,
        kind: "redis",
        organization,
        ...limitOf(source),
        sample: createRedisSource({ redis: connection, clock, queueNotice: queuesOfIt.notice }).sample,
      },
      queues: {
        sourceId: id,
        organizationOf,
        ...limitOf(source),
        sample: queuesOfIt.sample,
      },
      schedulers: {
        sourceId: id,
        organizationOf,
        readOnly: source.readOnly === true ? `${name} is watched read-only` : null,
        isOwn: (queue) => id === "primary" && isRingQueue(queue),
        ...limitOf(source),
        source: createSchedulersSource({ redis: connection, queues: queuesOfIt.known }),
      },
      end: () => connection.disconnect(),
    };
  };
  const openPostgres = (source: WatchedServer): Connected => {
    const { id, name, organization, url } = source;
    const own = url === undefined ? database.pools.app : null;
    const pool =
      own ??
      openPool(
        {
          connectionString: url,
          stream: () => filteredSocket(filter),
          max: 1,
          application_name: "wheelhouse-observe",
          connectionTimeoutMillis: source.timeoutMs ?? postgresTimeoutMs,
          query_timeout: source.timeoutMs ?? postgresTimeoutMs,
        },
        log,
      );
    return {
      source,
      kind: "postgres",
      redis: null,
      queues: null,
      schedulers: null,
      server: {
        id,
        name,
        kind: "postgres",
        organization,
        ...limitOf(source),
        sample: createPostgresSource({ pool, clock }).sample,
      },
      end: () => (own ? undefined : pool.end()),
    };
  };

  const replace = <T>(list: T[], next: readonly T[]) => {
    list.splice(0, list.length, ...next);
  };
  const follow = (sources: WatchedSources) => {
    const wanted = [
      ...sources.redis.map((source) => ({ source, kind: "redis" as const })),
      ...sources.postgres.map((source) => ({ source, kind: "postgres" as const })),
    ];
    const before = [...connected];
    const next = wanted.map(({ source, kind }) => {
      const open = before.find((each) => each.kind === kind && isSameServer(each.source, source));
      if (!open) return kind === "redis" ? openRedis(source) : openPostgres(source);
      return { ...open, source, redis: open.redis && { ...open.redis, source } };
    });
    replace(connected, next);
    replace(
      redis,
      next.flatMap((each) => each.redis ?? []),
    );
    replace(
      servers,
      next.map(({ server }) => server),
    );
    replace(
      queues,
      next.flatMap((each) => each.queues ?? []),
    );
    replace(
      schedulers,
      next.flatMap((each) => each.schedulers ?? []),
    );
    for (const gone of before)
      if (!next.some(({ server }) => server === gone.server))
        Promise.resolve(gone.end()).catch((err: unknown) =>
          log.debug({ err }, "a source could not be closed cleanly"),
        );
  };
  follow(catalogue.current());
  const forget = catalogue.onChange(follow);

  return {
    redis: redis as readonly WatchedRedis[],
    servers,
    queues,
    schedulers,
    async stop() {
      forget();
      for (const { end } of connected) await end();
    },
  };
}

/** Caches declared in a server do not require a new connection. */
const isSameServer = ({ caches: _, ...a }: WatchedServer, { caches: __, ...b }: WatchedServer) =>
  isDeepStrictEqual(a, b);
