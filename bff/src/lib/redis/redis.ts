import { type RedisOptions as ClientOptions, type Command, Redis, ReplyError } from "ioredis";
import type { Logger } from "pino";
import { clientFailureOf } from "#lib/http/client-failure.ts";
import { RedisAway } from "#lib/http/server-away.ts";
import type { AddressFilter } from "#lib/security/address-filter.ts";
import { filteredConnector } from "#lib/security/filtered-socket.ts";

type RedisOptions = {
  url: string;
  /** Shown in CLIENT LIST, so that an operator knows whose connection it is. */
  name: string;
  log: Logger;
  /** BullMQ workers block on a read and need `null`; everything else fails fast. */
  blocking?: boolean;
  /** Which addresses it may reach; all without one. */
  filter?: AddressFilter;
  /**
   * For a watched server: how long connecting and each command may take. It also bounds what a server that hangs costs:
   * a connection without any answer is dropped, and the next one waits longer.
   */
  timeoutMs?: number;
};

/** How long connecting and each command may take unless a source says otherwise, in ms. */
export const redisTimeoutMs = 3_000;
/** A connection on which nothing arrives for this long is dropped. */
const silentMs = 10_000;
const longestWaitMs = 5_000;
const loadingWords = "LOADING Redis is loading the dataset in memory";

/** An error reply from Redis is a mistake of ours; any other failure of a command is the connection. */
class WatchedRedis extends Redis {
  override sendCommand(command: Command, stream?: Parameters<Redis["sendCommand"]>[1]): unknown {
    const reject = command.reject;
    command.reject = (error) =>
      reject(error instanceof ReplyError || error instanceof RedisAway ? error : new RedisAway(error));
    return super.sendCommand(command, stream);
  }
}

/** A number that no server has, so that the server refuses a database which is not a number. */
const noDatabase = -1;

/**
 * The logical database of a Redis URL in any form that the client accepts: `redis://host/5`, `redis://host?db=5`,
 * `host:6379?db=5` and `/run/redis.sock?db=5`. 0 if none is given; null if the given one is not a number.
 */
export function redisDatabaseOf(url: string): number | null {
  const isSocket = url.startsWith("/") && !url.startsWith("//");
  const hasScheme = /^(rediss?:)?\/\//i.test(url);
  const [, query = ""] = url.split("?");
  const path = hasScheme ? new URL(url.startsWith("//") ? `redis:${url}` : url).pathname.slice(1) : "";
  const isNamedByPath = !isSocket && path !== "";
  const written = isNamedByPath
    ? path.replace(/\/$/, "")
    : (new URLSearchParams(query.split("#")[0]).get("db") ?? "");
  if (written === "") return 0;
  return /^\d{1,9}$/.test(written) ? Number(written) : null;
}

/** A client that stays disconnected while its database cannot be selected; the library would continue in database 0. */
class DatabaseRedis extends WatchedRedis {
  /** Why the server refused the database on the last attempt; null if it did not. */
  refusal: string | null = null;
  /** Why the server refused to let this connection in on the last attempt, in its own words; null if it did not. */
  denial: string | null = null;
  /** Attempts in a row that ended without any answer. */
  silentAttempts = 0;

  override sendCommand(command: Command, stream?: Parameters<Redis["sendCommand"]>[1]): unknown {
    // The client keeps asking for INFO until the data is loaded, and refuses all other commands meanwhile.
    if (command.name === "info" && this.status === "connect")
      void command.promise.then(
        (info: unknown) => {
          if (/^loading:1\r?$/m.test(String(info))) this.denial = loadingWords;
        },
        () => undefined,
      );
    return super.sendCommand(command, stream);
  }

  override select(...args: Parameters<Redis["select"]>): Promise<"OK"> {
    return this.selectOrLeave(super.select(...args));
  }

  override duplicate(override?: Partial<ClientOptions>): Redis {
    const options: ClientOptions & { replyMapping: "legacy" } = {
      ...this.options,
      lazyConnect: false,
      ...override,
      replyMapping: "legacy",
    };
    return new DatabaseRedis(options);
  }

  private async selectOrLeave(answer: Promise<"OK">): Promise<"OK"> {
    try {
      const selected = await answer;
      this.refusal = null;
      return selected;
    } catch (err) {
      // If the connection broke, the database was not refused, and the close event follows.
      if (!(err instanceof Error) || err.name !== "ReplyError") throw err;
      this.refusal = `Database ${this.options.db === noDatabase ? "of its address" : this.options.db}: ${err.message}`;
      const closed = new Promise((done) => this.once("close", done));
      this.disconnect(true);
      await closed;
      throw err;
    }
  }
}

