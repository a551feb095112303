import type { Owned, Public, PublicRows } from "#observe/aspect.ts";

/**
 * The rows of one aspect that differ between two ticks. Each row is converted to its public form and encoded at most
 * once for as long as its observer keeps it.
 */
export function createPublicRows<Row extends Owned>(): PublicRows<Row> {
  const known = new WeakMap<Row, { row: Public<Row>; json: string | null }>();
  const madeOf = (owned: Row) => {
    const made = known.get(owned);
    if (made) return made;
    const { organization: _, ...row } = owned;
    const fresh: { row: Public<Row>; json: string | null } = { row, json: null };
    known.set(owned, fresh);
    return fresh;
  };
  const jsonOf = (owned: Row): string => {
    const made = madeOf(owned);
    made.json ??= JSON.stringify(made.row);
    return made.json;
  };
  const publicOf = (owned: Row) => madeOf(owned).row;
  return {
    of: publicOf,
    between(before, now) {
      const gone = new Map(before.map((row) => [row.id, row]));
      const changed = now.flatMap((row) => {
        const was = gone.get(row.id);
        gone.delete(row.id);
        if (was === row || (was !== undefined && jsonOf(was) === jsonOf(row))) return [];
        return [{ before: was === undefined ? null : publicOf(was), now: publicOf(row) }];
      });
      return { changed, removed: [...gone.keys()] };
    },
  };
}
