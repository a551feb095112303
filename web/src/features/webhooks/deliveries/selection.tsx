import { createContext, useContext, useState } from "react";
import { Checkbox } from "#ui/form/checkbox.tsx";
import type { Column } from "#ui/table/table.tsx";
import { PreciseTime, TimeHeader } from "#ui/text/time.tsx";
import css from "../webhooks.module.css";

/** Rows selected for an act, by id. */
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

// A selection must render only the checkboxes again, not their rows. `able`: ids that can be selected.
const SelectionContext = createContext<{ selection: Selection; able: ReadonlySet<string> } | null>(null);
export const SelectionProvider = SelectionContext;

const SelectOne = ({ id, label }: { id: string; label: string }) => {
  const shared = useContext(SelectionContext);
  if (shared === null || !shared.able.has(id)) return null;
  const { ids, set } = shared.selection;
  return (
    <Checkbox
      aria-label={`Select ${label}`}
      checked={ids.has(id)}
      onChange={({ target }) => set([id], target.checked)}
    />
  );
};

/** Selects all loaded rows; the button beside the list covers all matches. */
const SelectLoaded = ({ label }: { label: string }) => {
  const shared = useContext(SelectionContext);
  const able = [...(shared?.able ?? none)];
  const count = able.filter((id) => shared?.selection.ids.has(id) === true).length;
  const isSome = count > 0 && count < able.length;
  return (
    <Checkbox
      isSome={isSome}
      aria-label={`Select all loaded ${label}`}
      disabled={able.length === 0}
      checked={able.length > 0 && count === able.length}
      onChange={({ target }) => shared?.selection.set(able, target.checked)}
    />
  );
};

/** The leading column of a list below a `SelectionProvider`. `all` names its rows, `labelOf` one of them. */
export const selectColumn = <Row extends { id: string }>(
  all: string,
  labelOf: (row: Row) => string,
): Column<Row> => ({
  id: "select",
  header: <SelectLoaded label={all} />,
  isLead: true,
  className: css.colSelect,
  cell: (row) => <SelectOne id={row.id} label={labelOf(row)} />,
});

/** When a row was received, newest first. */
export const receivedColumn = <Row extends { receivedAt: string }>(): Column<Row> => ({
  id: "received",
  header: <TimeHeader label="Received" />,
  sorted: "descending",
  card: "age",
  className: css.colTime,
  cell: (row) => <PreciseTime at={row.receivedAt} />,
});
