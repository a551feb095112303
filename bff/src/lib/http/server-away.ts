/**
 * A server that Wheelhouse needs cannot be reached now, as opposed to a mistake of ours. Keeps the message of its
 * cause.
 */
export class ServerAway extends Error {
  constructor(cause: Error) {
    super(cause.message, { cause });
    this.name = new.target.name;
  }
}

/** Postgres cannot be reached, or the connection to it broke. */
export class DatabaseAway extends ServerAway {}

/** Redis cannot be reached, or did not answer in time. */
export class RedisAway extends ServerAway {}

/** A deadline passed without an answer. */
export class NoAnswerInTime extends Error {
  override name = "NoAnswerInTime";

  constructor(timeoutMs: number) {
    super(`No answer in time (timeout ${timeoutMs} ms)`);
  }
}
