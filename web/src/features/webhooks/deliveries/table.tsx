import type { Delivery } from "@wheelhouse/shared/webhooks/webhooks.ts";
import type { PageAddress } from "#lib/page-address.ts";
import { type Column, Table } from "#ui/table/table.tsx";
import { Time } from "#ui/text/time.tsx";
import type { WebhooksSearch } from "../search.ts";
import css from "../webhooks.module.css";
import { isReplayable, lastAnswer } from "./search.ts";
import { receivedColumn, type Selection, SelectionProvider, selectColumn } from "./selection.tsx";
import { DeliveryStatus } from "./status.tsx";

/** Host and path of a receiver, without the scheme. */
export const urlText = (url: string): string => url.replace(/^https?:\/\//, "");

const columns: readonly Column<Delivery>[] = [
  receivedColumn(),
  {
    id: "status",
    header: "Status",
    card: "badge",
    className: css.colStatus,
    cell: (row) => <DeliveryStatus status={row.status} inRow />,
  },
  {
    id: "event",
    header: "Event",
    card: "title",
    className: `cut ${css.colEvent}`,
    cell: (row) => <span title={row.eventType}>{row.eventType}</span>,
  },
  {
    id: "endpoint",
    header: "Endpoint",
    card: "detail",
    className: "cut",
    cell: (row) => (
      <span title={row.endpointUrl}>
        {row.endpointName} <span className="c3">{urlText(row.endpointUrl)}</span>
      </span>
    ),
  },
  {
    id: "attempts",
    header: "Attempts",
    num: true,
    className: css.colAttempts,
    cell: (row) => (
      <>
        {row.attempts} <span className="c3">of {row.maxAttempts}</span>
      </>
    ),
  },
  {
    id: "answer",
    header: "Last response",
    className: `cut ${css.colAnswer}`,
    cell: (row) => lastAnswer(row) ?? <span className="zero">–</span>,
  },
  {
    id: "next",
    header: "Next attempt",
    num: true,
    drop: "first",
    className: css.colNext,
    cell: (row) =>
      row.nextAttemptAt === null ? <span className="zero">–</span> : <Time at={row.nextAttemptAt} />,
  },
];

const selectable: readonly Column<Delivery>[] = [
  selectColumn("dead letters", (row) => `${row.eventType} to ${row.endpointName}`),
  ...columns,
];

const rowClass = (row: Delivery): string =>
  row.status === "failed" || row.status === "dead_letter" ? "" : "quiet";
const keyOf = (row: Delivery): string => row.id;

/** Rows of the log; a row links to its drawer. */
export const DeliveryTable = (props: {
  rows: readonly Delivery[];
  address: PageAddress<WebhooksSearch>;
  isDead: boolean;
  /** Null without permission to replay. */
  selection: Selection | null;
}) => {
  const { rows, address, isDead, selection } = props;
  const table = (
    <Table
      caption={isDead ? "Dead letters, newest first" : "Deliveries, newest first"}
      className={`compact cards ${css.table}`}
      columns={selection === null ? columns : selectable}
      rows={rows}
      keyOf={keyOf}
      rowClass={rowClass}
      openKey={address.search.delivery}
      onOpen={(key) => address.go({ ...address.search, delivery: key })}
      hrefOf={(key) => address.hrefOf({ ...address.search, delivery: key })}
    />
  );
  if (selection === null) return table;
  const able = new Set(rows.filter(({ status }) => isReplayable(status)).map(keyOf));
  return <SelectionProvider value={{ selection, able }}>{table}</SelectionProvider>;
};
