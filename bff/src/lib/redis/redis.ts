import { type RedisOptions as ClientOptions, type Command, Redis, ReplyError } from "ioredis";
import type { Logger } from "pino";
import { RedisAway } from "#lib/http/server-away.ts";

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

/** No server has it, so that it is the server that refuses a database which is no number. */
const noDatabase = -1;

/**
 * Logical database of a Redis URL in any form that the client takes: `redis://host/5`, `redis://host?db=5`,
 * `host:6379?db=5` and `/run/redis.sock?db=5`. 0 where none is named; null when what is named is no number.
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

/** A client that is not connected while its database cannot be selected; the library goes on in database 0. */
class DatabaseRedis extends WatchedRedis {
  /** Why the server refused the database at the last try; null when it did not. */
  refusal: string | null = null;

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
      // When the connection broke the database was not refused, and its end is on its way already.
      if (!(err instanceof Error) || err.name !== "ReplyError") throw err;
      this.refusal = `Database ${this.options.db === noDatabase ? "of its address" : this.options.db}: ${err.message}`;
      const closed = new Promise((done) => this.once("close", done));
      this.disconnect(true);
      await closed;
      throw err;
    }
  }
}

/** Why the server refuses the database of this connection; null when it does not, or was never asked. */
export const databaseRefusalOf = (redis: Redis): string | null =>
  redis instanceof DatabaseRedis ? redis.refusal : null;

/**
 * A connection that reconnects by itself (after 50 ms, up to 1 s) and never keeps a caller waiting: without a
 * connection commands fail at once instead of queueing, and each ends after 3 s. A database that the server refuses is
 * a connection that fails.
 */
export function createRedis({ url, name, log, blocking = false }: RedisOptions): Redis {
  const redis = new DatabaseRedis(url, {
    connectionName: name,
    // Its database is set first.
    lazyConnect: true,
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
  redis.options.db = redisDatabaseOf(url) ?? noDatabase;
  // Whoever uses it is told by each command, and the log by its event.
  redis.connect().catch(() => undefined);
  return redis;
}
