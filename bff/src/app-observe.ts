import { randomUUID } from "node:crypto";
import { hostname } from "node:os";
import type { Redis } from "ioredis";
import type { Logger } from "pino";
import { createPostgresSource } from "#features/health/health-postgres-source.ts";
import { createRedisSource } from "#features/health/health-redis-source.ts";
import { createQueuesSource } from "#features/queues/queues-source.ts";
import type { Clock } from "#lib/clock.ts";
import { type Database, openPool } from "#lib/postgres.ts";
import { createRedis } from "#lib/redis.ts";
import type { Catalogue } from "#observe/catalogue.ts";
import { createCollector } from "#observe/collector.ts";
import { createLeaderLease } from "#observe/leader-lease.ts";
import { createReplication } from "#observe/replication.ts";
import { createSnapshotStore } from "#observe/snapshot-store.ts";
import { verdictHtml } from "#observe/verdict.ts";
import type { OrganizationKey, Watched } from "#observe/watched.ts";

export type ObserveDeps = {
  catalogue: Catalogue;
  roles: readonly string[];
  intervalMs: number;
  database: Database;
  redis: Redis;
  redisUrl: string;
  clock: Clock;
  log: Logger;
} & Pick<Watched, "webhooks" | "recentActs" | "boards">;

/** BullMQ prefix of the queues that do Wheelhouse's own work; whoever owns the Redis, they belong to the platform. */
const ownPrefix = "wheelhouse";
const platform = "platform";

/** Connects the sources and puts the observe path together. It observes when it is started, and serves before that. */
export function createObserve(deps: ObserveDeps) {
  const { catalogue, roles, intervalMs, database, redis, redisUrl, clock, log } = deps;
  const sources = catalogue.current();
  const owner = `${hostname()}/${process.pid}/${randomUUID()}`;
  const ends: (() => unknown)[] = [];
  const open = (url: string, name: string) => {
    const connection = createRedis({ url, name, log });
    ends.push(() => connection.disconnect());
    return connection;
  };
  const watchPostgres = (connectionString: string) => {
    const pool = openPool(
      {
        ...{ connectionString, max: 1, application_name: "wheelhouse-observe" },
        ...{ connectionTimeoutMillis: 5_000, statement_timeout: 5_000, query_timeout: 5_000 },
      },
      log,
    );
    ends.push(() => pool.end());
    return pool;
  };

  const watchedRedis = sources.redis.map((source) => {
    const url = source.url ?? redisUrl;
    return { source, url, connection: open(url, `wheelhouse-observe-${source.id}`) };
  });
  const watched: Watched = {
    servers: [
      ...watchedRedis.map(({ source, connection }) => ({
        ...{ id: source.id, name: source.name, kind: "redis" as const, organization: source.organization },
        sample: createRedisSource({ redis: connection, clock }).sample,
      })),
      ...sources.postgres.map((source) => ({
        ...{ id: source.id, name: source.name, kind: "postgres" as const, organization: source.organization },
        sample: createPostgresSource({
          pool: source.url === undefined ? database.pools.app : watchPostgres(source.url),
          clock,
        }).sample,
      })),
    ],
    queues: watchedRedis.map(({ source, url, connection }) => ({
      sourceId: source.id,
      organizationOf: ({ prefix }) =>
        source.id === "primary" && prefix === ownPrefix ? platform : source.organization,
      sample: createQueuesSource({
        redis: connection,
        sourceId: source.id,
        database: databaseOf(url),
        clock,
      }).sample,
    })),
    boards: deps.boards,
    organizations: () => database.system.selectFrom("organizations").select(["id", "slug"]).execute(),
    webhooks: deps.webhooks,
    recentActs: deps.recentActs,
  };

  const snapshots = createSnapshotStore({ clock, intervalMs });
  const lease = createLeaderLease({ redis, owner });
  const replication = createReplication({
    ...{ redis, subscriber: open(redisUrl, "wheelhouse-observe-heard"), database: databaseOf(redisUrl) },
    ...{ store: snapshots, owner, clock, log },
  });
  const collector = createCollector({
    ...{ watched, store: snapshots, lease, replication },
    firstCandidate: roles.includes("collector"),
    ...{ owner, intervalMs, clock, log },
  });
  return {
    snapshots,
    owner,
    /** What the first paint of Overview needs of this path; see SETTLED 28. */
    firstPaint(organization: OrganizationKey) {
      const overview = snapshots.viewsOf(organization).overview();
      return { overview, verdictHtml: verdictHtml(overview, clock.now()) };
    },
    start: () => collector.start(),
    async stop() {
      await collector.stop();
      for (const end of ends) await end();
    },
  };
}

/** Logical database of a Redis URL. */
function databaseOf(url: string): number {
  const number = Number(new URL(url).pathname.slice(1) || 0);
  return Number.isInteger(number) ? number : 0;
}
