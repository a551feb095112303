/** Changed rows of an organization's list, newest change last: at most 50 ids, and the number of new rows. */
export type RowsChanged = { organizationId: string; ids: readonly string[]; created: number };

export const mostChangedIds = 50;

/** Collects changes of lists per organization until they are taken: the newest 50 ids, and a count of the rest. */
export function createRowChanges() {
  const waiting = new Map<string, { ids: Set<string>; created: number }>();

  const take = (organizationId: string): RowsChanged | null => {
    const changes = waiting.get(organizationId);
    if (!changes) return null;
    waiting.delete(organizationId);
    return { organizationId, ids: [...changes.ids], created: changes.created };
  };

  return {
    add({ organizationId, ids, created }: RowsChanged) {
      const changes = waiting.get(organizationId) ?? { ids: new Set(), created: 0 };
      changes.created += created;
      for (const id of ids) {
        changes.ids.delete(id);
        changes.ids.add(id);
      }
      for (const oldest of changes.ids) {
        if (changes.ids.size <= mostChangedIds) break;
        changes.ids.delete(oldest);
      }
      waiting.set(organizationId, changes);
    },
    organizations: () => [...waiting.keys()],
    /** The changes since the last call; null if there are none. */
    take,
    takeAll: (): RowsChanged[] => [...waiting.keys()].flatMap((organizationId) => take(organizationId) ?? []),
    forget(organizationId: string) {
      waiting.delete(organizationId);
    },
  };
}
