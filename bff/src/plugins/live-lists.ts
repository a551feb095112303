import type { Heads } from "@wheelhouse/shared/live/topic.ts";
import type { EventName, Events } from "#lib/events.ts";
import { createRowChanges } from "#lib/row-changes.ts";

/** Reads rows of an organization's list by id, newest first. */
type ReadHeads<T> = (organizationId: string, ids: readonly string[]) => Promise<T[]>;

/** A list whose rows change with an event. */
export function createEventList<T>(events: Events, event: EventName, read: ReadHeads<T>): LiveList<T> {
  const list = createLiveList(read);
  events.on(event, ({ organizationId, ids, created }) => list.changed(organizationId, ids, created));
  return list;
}

/**
 * Collects the changes of a list per organization until the next message: at most 50 ids, and a count of the rest. Rows
 * are read when the message is sent, once for all subscribers.
 */
export function createLiveList<T>(read: ReadHeads<T>) {
  const changes = createRowChanges();
  return {
    /** Records changed rows, newest last, and the number of new ones. */
    changed(organizationId: string, ids: readonly string[], created: number) {
      changes.add({ organizationId, ids, created });
    },
    /** Drops lists that nobody watches. */
    forget: changes.forget,
    organizations: changes.organizations,
    /** The changes since the last call; null if there are none. */
    async next(organizationId: string): Promise<Omit<Heads<T>, "sentAt"> | null> {
      const waiting = changes.take(organizationId);
      if (!waiting) return null;
      // Rows that cannot be read now are dropped: clients see them with their next fetch.
      return { newCount: waiting.created, heads: await read(organizationId, waiting.ids.toReversed()) };
    },
  };
}
export type LiveList<T> = ReturnType<typeof createLiveList<T>>;
