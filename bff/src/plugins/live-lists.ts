import type { Heads } from "@wheelhouse/shared/live/topic.ts";

const mostHeads = 50;

/**
 * Collects what changed in a list, per organization, until the next message: at most 50 ids, the rest is counted.
 * Rows are read when it goes out, once for all who watch.
 */
export function createLiveList<T>(read: (organizationId: string, ids: readonly string[]) => Promise<T[]>) {
  const changes = new Map<string, { ids: Set<string>; created: number }>();
  return {
    /** Notes changed rows, newest last, and how many of them are new. */
    changed(organizationId: string, ids: readonly string[], created: number) {
      const waiting = changes.get(organizationId) ?? { ids: new Set(), created: 0 };
      waiting.created += created;
      for (const id of ids) {
        waiting.ids.delete(id);
        waiting.ids.add(id);
      }
      for (const oldest of waiting.ids) {
        if (waiting.ids.size <= mostHeads) break;
        waiting.ids.delete(oldest);
      }
      changes.set(organizationId, waiting);
    },
    /** Forgets what nobody watches. */
    forget(organizationId: string) {
      changes.delete(organizationId);
    },
    organizations: () => [...changes.keys()],
    /** What came since the last call; null when nothing did. */
    async next(organizationId: string): Promise<Omit<Heads<T>, "sentAt"> | null> {
      const waiting = changes.get(organizationId);
      if (!waiting) return null;
      changes.delete(organizationId);
      // What cannot be read now is not kept: a client that was not told sees it when it next fetches.
      return { newCount: waiting.created, heads: await read(organizationId, [...waiting.ids].reverse()) };
    },
  };
}
export type LiveList<T> = ReturnType<typeof createLiveList<T>>;
