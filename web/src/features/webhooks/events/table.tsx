import type { WebhookEvent } from "@wheelhouse/shared/webhooks/events.ts";
import { createContext, useContext } from "react";
import type { PageAddress } from "#lib/page-address.ts";
import { Checkbox } from "#ui/form/checkbox.tsx";
import { Button } from "#ui/page/button.tsx";
import { Status } from "#ui/page/status.tsx";
import { type Column, Table } from "#ui/table/table.tsx";
import { PreciseTime, TimeHeader } from "#ui/text/time.tsx";
import type { useSelection } from "../deliveries/deliveries.ts";
import type { WebhooksSearch } from "../search.ts";
import css from "../webhooks.module.css";
import { matchOf, outcomeOf } from "./view.ts";

type Selection = ReturnType<typeof useSelection>;
type Acts = { selection: Selection; rows: readonly WebhookEvent[]; onDeliver: (event: WebhookEvent) => void };

// Acts must render only their controls again, not the rows.
const ActsContext = createContext<Acts | null>(null);

const SelectAll = () => {
  const acts = useContext(ActsContext);
  if (acts === null) return null;
  const { selection, rows } = acts;
  const ids = rows.map(({ id }) => id);
  return (
    <Checkbox
      aria-label="Select all loaded events"
      checked={ids.length > 0 && ids.every((id) => selection.ids.has(id))}
      onChange={({ target }) => selection.set(ids, target.checked)}
    />
  );
};

const SelectOne = ({ row }: { row: WebhookEvent }) => {
  const acts = useContext(ActsContext);
  if (acts === null) return null;
  return (
    <Checkbox
      aria-label={`Select ${row.eventType} ${row.sourceEventId}`}
      checked={acts.selection.ids.has(row.id)}
      onChange={({ target }) => acts.selection.set([row.id], target.checked)}
    />
  );
};

const Deliver = ({ row }: { row: WebhookEvent }) => {
  const acts = useContext(ActsContext);
  if (acts === null || !matchOf(row).isUnmatched) return null;
  return <Button onClick={() => acts.onDeliver(row)}>Deliver to…</Button>;
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
  {
    id: "received",
    header: <TimeHeader label="Received" />,
    sorted: "descending",
    card: "age",
    className: css.colTime,
    cell: (row) => <PreciseTime at={row.receivedAt} />,
  },
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
  {
    id: "select",
    header: <SelectAll />,
    isLead: true,
    className: css.colSelect,
    cell: (row) => <SelectOne row={row} />,
  },
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
  return (
    <ActsContext value={acts}>
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
    </ActsContext>
  );
};
