import {
  type ComponentProps,
  Fragment,
  memo,
  type ReactNode,
  type RefObject,
  useCallback,
  useEffect,
  useMemo,
  useRef,
  useState,
} from "react";
import { flushSync } from "react-dom";
import { useKeys } from "#lib/keys.ts";
import { Empty } from "#ui/page/panel.tsx";
import { useStillRows } from "./still-rows.ts";
import { partsOf, useRowWindow } from "./table-window.ts";

/** Longer lists render only the visible rows. */
const wholeUpTo = 100;

/**
 * `cell` must be a pure function of the row. `card`: position on a phone, where a row is a two-line card (title
 * and badge above, detail and age below); columns without it are hidden there. `drop`: order in which columns
 * are hidden in a narrow pane, `first` before `second`.
 */
export type Column<T> = {
  id: string;
  header: ReactNode;
  cell: (row: T) => ReactNode;
  num?: boolean;
  sorted?: "ascending" | "descending";
  className?: string | undefined;
  card?: "title" | "badge" | "detail" | "age";
  drop?: "first" | "second";
  /** A cell with its own control, before the cell that is the row's link. */
  isLead?: boolean;
};

/** The columns that become last when others are hidden, so that the row ends at the gutter. */
const endsOf = <T,>(columns: readonly Column<T>[]) => ({
  whenFirstGone: columns.findLast(({ drop }) => drop !== "first")?.id,
  whenSecondGone: columns.findLast(({ drop }) => drop === undefined)?.id,
});

const cellClass = <T,>(
  { id, num, className, card, drop }: Column<T>,
  ends: ReturnType<typeof endsOf>,
): string =>
  [
    num === true ? "num" : "",
    className ?? "",
    card === undefined ? "" : `card-${card}`,
    drop === "first" ? "lo" : drop === "second" ? "lo2" : "",
    id === ends.whenFirstGone ? "end" : "",
    id === ends.whenSecondGone ? "end2" : "",
  ]
    .filter((name) => name !== "")
    .join(" ");

type RowProps<T> = {
  row: T;
  rowKey: string;
  columns: readonly Column<T>[];
  ends: ReturnType<typeof endsOf>;
  className: string;
  isOpen: boolean;
  href: string | null;
  onOpen: ((key: string) => void) | null;
  /** Position in a partially rendered list, for screen readers. */
  rowIndex: number | undefined;
};

const RowContent = <T,>(props: RowProps<T>) => {
  const { row, rowKey, columns, ends, className, isOpen, href, onOpen, rowIndex } = props;
  const linkAt = columns.findIndex(({ isLead }) => isLead !== true);
  return (
    <tr
      className={`${className}${isOpen ? " is-open" : ""}`.trim()}
      data-key={rowKey}
      aria-rowindex={rowIndex}
    >
      {columns.map((column, index) => {
        const content = column.cell(row);
        return (
          <td key={column.id} className={cellClass(column, ends)}>
            {index === linkAt && onOpen !== null ? (
              <a
                className="row-link"
                href={href ?? "#"}
                aria-current={isOpen ? "true" : undefined}
                onClick={(event) => {
                  if (event.ctrlKey || event.metaKey || event.shiftKey || event.button !== 0) return;
                  event.preventDefault();
                  onOpen(rowKey);
                }}
              >
                {content}
              </a>
            ) : (
              content
            )}
          </td>
        );
      })}
    </tr>
  );
};
const Row = memo(RowContent) as typeof RowContent;

type Body = HTMLTableSectionElement | null;
const rowSelector = "tr[data-key]";

const rowOf = (body: Body, key: string): HTMLElement | undefined =>
  [...(body?.querySelectorAll<HTMLElement>(rowSelector) ?? [])].find(({ dataset }) => dataset.key === key);

const focusedKey = (body: Body): string | undefined => {
  const row = document.activeElement?.closest<HTMLElement>(rowSelector);
  return row && body?.contains(row) === true ? row.dataset.key : undefined;
};

