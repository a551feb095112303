import type { Clock } from "#lib/time/clock.ts";
import type { Events } from "./events.ts";

const keptMost = 1_000;

/**
 * The result of `work`, or that of an equal read that began less than a second ago. `organizationIds` are those whose
 * rows this request was authorized to see: reads of different sets never share. `asked` is everything else on which the
 * result depends, as plain JSON. An error reaches all who wait for it, and is not kept.
 */
export type SharedRead<T> = (
  organizationIds: readonly string[],
  asked: unknown,
  work: () => Promise<T>,
) => Promise<T>;

export type SharedReads = {
  /** Reads of one kind; they share with no other kind. */
  open<T>(): SharedRead<T>;
  /** Ends the sharing of an organization's reads, so that a person sees what they did. */
  forget(organizationId: string): void;
};

/** Lets equal reads share one query for a time, so that a thousand open pages cost as much as one. */
export function createSharedReads({
  clock,
  events,
  forMs = 1_000,
}: {
  clock: Clock;
  events: Pick<Events, "on">;
  forMs?: number;
}): SharedReads {
  const forgetting: ((organizationId: string) => void)[] = [];
  const forget = (organizationId: string) => {
    for (const one of forgetting) one(organizationId);
  };
  // Acts in this process are announced at once by `forget`, those in others by the event.
  events.on("audit.committed", ({ organizationId }) => forget(organizationId));

  return {
    forget,
    open<T>(): SharedRead<T> {
      const entries = new Map<
        string,
        { organizationIds: readonly string[]; until: number; result: Promise<T> }
      >();
      forgetting.push((organizationId) => {
        for (const [key, entry] of entries)
          if (entry.organizationIds.includes(organizationId)) entries.delete(key);
      });
      return (organizationIds, asked, work) => {
        const key = JSON.stringify([[...organizationIds].sort(), asked]);
        const known = entries.get(key);
        if (known && known.until > clock.now()) return known.result;
        const result = work();
        const entry = { organizationIds, until: clock.now() + forMs, result };
        const oldest = entries.keys().next().value;
        if (entries.size >= keptMost && oldest !== undefined) entries.delete(oldest);
        entries.delete(key);
        entries.set(key, entry);
        result.catch(() => {
          if (entries.get(key) === entry) entries.delete(key);
        });
        return result;
      };
    },
  };
}
