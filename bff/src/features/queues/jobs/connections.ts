import { once } from "node:events";
import type { Redis } from "ioredis";
import type { Logger } from "pino";
import { AppError } from "#lib/http/errors.ts";
import { accessRefusalOf, createRedis, redisTimeoutMs, serverWordsOf } from "#lib/redis/redis.ts";
import type { AddressFilter } from "#lib/security/address-filter.ts";
import type { WatchedServer } from "#observe/sources/sources.ts";

/** A watched Redis; `url` is its address, also when it is Wheelhouse's own. */
export type JobServer = { source: WatchedServer; url: string };

const inUseMost = 24;

type Open = { redis: Redis; url: string; inUse: number; idle: NodeJS.Timeout };

/**
 * Connections for reading and changing jobs, apart from those that observe: a large payload delays no sample. One for
 * each server, opened when it is needed and closed after a minute without use.
 */
export function createJobConnections({
  log,
  filter,
  idleMs = 60_000,
}: {
  log: Logger;
  filter: AddressFilter;
  idleMs?: number;
}) {
  const open = new Map<string, Open>();

  const close = (id: string, entry: Open) => {
    clearTimeout(entry.idle);
    if (open.get(id) === entry) open.delete(id);
    entry.redis.disconnect();
  };

  function entryOf({ source, url }: JobServer): Open {
    const known = open.get(source.id);
    if (known?.url === url) return known;
    if (known) close(source.id, known);
    const redis = createRedis({
      url,
      name: `wheelhouse-jobs-${source.id}`,
      log,
      ...(source.url === undefined ? {} : { filter }),
      timeoutMs: source.timeoutMs ?? redisTimeoutMs,
    });
    const entry: Open = {
      redis,
      url,
      inUse: 0,
      idle: setTimeout(() => {
        if (entry.inUse === 0) close(source.id, entry);
        else entry.idle.refresh();
      }, idleMs).unref(),
    };
    open.set(source.id, entry);
    return entry;
  }

  return {
    /**
     * Runs `work` on a connection to the server.
     * @throws AppError `unavailable` if it does not respond or is asked too much, `conflict` if it refuses this user.
     */
    async use<T>(server: JobServer, work: (redis: Redis) => Promise<T>): Promise<T> {
      const { source } = server;
      const entry = entryOf(server);
      if (entry.inUse >= inUseMost)
        throw new AppError(
          "unavailable",
          `Too many requests read ${source.name} now. Try again in a second.`,
          {
            retryAfterSeconds: 1,
          },
        );
      entry.inUse += 1;
      try {
        await whenReady(entry.redis, source.timeoutMs ?? redisTimeoutMs);
        return await work(entry.redis);
      } catch (error) {
        if (error instanceof AppError) throw error;
        const words = serverWordsOf(entry.redis, error);
        const isRefused = accessRefusalOf(entry.redis, error) !== null || entry.redis.status === "ready";
        if (words !== null && isRefused)
          throw new AppError("conflict", `${source.name} refused: ${words.slice(0, 200)}`, { cause: error });
        throw new AppError(
          "unavailable",
          `${source.name} ${words === null ? "is not responding" : `says: ${words.slice(0, 200)}`}. Try again.`,
          { retryAfterSeconds: 2, cause: error },
        );
      } finally {
        entry.inUse -= 1;
        entry.idle.refresh();
      }
    },
    stop() {
      for (const [id, entry] of open) close(id, entry);
    },
  };
}
export type JobConnections = ReturnType<typeof createJobConnections>;

async function whenReady(redis: Redis, limitMs: number) {
  if (redis.status === "ready") return;
  await once(redis, "ready", { signal: AbortSignal.timeout(limitMs) });
}