const Head = <T,>({ columns, ends }: { columns: readonly Column<T>[]; ends: ReturnType<typeof endsOf> }) => (
  <thead>
    <tr>
      {columns.map((column) => (
        <th key={column.id} scope="col" className={cellClass(column, ends)} aria-sort={column.sorted}>
          {column.header}
          {column.sorted !== undefined && (column.sorted === "descending" ? " ↓" : " ↑")}
        </th>
      ))}
    </tr>
  </thead>
);

// A head over a column that is not shown would make one of its own.
const GroupHead = <T,>({ columns, children }: { columns: readonly Column<T>[]; children: ReactNode }) => {
  const always = columns.filter(({ drop }) => drop === undefined).length;
  return (
    <tr className="day">
      <th colSpan={always} scope="rowgroup">
        {children}
      </th>
      {columns.map(({ id, drop }) =>
        drop === undefined ? null : <td key={id} className={drop === "first" ? "lo" : "lo2"} />,
      )}
    </tr>
  );
};

/**
 * `j`, `k` and, while no row is open, the arrow keys move between rows. `reveal`: renders a row that is out of
 * view.
 */
const useRowKeys = <T,>(options: {
  body: RefObject<HTMLTableSectionElement | null>;
  rows: readonly T[];
  keyOf: (row: T) => string;
  openKey: string | undefined;
  isOn: boolean;
  reveal: ((key: string) => void) | null;
}): void => {
  const { body, rows, keyOf, openKey, isOn, reveal } = options;
  const move = (by: 1 | -1) => {
    const from = focusedKey(body.current) ?? openKey;
    const at = rows.findIndex((row) => keyOf(row) === from);
    const next = rows[at === -1 ? (by === 1 ? 0 : rows.length - 1) : at + by];
    if (next === undefined) return;
    const key = keyOf(next);
    // A row must be rendered before it can be focused.
    if (reveal !== null) flushSync(() => reveal(key));
    const link = rowOf(body.current, key)?.querySelector<HTMLElement>(".row-link");
    link?.focus();
    link?.scrollIntoView({ block: "nearest" });
  };
  useKeys(
    !isOn
      ? []
      : [
          { keys: "j", label: "Next row", group: "List", run: () => move(1) },
          { keys: "k", label: "Previous row", group: "List", run: () => move(-1) },
          ...(openKey === undefined
            ? [
                { keys: "ArrowDown", run: () => move(1) },
                { keys: "ArrowUp", run: () => move(-1) },
              ]
            : []),
        ],
  );
};

type TableProps<T> = {
  caption: string;
  columns: readonly Column<T>[];
  rows: readonly T[];
  keyOf: (row: T) => string;
  className?: string | undefined;
  rowClass?: (row: T) => string;
  openKey?: string | undefined;
  onOpen?: (key: string) => void;
  hrefOf?: (key: string) => string;
  groupOf?: (row: T) => string;
  groupHead?: (group: string, first: T) => ReactNode;
};

/** The room of rows that are not rendered. */
const Gap = ({ heightPx, columns }: { heightPx: number; columns: number }) => (
  <tr className="gap" style={{ height: heightPx }}>
    <td colSpan={columns} />
  </tr>
);

/** A link to a row far down scrolls to it. */
const useScrollToOpen = (
  body: RefObject<HTMLTableSectionElement | null>,
  openKey: string | undefined,
  isLong: boolean,
) => {
  const firstOpen = useRef(openKey);
  useEffect(() => {
    if (isLong && firstOpen.current !== undefined)
      rowOf(body.current, firstOpen.current)?.scrollIntoView({ block: "nearest" });
  }, [body, isLong]);
};

/**
 * A native table whose rows render again only when their own `row` object changes. The first cell after any
 * lead is a link that covers its row; `j` and `k` move between rows, Enter opens. Long lists render only the
 * visible rows.
 *
 * `caption`: name for screen readers. `rowClass`: `quiet` for healthy rows. `hrefOf`: URL of a row's drawer, so
 * that it opens in a new tab too. `groupOf`: rows of the same group appear under its name, or under what
 * `groupHead` renders from its name and first row. Pass `columns` and `rowClass` as constants.
 */