/** Why the server refuses this connection's database; null if it does not, or was never asked. */
export const databaseRefusalOf = (redis: Redis): string | null =>
  redis instanceof DatabaseRedis ? redis.refusal : null;

/** Replies by which a server refuses to answer this user or connection. They say nothing about its health. */
const accessRefusal =
  /^(NOPERM|NOAUTH|WRONGPASS|MOVED|ASK|ERR invalid (password|username)|ERR unknown (sub)?command|ERR command is not available|ERR ACL failure)/i;

/**
 * The server's own words if it responds but refuses this user or connection, as in `NOPERM …`; null for any other
 * failure.
 */
export function accessRefusalOf(redis: Redis, error: unknown): string | null {
  if (error instanceof Error && accessRefusal.test(error.message)) return error.message;
  const denial = redis instanceof DatabaseRedis && redis.status !== "ready" ? redis.denial : null;
  return denial !== null && accessRefusal.test(denial) ? denial : null;
}

/**
 * What the server answered instead of a result, in its own words as in `LOADING …`; null if it gave no answer. Before
 * the connection is ready, that is why it does not become so.
 */
export function serverWordsOf(redis: Redis, error: unknown): string | null {
  if (error instanceof Error && error.name === "ReplyError") return error.message;
  return redis instanceof DatabaseRedis && redis.status !== "ready" ? redis.denial : null;
}

/** Whether a failed attempt got no answer at all, as from a server that hangs. */
const isSilent = (err: unknown) =>
  clientFailureOf(err) === "late" ||
  (err instanceof Error && /^Socket timeout|^connect ETIMEDOUT/.test(err.message));

/**
 * A connection that reconnects by itself (after 50 ms, up to 1 s) and never keeps a caller waiting: without a
 * connection, commands fail at once instead of queueing, and each ends after 3 s or `timeoutMs`. If the server refuses
 * the database, the connection fails.
 */
export function createRedis({ url, name, log, blocking = false, filter, timeoutMs }: RedisOptions): Redis {
  const limitMs = timeoutMs ?? redisTimeoutMs;
  const redis: DatabaseRedis = new DatabaseRedis(url, {
    connectionName: name,
    ...(filter ? { Connector: filteredConnector(filter) } : {}),
    // The database is selected first.
    lazyConnect: true,
    connectTimeout: limitMs,
    retryStrategy: (attempt) =>
      timeoutMs !== undefined && redis.silentAttempts > 0
        ? Math.min(1_000 * 2 ** (redis.silentAttempts - 1), longestWaitMs)
        : Math.min(attempt * 50, 1_000),
    enableReadyCheck: true,
    maxLoadingRetryTime: 1_000,
    ...(timeoutMs === undefined
      ? {}
      : { socketTimeout: Math.max(silentMs, 3 * timeoutMs), disconnectTimeout: 500 }),
    // The client's own resubscribe rejects where nobody can catch it if the connection breaks again, which would end
    // the process. Subscribers subscribe on each `ready` instead.
    autoResubscribe: false,
    ...(blocking
      ? { maxRetriesPerRequest: null }
      : { maxRetriesPerRequest: 0, enableOfflineQueue: false, commandTimeout: limitMs }),
  });
  let reported = false;
  redis.on("error", (err) => {
    redis.denial = err instanceof ReplyError ? err.message : null;
    // A server that cannot be reached refuses nothing.
    if (redis.denial === null) redis.refusal = null;
    redis.silentAttempts = isSilent(err) ? redis.silentAttempts + 1 : 0;
    // One line per outage, not one per reconnection.
    if (!reported) log.warn({ err, connection: name }, "Redis connection lost");
    reported = true;
  });
  redis.on("ready", () => {
    redis.denial = null;
    redis.silentAttempts = 0;
    if (reported) log.info({ connection: name }, "Redis connection is back");
    reported = false;
  });
  redis.options.db = redisDatabaseOf(url) ?? noDatabase;
  // Callers learn of it from each command, the log from the event above.
  redis.connect().catch(() => undefined);
  return redis;
}

/**
 * A connection for one short look: not connected yet, never reconnects, and each command ends after 3 s. The caller
 * disconnects it.
 */
export function createRedisOnce({
  url,
  name,
  filter,
}: Required<Pick<RedisOptions, "url" | "name" | "filter">>): Redis {
  const redis = new DatabaseRedis(url, {
    connectionName: name,
    lazyConnect: true,
    connectTimeout: redisTimeoutMs,
    commandTimeout: redisTimeoutMs,
    maxRetriesPerRequest: 0,
    retryStrategy: () => null,
    autoResubscribe: false,
    // A user who may not read INFO is to be told so, not kept waiting.
    enableReadyCheck: false,
    Connector: filteredConnector(filter),
  });
  redis.options.db = redisDatabaseOf(url) ?? noDatabase;
  return redis;
}
