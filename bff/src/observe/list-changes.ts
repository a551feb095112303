type Owned = { id: string; organization: string };

/**
 * What differs between two ticks in one kind of rows. A row is turned into the public one and encoded once for as
 * long as its observer keeps it.
 */
export function createListChanges<O extends Owned>() {
  const known = new WeakMap<O, { row: Omit<O, "organization">; json: string }>();
  const publicPart = (owned: O) => {
    const made = known.get(owned);
    if (made) return made;
    const { organization: _, ...row } = owned;
    const fresh = { row, json: JSON.stringify(row) };
    known.set(owned, fresh);
    return fresh;
  };
  return {
    rowOf: (owned: O) => publicPart(owned).row,
    between(before: readonly O[], after: readonly O[]) {
      const gone = new Map(before.map((row) => [row.id, row]));
      const changed = after.flatMap((row) => {
        const was = gone.get(row.id);
        gone.delete(row.id);
        const isSame = was === row || (was !== undefined && publicPart(was).json === publicPart(row).json);
        return isSame ? [] : [publicPart(row).row];
      });
      return { changed, removed: [...gone.keys()] };
    },
  };
}
