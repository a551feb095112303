import type { Delivery } from "@wheelhouse/shared/webhooks/webhooks.ts";
import { createContext, useContext, useState } from "react";
import { Checkbox } from "#ui/form/checkbox.tsx";
import { isReplayable } from "./search.ts";

/** Deliveries selected for a replay, by id. */
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
const SelectionContext = createContext<{ selection: Selection; rows: readonly Delivery[] } | null>(null);
export const SelectionProvider = SelectionContext;

/** Checkbox of one row; none where the delivery cannot be replayed. */
export const SelectOne = ({ row }: { row: Delivery }) => {
  const shared = useContext(SelectionContext);
  if (shared === null || !isReplayable(row.status)) return null;
  const { ids, set } = shared.selection;
  return (
    <Checkbox
      aria-label={`Select ${row.eventType} to ${row.endpointName}`}
      checked={ids.has(row.id)}
      onChange={({ target }) => set([row.id], target.checked)}
    />
  );
};

/** Selects all loaded rows; the button beside the list covers all matches. */
export const SelectLoaded = () => {
  const shared = useContext(SelectionContext);
  const able = shared?.rows.filter(({ status }) => isReplayable(status)).map(({ id }) => id) ?? [];
  const count = able.filter((id) => shared?.selection.ids.has(id) === true).length;
  const isSome = count > 0 && count < able.length;
  return (
    <Checkbox
      isSome={isSome}
      aria-label="Select all loaded dead letters"
      disabled={able.length === 0}
      checked={able.length > 0 && count === able.length}
      onChange={({ target }) => shared?.selection.set(able, target.checked)}
    />
  );
};
