import type { Logger } from "pino";
import { z } from "zod";
import type { Subscribe } from "#lib/channel.ts";

const ended = z.union([z.strictObject({ sessionId: z.uuid() }), z.strictObject({ userId: z.uuid() })]);
/** One session, or all sessions of a person, whose rights have changed. */
export type Ended = z.infer<typeof ended>;

export type SessionEnds = {
  /**
   * Announces after the commit that a session was revoked or switched, or that a person was disabled or has a new role
   * or membership, so that live connections are closed everywhere. Clients that still have access reconnect.
   */
  announce(ended: Ended): void;
  /**
   * Calls back for each announcement of any process.
   * @returns how to unsubscribe.
   */
  onEnded(listener: (ended: Ended) => void): () => void;
};

/**
 * Sent at once and one by one, unlike events. A process that misses one still checks each live session every minute.
 */
export function createSessionEnds({ subscribe, log }: { subscribe: Subscribe; log: Logger }): SessionEnds {
  const listeners = new Set<(ended: Ended) => void>();
  const tell = (told: Ended) => {
    for (const listener of listeners)
      try {
        listener(told);
      } catch (err) {
        log.error({ err }, "a listener of ended sessions failed");
      }
  };
  const channel = subscribe({ topic: "sessions.ended", message: ended, onMessage: tell });
  return {
    announce(told) {
      tell(told);
      channel.publish(told);
    },
    onEnded(listener) {
      listeners.add(listener);
      return () => {
        listeners.delete(listener);
      };
    },
  };
}
