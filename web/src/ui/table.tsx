import { Fragment, memo, type ReactNode, useCallback, useEffect, useMemo, useRef } from "react";
import { useKeys } from "#lib/keys.ts";

/**
 * `cell` must be a pure function of the row. `card`: place on a phone, where a row is a two-line card (title and
 * badge above, detail and age below); columns without one are not shown there. `drop`: the narrower the pane,
 * the earlier a column goes, `first` before `second`.
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
};

/** The columns that are the last ones when others have gone, so that the row ends on the gutter. */
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
};

const RowContent = <T,>({ row, rowKey, columns, ends, className, isOpen, href, onOpen }: RowProps<T>) => (
  <tr className={`${className}${isOpen ? " is-open" : ""}`.trim()} data-key={rowKey}>
    {columns.map((column, index) => {
      const content = column.cell(row);
      return (
        <td key={column.id} className={cellClass(column, ends)}>
          {index === 0 && onOpen !== null ? (
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
const Row = memo(RowContent) as typeof RowContent;

/**
 * A native table whose rows draw again only when their own `row` object changes. The first cell is a link that
 * covers its row; `j` and `k` move between rows, Enter opens.
 *
 * `caption`: name for screen readers. `rowClass`: `quiet` for healthy rows. `hrefOf`: address of a row's
 * drawer, so that it opens in a new tab too. `groupOf`: rows of the same group stand under its name, or under what
 * `groupHead` makes of its name and the first of its rows. Hand over
 * `columns` and `rowClass` as constants.
 */
export const Table = <T,>(props: {
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
}) => {
  const {
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
  } = props;
  const body = useRef<HTMLTableSectionElement>(null);
  const latestOnOpen = useRef(onOpen);
  useEffect(() => {
    latestOnOpen.current = onOpen;
  });
  const open = useCallback((key: string) => latestOnOpen.current?.(key), []);
  const move = (by: 1 | -1) => {
    const links = [...(body.current?.querySelectorAll<HTMLAnchorElement>(".row-link") ?? [])];
    const active = document.activeElement;
    const focused = active instanceof HTMLAnchorElement ? links.indexOf(active) : -1;
    const at = focused === -1 ? links.findIndex((link) => link.ariaCurrent === "true") : focused;
    const next = links[at === -1 ? (by === 1 ? 0 : links.length - 1) : at + by];
    next?.focus();
    next?.scrollIntoView({ block: "nearest" });
  };
  useKeys(
    onOpen === undefined
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
  // A head over a column that is not shown would make one of its own.
  const ends = useMemo(() => endsOf(columns), [columns]);
  const always = columns.filter(({ drop }) => drop === undefined).length;
  return (
    <table className={`tb ${className}`.trim()}>
      <caption className="vh">{caption}</caption>
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
      <tbody ref={body}>
        {rows.map((row, index) => {
          const key = keyOf(row);
          const before = rows[index - 1];
          const group = groupOf?.(row);
          const opensGroup = group !== undefined && (before === undefined || groupOf?.(before) !== group);
          return (
            <Fragment key={key}>
              {opensGroup && (
                <tr className="day">
                  <th colSpan={always} scope="rowgroup">
                    {groupHead === undefined ? group : groupHead(group, row)}
                  </th>
                  {columns.map(({ id, drop }) =>
                    drop === undefined ? null : <td key={id} className={drop === "first" ? "lo" : "lo2"} />,
                  )}
                </tr>
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
              />
            </Fragment>
          );
        })}
      </tbody>
    </table>
  );
};
