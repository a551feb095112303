import type { AuditEvent } from "@wheelhouse/shared/audit/audit.ts";
import { useCallback } from "react";
import { formatCount, formatDate, type Zone } from "#lib/format.ts";
import type { PageAddress } from "#lib/page-address.ts";
import { usePreferences } from "#lib/preferences.ts";
import { Status } from "#ui/page/status.tsx";
import { type Column, Table } from "#ui/table/table.tsx";
import { PreciseTime, TimeHeader } from "#ui/text/time.tsx";
import css from "../audit.module.css";
import { actorKind, outcomeWords, targetName } from "../filter.ts";
import type { AuditSearch } from "../search.ts";

/** `Thursday 2026-11-19` in the reader's time zone. */
const dayName = (iso: string, zone: Zone): string => {
  const weekday = new Intl.DateTimeFormat("en-US", {
    weekday: "long",
    ...(zone === "utc" ? { timeZone: "UTC" } : {}),
  }).format(new Date(iso));
  return `${weekday} ${formatDate(iso, zone)}`;
};

export const Outcome = ({ outcome, inRow = false }: { outcome: AuditEvent["outcome"]; inRow?: boolean }) => {
  if (outcome === "denied") return <Status tone="denied" label={outcomeWords.denied} inRow={inRow} />;
  if (outcome === "failure") return <Status tone="down" label={outcomeWords.failure} inRow={inRow} />;
  return inRow ? (
    <span className="c2">{outcomeWords.success}</span>
  ) : (
    <Status tone="ok" label={outcomeWords.success} />
  );
};

const columns: readonly Column<AuditEvent>[] = [
  {
    id: "time",
    header: <TimeHeader />,
    sorted: "descending",
    card: "age",
    className: css.colTime,
    cell: (row) => <PreciseTime at={row.recordedAt} />,
  },
  {
    id: "actor",
    header: "Actor",
    card: "detail",
    className: `cut ${css.colActor}`,
    cell: (row) => (
      <span title={row.actor.display}>
        {row.actor.display}
        {row.actor.type !== "user" && <span className="c3 lo"> {actorKind[row.actor.type]}</span>}
        {row.targets.length > 0 && <span className="c3 only-phone"> · {targetName(row)}</span>}
      </span>
    ),
  },
  {
    id: "action",
    header: "Action",
    card: "title",
    className: `cut ${css.colAction}`,
    cell: (row) => (
      <span className="mono" title={row.action}>
        {row.action}
      </span>
    ),
  },
  {
    id: "target",
    header: "Target",
    className: "cut c2",
    cell: (row) =>
      row.targets.length === 0 ? (
        <span className="zero">–</span>
      ) : (
        <span title={targetName(row)}>{targetName(row)}</span>
      ),
  },
  {
    id: "outcome",
    header: "Outcome",
    card: "badge",
    className: css.colOutcome,
    cell: (row) => <Outcome outcome={row.outcome} inRow />,
  },
  {
    id: "address",
    header: "Address",
    drop: "first",
    className: `c2 cut ${css.colAddress}`,
    cell: (row) =>
      row.address === null ? <span className="zero">–</span> : <span className="mono">{row.address}</span>,
  },
  {
    id: "event",
    header: "Event",
    num: true,
    className: `c3 ${css.colEvent}`,
    cell: (row) => (row.seq === null ? <span title="being sealed">–</span> : formatCount(row.seq)),
  },
];

const keyOf = (row: AuditEvent): string => row.id;

/** Rows of the trail grouped by day; times are always absolute. */
export const AuditTable = (props: { events: readonly AuditEvent[]; address: PageAddress<AuditSearch> }) => {
  const { events, address } = props;
  const { zone } = usePreferences();
  const groupOf = useCallback((row: AuditEvent) => dayName(row.recordedAt, zone), [zone]);
  return (
    <Table
      caption="Audit events, newest first"
      className={`compact cards ${css.table}`}
      columns={columns}
      rows={events}
      keyOf={keyOf}
      groupOf={groupOf}
      openKey={address.search.event}
      onOpen={(key) => address.go({ ...address.search, event: key })}
      hrefOf={(key) => address.hrefOf({ ...address.search, event: key })}
    />
  );
};
