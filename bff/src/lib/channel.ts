import { randomUUID } from "node:crypto";
import type { Redis } from "ioredis";
import type { Logger } from "pino";
import { z } from "zod";
import { createRedis, redisDatabaseOf } from "#lib/redis/redis.ts";

export type Subscription<Message> = {
  /** The topic, e.g. `sources.changed`; unique in the product. */
  topic: string;
  message: z.ZodType<Message>;
  /** Called with each message of another process. Errors are logged. */
  onMessage(message: Message): void;
  /** Called after the first subscription and after each reconnection; read what was published in between. */
  onListening?(): void;
  /** In characters; a longer message is dropped before it is parsed. 64 Ki by default. */
  maxLength?: number;
};

export type Channel<Message> = {
  /** The channel's name in Redis, for scripts that publish there; their messages are `{"from": "", "message": …}`. */
  name: string;
  /** Sends to the other processes, not to this one. Does not wait; without Redis the message is lost. */
  publish(message: Message): void;
};

/**
 * Subscribes to the messages of this installation's other processes on a topic.
 * @throws if it already has a subscription.
 */
export type Subscribe = <Message>(subscription: Subscription<Message>) => Channel<Message>;

const envelope = z.object({ from: z.string(), message: z.unknown() });
const defaultMaxLength = 64 * 1024;
const logEveryMs = 60_000;

/**
 * Pub/sub between the processes of one installation, over one connection. Redis does not separate channels by logical
 * database, so its number is part of each name. A message that does not match its schema is logged and dropped.
 */
export function createChannels({ redis, redisUrl, log }: { redis: Redis; redisUrl: string; log: Logger }) {
  const self = randomUUID();
  const prefix = `wheelhouse:${redisDatabaseOf(redisUrl) ?? 0}:`;
  const subscriber = createRedis({ url: redisUrl, name: "wheelhouse-channels", log });
  const channels = new Map<string, { hear(text: string): void; onListening(): void }>();

  const listen = (name: string) => {
    subscriber.subscribe(name).then(
      () => channels.get(name)?.onListening(),
      (err: unknown) => log.debug({ err, channel: name }, "not subscribed yet"),
    );
  };
  // The client does not resubscribe by itself, see createRedis.
  subscriber.on("ready", () => {
    for (const name of channels.keys()) listen(name);
  });
  subscriber.on("message", (name: string, text: string) => channels.get(name)?.hear(text));

  const subscribe: Subscribe = ({ topic, message, onMessage, onListening, maxLength = defaultMaxLength }) => {
    const name = prefix + topic;
    if (channels.has(name)) throw new Error(`The channel ${name} has a subscription already`);
    const warn = createRareWarning(log, name);
    channels.set(name, {
      hear(text) {
        const read = text.length > maxLength ? null : envelope.safeParse(jsonOf(text)).data;
        if (read?.from === self) return;
        const parsed = message.safeParse(read?.message);
        if (!read || !parsed.success) return warn("a malformed message was dropped", {});
        try {
          onMessage(parsed.data);
        } catch (err) {
          warn("a message could not be handled", { err });
        }
      },
      onListening() {
        onListening?.();
      },
    });
    if (subscriber.status === "ready") listen(name);
    return {
      name,
      publish(sent) {
        redis
          .publish(name, JSON.stringify({ from: self, message: sent }))
          .catch((err: unknown) => log.debug({ err, channel: name }, "a message could not be published"));
      },
    };
  };

  return {
    subscribe,
    /** The connection, for others that only subscribe. */
    subscriber,
    disconnect: () => subscriber.disconnect(),
  };
}

/** Warns at most once a minute, with the number of warnings suppressed since the last one. */
function createRareWarning(log: Logger, channel: string) {
  let warnedMs = Number.NEGATIVE_INFINITY;
  let suppressed = 0;
  return (text: string, about: { err?: unknown }) => {
    const nowMs = performance.now();
    if (nowMs - warnedMs < logEveryMs) {
      suppressed += 1;
      return;
    }
    log.warn({ ...about, channel, suppressed }, text);
    warnedMs = nowMs;
    suppressed = 0;
  };
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
