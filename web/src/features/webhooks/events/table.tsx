import type { WebhookEvent } from "@wheelhouse/shared/webhooks/events.ts";
import { createContext, useContext } from "react";
import type { PageAddress } from "#lib/page-address.ts";
import { Button } from "#ui/page/button.tsx";
import { Status } from "#ui/page/status.tsx";
import { type Column, Table } from "#ui/table/table.tsx";
import { receivedColumn, type Selection, SelectionProvider, selectColumn } from "../deliveries/deliveries.ts";
import type { WebhooksSearch } from "../search.ts";
import css from "../webhooks.module.css";
import { matchOf, outcomeOf } from "./view.ts";

type Acts = { selection: Selection; rows: readonly WebhookEvent[]; onDeliver: (event: WebhookEvent) => void };

// Acts must render only their controls again, not the rows.
const DeliverContext = createContext<Acts["onDeliver"] | null>(null);

const Deliver = ({ row }: { row: WebhookEvent }) => {
  const onDeliver = useContext(DeliverContext);
  if (onDeliver === null || !matchOf(row).isUnmatched) return null;
  return <Button onClick={() => onDeliver(row)}>Deliver to…</Button>;
};

const Matched = ({ row }: { row: WebhookEvent }) => {
  const { title, detail, isUnmatched, isProblem } = matchOf(row);
  return (
    <>
      {isProblem ? (
        <span className="tx-warn b">{title}</span>
      ) : (
        <span className={isUnmatched ? "c2" : ""}>{title}</span>
      )}
      <small title={detail}>{detail}</small>
    </>
  );
};

const Outcome = ({ row }: { row: WebhookEvent }) => {
  const outcome = outcomeOf(row);
  return outcome === undefined ? <span className="c3">none</span> : <Status {...outcome} inRow />;
};

const columns: readonly Column<WebhookEvent>[] = [
  receivedColumn(),
  {
    id: "source",
    header: "Source",
    className: `cut c2 ${css.colEventSource}`,
    cell: (row) => row.sourceName,
  },
  {
    id: "type",
    header: "Type",
    card: "title",
    className: `cut ${css.colEventType}`,
    cell: (row) => <span title={row.eventType}>{row.eventType}</span>,
  },
  {
    id: "sent-id",
    header: "Sender's id",
    drop: "first",
    className: `cut mono ${css.colSentId}`,
    cell: (row) => <span title={row.sourceEventId}>{row.sourceEventId}</span>,
  },
  {
    id: "matched",
    header: "Matched",
    card: "detail",
    className: "two cut",
    cell: (row) => <Matched row={row} />,
  },
  {
    id: "outcome",
    header: "Deliveries",
    drop: "second",
    className: css.colOutcome,
    cell: (row) => <Outcome row={row} />,
  },
];

const acting: readonly Column<WebhookEvent>[] = [
  selectColumn("events", (row) => `${row.eventType} ${row.sourceEventId}`),
  ...columns,
  {
    id: "act",
    header: <span className="vh">Act</span>,
    num: true,
    card: "badge",
    className: css.colDeliver,
    cell: (row) => <Deliver row={row} />,
  },
];

const keyOf = (row: WebhookEvent): string => row.id;
const rowClass = (row: WebhookEvent): string => (matchOf(row).isProblem ? "" : "quiet");

/** Received events; a row links to its drawer. `acts`: null without permission to deliver. */
export const EventTable = (props: {
  rows: readonly WebhookEvent[];
  address: PageAddress<WebhooksSearch>;
  acts: Acts | null;
}) => {
  const { rows, address, acts } = props;
  const table = (
    <Table
      caption="Received events, newest first"
      className={`cards ${css.table} ${css.events}`}
      columns={acts === null ? columns : acting}
      rows={rows}
      keyOf={keyOf}
      rowClass={rowClass}
      openKey={address.search.event}
      onOpen={(key) => address.go({ ...address.search, event: key })}
      hrefOf={(key) => address.hrefOf({ ...address.search, event: key })}
    />
  );
  if (acts === null) return table;
  return (
    <SelectionProvider value={{ selection: acts.selection, able: new Set(acts.rows.map(keyOf)) }}>
      <DeliverContext value={acts.onDeliver}>{table}</DeliverContext>
    </SelectionProvider>
  );
};
