import type { Changes } from "@wheelhouse/shared/live.ts";

/** A list of status rows as a page holds it. `seq`: number of the last live message, null before the first. */
export type Board<Row, Rest> = {
  seq: number | null;
  observedAt: string | null;
  intervalMs: number;
  items: readonly Row[];
} & Rest;

/**
 * Applies one message of changes; `gap` when its number does not follow: the whole has to be asked for again.
 * Rows that did not change keep their identity, so that they need not draw.
 */
export const applyChanges = <Row extends { id: string }, Rest>(
  board: Board<Row, Rest>,
  changes: Changes<Row>,
): Board<Row, Rest> | "gap" => {
  if (board.seq === null || changes.seq !== board.seq + 1) return "gap";
  const { seq, observedAt, intervalMs } = changes;
  if (changes.changed.length === 0 && changes.removed.length === 0)
    return { ...board, seq, observedAt, intervalMs };
  const changed = new Map(changes.changed.map((row) => [row.id, row]));
  const removed = new Set(changes.removed);
  const kept = board.items
    .filter(({ id }) => !removed.has(id))
    .map((row) => {
      const now = changed.get(row.id) ?? row;
      changed.delete(row.id);
      return now;
    });
  return { ...board, seq, observedAt, intervalMs, items: [...kept, ...changed.values()] };
};