export const Table = <T,>({
  caption,
  columns,
  rows,
  keyOf,
  className = "",
  rowClass,
  openKey,
  onOpen,
  hrefOf,
  groupOf,
  groupHead,
}: TableProps<T>) => {
  const body = useRef<HTMLTableSectionElement>(null);
  const latestOnOpen = useRef(onOpen);
  useEffect(() => {
    latestOnOpen.current = onOpen;
  });
  const open = useCallback((key: string) => latestOnOpen.current?.(key), []);
  const isLong = rows.length > wholeUpTo;
  const keys = useMemo(() => (isLong ? rows.map(keyOf) : null), [isLong, rows, keyOf]);
  const { range, heights } = useRowWindow(body, keys);
  const [heldKey, setHeldKey] = useState<string | null>(null);
  useRowKeys({ body, rows, keyOf, openKey, isOn: onOpen !== undefined, reveal: isLong ? setHeldKey : null });
  useScrollToOpen(body, openKey, isLong);
  // A head over a column that is not shown would make one of its own.
  const ends = useMemo(() => endsOf(columns), [columns]);
  const always = columns.filter(({ drop }) => drop === undefined).length;
  const rowAt = (index: number): ReactNode => {
    const row = rows[index];
    if (row === undefined) return null;
    const key = keyOf(row);
    const before = rows[index - 1];
    const group = groupOf?.(row);
    const opensGroup = group !== undefined && (before === undefined || groupOf?.(before) !== group);
    return (
      <Fragment key={key}>
        {opensGroup && (
          <GroupHead columns={columns}>{groupHead === undefined ? group : groupHead(group, row)}</GroupHead>
        )}
        <Row
          row={row}
          rowKey={key}
          columns={columns}
          ends={ends}
          className={rowClass?.(row) ?? ""}
          isOpen={key === openKey}
          href={hrefOf?.(key) ?? null}
          onOpen={onOpen === undefined ? null : open}
          rowIndex={isLong ? index + 2 : undefined}
        />
      </Fragment>
    );
  };
  const kept = keys === null ? [] : [heldKey, openKey].map((key) => keys.indexOf(key ?? ""));
  return (
    <table
      className={`tb ${className}`.trim()}
      aria-rowcount={isLong ? rows.length + 1 : undefined}
      onFocus={isLong ? () => setHeldKey(focusedKey(body.current) ?? null) : undefined}
    >
      <caption className="vh">{caption}</caption>
      <Head columns={columns} ends={ends} />
      <tbody ref={body}>
        {keys === null
          ? rows.map((_, index) => rowAt(index))
          : partsOf(heights(), range, kept).map((part) =>
              "row" in part ? (
                rowAt(part.row)
              ) : (
                <Gap key={`gap ${part.after}`} heightPx={part.gapPx} columns={always} />
              ),
            )}
      </tbody>
    </table>
  );
};

/** A table of a live board: rows do not change places while the mouse or the keyboard's focus is among them. */
export const LiveTable = <T,>({ rows, keyOf, ...table }: ComponentProps<typeof Table<T>>) => {
  const still = useStillRows(rows, keyOf);
  return (
    // The table in it is what people use; this only notices that they do.
    <div role="presentation" {...still.handlers}>
      <Table rows={still.rows} keyOf={keyOf} {...table} />
    </div>
  );
};

/** What a list says when its filter leaves nothing, with the way out of it. */
export const NoMatch = ({ title, onClear }: { title: string; onClear: () => void }) => (
  <Empty title={title}>
    <button type="button" className="btn" onClick={onClear}>
      Clear filter
    </button>
  </Empty>
);

/** A live table under a filter: what it shows, or that nothing matches. */
export const FilteredTable = <T,>(
  props: ComponentProps<typeof Table<T>> & { noMatch: string; onClear: () => void },
) => {
  const { noMatch, onClear, ...table } = props;
  return table.rows.length === 0 ? <NoMatch title={noMatch} onClear={onClear} /> : <LiveTable {...table} />;
};
