import type { Heads } from "@wheelhouse/shared/live.ts";
import { createRowChanges } from "#lib/row-changes.ts";

/**
 * Collects what changed in a list, per organization, until the next message: at most 50 ids, the rest is counted.
 * Rows are read when it goes out, once for all who watch.
 */
export function createLiveList<T>(read: (organizationId: string, ids: readonly string[]) => Promise<T[]>) {
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
