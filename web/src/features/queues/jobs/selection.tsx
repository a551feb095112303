import type { JobRow } from "@wheelhouse/shared/queues/jobs.ts";
import { createContext, useContext, useState } from "react";
import { Checkbox } from "#ui/form/checkbox.tsx";

export type Selection = {
  ids: ReadonlySet<string>;
  set: (ids: readonly string[], isOn: boolean) => void;
  clear: () => void;
};

const none: ReadonlySet<string> = new Set();

/** Another list (`listId`) starts with an empty selection. */
export const useSelection = (listId: string): Selection => {
  const [chosen, setChosen] = useState({ listId, ids: none });
  const ids = chosen.listId === listId ? chosen.ids : none;
  return {
    ids,
    set: (some, isOn) => {
      const next = new Set(ids);
      for (const id of some) {
        if (isOn) next.add(id);
        else next.delete(id);
      }
      setChosen({ listId, ids: next });
    },
    clear: () => setChosen({ listId, ids: none }),
  };
};

// A selection must render only the checkboxes again, not their rows.
const SelectionContext = createContext<{ selection: Selection; rows: readonly JobRow[] } | null>(null);
export const SelectionProvider = SelectionContext;

export const SelectOne = ({ row }: { row: JobRow }) => {
  const shared = useContext(SelectionContext);
  if (shared === null) return null;
  const { ids, set } = shared.selection;
  return (
    <Checkbox
      aria-label={`Select job ${row.id}`}
      checked={ids.has(row.id)}
      onChange={({ target }) => set([row.id], target.checked)}
    />
  );
};

/** Selects all loaded rows. */
export const SelectLoaded = () => {
  const shared = useContext(SelectionContext);
  const all = shared?.rows.map(({ id }) => id) ?? [];
  const count = all.filter((id) => shared?.selection.ids.has(id) === true).length;
  return (
    <Checkbox
      isSome={count > 0 && count < all.length}
      aria-label="Select all loaded jobs"
      disabled={all.length === 0}
      checked={all.length > 0 && count === all.length}
      onChange={({ target }) => shared?.selection.set(all, target.checked)}
    />
  );
};
