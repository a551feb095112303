import { EventEmitter } from "node:events";
import type { Redis } from "ioredis";
import type { Logger } from "pino";
import { z } from "zod";

/** Channel on which replicas tell each other that what a session was allowed before no longer holds. */
const sessionsRevokedChannel = "wheelhouse:sessions:revoked";

const message = z.union([z.strictObject({ sessionId: z.uuid() }), z.strictObject({ userId: z.uuid() })]);
/** One session, or all that a person has: what they were allowed until now does not hold any more. */
export type Ended = z.infer<typeof message>;

export type SessionEnds = {
  /**
   * Says after the commit that a session was revoked or switched, or that a person was disabled or has another
   * role or membership, so that live connections are cut everywhere. Those that are still allowed come back.
   */
  announce(ended: Ended): void;
  /** Calls back for each, of this process and of the others. @returns how to stop. */
  onEnded(listener: (ended: Ended) => void): () => void;
};

/**
 * @param publisher any connection; without Redis the announcement stays in this process.
 * @param subscriber a connection of its own, which this puts into subscribe mode.
 */
export function createSessionEnds({
  publisher,
  subscriber,
  log,
}: {
  publisher: Redis;
  subscriber: Redis;
  log: Logger;
}): SessionEnds {
  const emitter = new EventEmitter();
  emitter.setMaxListeners(0);
  const subscribe = () => {
    subscriber.subscribe(sessionsRevokedChannel).catch((err: unknown) => {
      log.warn({ err }, "not listening to revoked sessions of other replicas yet");
    });
  };
  subscriber.on("ready", subscribe);
  if (subscriber.status === "ready") subscribe();
  subscriber.on("message", (channel, text) => {
    if (channel !== sessionsRevokedChannel) return;
    const parsed = message.safeParse(parseJson(text));
    if (parsed.success) emitter.emit("ended", parsed.data);
  });
  return {
    announce(ended) {
      emitter.emit("ended", ended);
      publisher.publish(sessionsRevokedChannel, JSON.stringify(ended)).catch((err: unknown) => {
        log.warn({ err }, "other replicas were not told of a revoked session");
      });
    },
    onEnded(listener) {
      emitter.on("ended", listener);
      return () => emitter.off("ended", listener);
    },
  };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
