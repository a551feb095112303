import { getRouteApi } from "@tanstack/react-router";
import { type BreakerRow, failedShareOf } from "@wheelhouse/shared/breakers.ts";
import type { Freshness } from "@wheelhouse/shared/freshness.ts";
import { formatLatency } from "#lib/format.ts";
import type { Column } from "#ui/table/table.tsx";
import { Age } from "#ui/text/time.tsx";
import css from "./breakers.module.css";
import { BreakerBadge, FailureRate, Holder, HourLine, PerMinute, Squares } from "./parts.tsx";

const route = getRouteApi("/o/$org/breakers");

const Meter = ({ row: { failureRatio, threshold, state } }: { row: BreakerRow }) =>
  failureRatio === null ? null : (
    <div
      className="meter"
      title={`failure rate in the breaker's own window${threshold === null ? "" : `, threshold ${Math.round(threshold * 100)}%`}`}
    >
      <i className={state === "open" ? "bad" : ""} style={{ width: `${Math.min(failureRatio, 1) * 100}%` }} />
      {threshold !== null && <b style={{ left: `${threshold * 100}%` }} />}
    </div>
  );

const Hour = ({ row: { id, name, moves, kind } }: { row: BreakerRow }) => {
  const { org: organization } = route.useParams();
  return <HourLine of={{ organization, breaker: id }} moves={moves} kind={kind} label={name} />;
};

const columns = (freshness: Freshness["state"]): readonly Column<BreakerRow>[] => [
  {
    id: "name",
    header: "Breaker",
    className: `two ${css.first}`,
    card: "title",
    cell: (row) => (
      <>
        <b>{row.name}</b>
        <small>
          {row.service} · {row.library}
          {row.kind === "concurrency" ? ", concurrency limit" : ""}
        </small>
      </>
    ),
  },
  {
    id: "state",
    header: "State",
    card: "badge",
    className: "two",
    cell: (row) => (
      <>
        <BreakerBadge row={row} kind={row.kind} freshness={freshness} />
        <Holder row={row} />
      </>
    ),
  },
  {
    id: "instances",
    header: "Instances",
    className: "two nw",
    card: "detail",
    cell: (row) => (
      <>
        <Squares instances={row.instances} kind={row.kind} />
        <small>{row.label}</small>
      </>
    ),
  },
  {
    id: "failures",
    header: "Failures",
    num: true,
    cell: (row) => <FailureRate row={{ ...row, failureRatio: failedShareOf(row) }} />,
  },
  {
    id: "threshold",
    header: "of threshold",
    className: css.meter,
    drop: "first",
    cell: (row) => <Meter row={row} />,
  },
  {
    id: "calls",
    header: "Calls /m",
    num: true,
    drop: "second",
    cell: (row) => <PerMinute value={row.callsPerMinute} />,
  },
  {
    id: "failed",
    header: "Failed /m",
    num: true,
    sorted: "descending",
    cell: (row) => <PerMinute value={row.failedPerMinute} hurts={row.state === "open"} />,
  },
  {
    id: "p95",
    header: "p95",
    num: true,
    drop: "first",
    cell: (row) =>
      row.latencyMsP95 === null ? <span className="zero">–</span> : formatLatency(row.latencyMsP95),
  },
  {
    id: "since",
    header: "In state",
    num: true,
    card: "age",
    cell: (row) => (row.since === null ? <span className="zero">–</span> : <Age at={row.since} short />),
  },
  {
    id: "hour",
    header: "Last hour",
    className: css.hour,
    drop: "first",
    cell: (row) => <Hour row={row} />,
  },
];

/** Columns by freshness of the data. Each set is a constant, so that unchanged rows do not render again. */
export const breakerColumns = {
  fresh: columns("fresh"),
  stale: columns("stale"),
  unknown: columns("unknown"),
} as const;
