import type { ComponentProps } from "react";
import { Empty } from "#ui/page/panel.tsx";
import { Table } from "./table.tsx";

/** Empty state of a filtered list, with a button that clears the filter. */
export const NoMatch = ({ title, onClear }: { title: string; onClear: () => void }) => (
  <Empty title={title}>
    <button type="button" className="btn" onClick={onClear}>
      Clear filter
    </button>
  </Empty>
);

/** A filtered table, or its empty state. */
export const FilteredTable = <T,>(
  props: ComponentProps<typeof Table<T>> & { noMatch: string; onClear: () => void },
) => {
  const { noMatch, onClear, ...table } = props;
  return table.rows.length === 0 ? <NoMatch title={noMatch} onClear={onClear} /> : <Table {...table} />;
};
