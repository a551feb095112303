import type { Logger } from "pino";
import { z } from "zod";
import type { Subscribe } from "#lib/channel.ts";

const ended = z.union([z.strictObject({ sessionId: z.uuid() }), z.strictObject({ userId: z.uuid() })]);
/** One session, or all that a person has: what they were allowed until now does not hold any more. */
export type Ended = z.infer<typeof ended>;

export type SessionEnds = {
  /**
   * Says after the commit that a session was revoked or switched, or that a person was disabled or has another
   * role or membership, so that live connections are cut everywhere. Those that are still allowed come back.
   */
  announce(ended: Ended): void;
  /** Calls back for each, of this process and of the others. @returns how to stop. */
  onEnded(listener: (ended: Ended) => void): () => void;
};

/** Sent at once and one by one, unlike events. A process that misses one still checks each live session every minute. */
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
