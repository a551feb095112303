import type { ComponentProps } from "react";
import { Empty } from "#ui/page/panel.tsx";
import { Table } from "./table.tsx";

/** What a list says when its filter leaves nothing, with the way out of it. */
export const NoMatch = ({ title, onClear }: { title: string; onClear: () => void }) => (
  <Empty title={title}>
    <button type="button" className="btn" onClick={onClear}>
      Clear filter
    </button>
  </Empty>
);

/** A table under a filter: what it shows, or that nothing matches. */
export const FilteredTable = <T,>(
  props: ComponentProps<typeof Table<T>> & { noMatch: string; onClear: () => void },
) => {
  const { noMatch, onClear, ...table } = props;
  return table.rows.length === 0 ? <NoMatch title={noMatch} onClear={onClear} /> : <Table {...table} />;
};
