import type { Heads } from "@wheelhouse/shared/live/topic.ts";
import type { EventName, Events } from "#lib/events.ts";
import { createRowChanges } from "#lib/row-changes.ts";

/** Reads rows of an organization's list by id, newest first. */
type ReadHeads<T> = (organizationId: string, ids: readonly string[]) => Promise<T[]>;

/** The list whose rows change as an event says. */
export function createEventList<T>(events: Events, event: EventName, read: ReadHeads<T>): LiveList<T> {
  const list = createLiveList(read);
  events.on(event, ({ organizationId, ids, created }) => list.changed(organizationId, ids, created));
  return list;
}

/**
 * Collects what changed in a list, per organization, until the next message: at most 50 ids, the rest is counted.
 * Rows are read when it goes out, once for all who watch.
 */
export function createLiveList<T>(read: ReadHeads<T>) {
  const changes = createRowChanges();
  return {
    /** Notes changed rows, newest last, and how many of them are new. */
    changed(organizationId: string, ids: readonly string[], created: number) {
      changes.add({ organizationId, ids, created });
    },
    /** Forgets what nobody watches. */
    forget: changes.forget,
    organizations: changes.organizations,
    /** What came since the last call; null when nothing did. */
    async next(organizationId: string): Promise<Omit<Heads<T>, "sentAt"> | null> {
      const waiting = changes.take(organizationId);
      if (!waiting) return null;
      // What cannot be read now is not kept: a client that was not told sees it when it next fetches.
      return { newCount: waiting.created, heads: await read(organizationId, waiting.ids.toReversed()) };
    },
  };
}
export type LiveList<T> = ReturnType<typeof createLiveList<T>>;
