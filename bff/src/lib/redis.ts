import { type Command, Redis, ReplyError } from "ioredis";
import type { Logger } from "pino";
import { RedisAway } from "#lib/server-away.ts";

type RedisOptions = {
  url: string;
  /** Seen in CLIENT LIST, so that an operator knows whose connection it is. */
  name: string;
  log: Logger;
  /** BullMQ workers block on a read and need `null`; everything else fails fast. */
  blocking?: boolean;
};

/** What Redis itself answers is a mistake of ours; whatever else ends a command is the connection. */
class WatchedRedis extends Redis {
  override sendCommand(command: Command, stream?: Parameters<Redis["sendCommand"]>[1]): unknown {
    const reject = command.reject;
    command.reject = (error) =>
      reject(error instanceof ReplyError || error instanceof RedisAway ? error : new RedisAway(error));
    return super.sendCommand(command, stream);
  }
}

/**
 * A connection that reconnects by itself (after 50 ms, up to 1 s) and never keeps a caller waiting: without a
 * connection commands fail at once instead of queueing, and each ends after 3 s.
 */
export function createRedis({ url, name, log, blocking = false }: RedisOptions): Redis {
  const redis = new WatchedRedis(url, {
    connectionName: name,
    lazyConnect: false,
    connectTimeout: 3_000,
    retryStrategy: (attempt) => Math.min(attempt * 50, 1_000),
    enableReadyCheck: true,
    // Its own try to subscribe again rejects where nobody can catch it when the connection breaks once more, which ends
    // the process. Whoever subscribes does so at each `ready`.
    autoResubscribe: false,
    ...(blocking
      ? { maxRetriesPerRequest: null }
      : { maxRetriesPerRequest: 0, enableOfflineQueue: false, commandTimeout: 3_000 }),
  });
  let reported = false;
  redis.on("error", (err) => {
    // One line an outage, not one a reconnect.
    if (!reported) log.warn({ err, connection: name }, "Redis connection lost");
    reported = true;
  });
  redis.on("ready", () => {
    if (reported) log.info({ connection: name }, "Redis connection is back");
    reported = false;
  });
  return redis;
}

/**
 * Number of the logical database that a client of this URL uses, asked of the client itself: `/3` and `?db=3` name one,
 * and 0 is the default.
 */
export function databaseOf(url: string): number {
  const { db } = new Redis(url, { lazyConnect: true }).options;
  return db !== undefined && Number.isInteger(db) ? db : 0;
}
