import type { Freshness } from "@wheelhouse/shared/freshness.ts";
import type { QueueRow } from "@wheelhouse/shared/queues.ts";
import { formatPercent, formatRate, formatSpan, formatSpanShort } from "#lib/format.ts";
import { Sparkline } from "#ui/chart/sparkline.tsx";
import { Status, type Tone } from "#ui/page/status.tsx";
import type { Column } from "#ui/table/table.tsx";
import { Count } from "#ui/text/quantity.tsx";
import styles from "./queues.module.css";
import type { QueueView } from "./views.ts";

const queueTone = (row: QueueRow): Tone => (row.paused ? "paused" : row.state);

/** State badge; without current data it shows the last known state. */
export const QueueStatus = ({ view, freshness }: { view: QueueView; freshness: Freshness["state"] }) => {
  const { row, was } = view;
  if (freshness === "fresh") return <Status tone={queueTone(row)} label={row.label} was={was} />;
  return (
    <Status
      tone={freshness}
      label={freshness === "stale" ? "Stale" : "Unknown"}
      was={row.state === "unknown" ? was : row.label}
    />
  );
};

/** A count of jobs; null for a queue whose figures cannot be read. */
export const readOrNull = (row: QueueRow, count: number): number | null => (row.isUnread ? null : count);

/** Color of the value that causes the state. */
const hurts = (row: QueueRow, label: string): string => {
  if (row.paused || row.label !== label) return "";
  return row.state === "down" ? "tx-down b" : "tx-warn b";
};

const NotApplicable = () => (
  <span className="zero" title="does not apply">
    –
  </span>
);

const secondsMatterMs = 10 * 60_000;
const formatEstimate = (spanMs: number): string =>
  spanMs < secondsMatterMs ? formatSpan(spanMs) : formatSpanShort(spanMs);

export const DrainsIn = ({ row }: { row: QueueRow }) => {
  const { drainsInMs } = row;
  if (drainsInMs === null) return <NotApplicable />;
  if (typeof drainsInMs === "number") return formatEstimate(drainsInMs);
  return <span className={drainsInMs === "never" ? "tx-down b" : "zero"}>{drainsInMs}</span>;
};

/** Failed share of the jobs finished in the last minute; null when none finished. */
export const failureRatio = (row: QueueRow): number | null => {
  const { completedPerMinute: done, failedPerMinute: failed } = row;
  return done === null || failed === null || done + failed === 0 ? null : failed / (done + failed);
};

const FailureRate = ({ row }: { row: QueueRow }) => {
  const ratio = failureRatio(row);
  return ratio === null ? (
    <NotApplicable />
  ) : (
    <span className={hurts(row, "Failing")}>{formatPercent(ratio)}</span>
  );
};

const Name = ({ row }: { row: QueueRow }) => {
  const detail = row.state === "ok" && !row.paused ? null : row.cause;
  const prefix = row.prefix === "bull" ? "" : row.prefix;
  const line = [prefix, detail ?? ""].filter((part) => part !== "").join(" · ");
  return (
    <>
      <span className={styles.name}>{row.name}</span>
      {line !== "" && <small title={line}>{line}</small>}
    </>
  );
};

const lastOldest = (row: QueueRow) =>
  row.oldestWaitingMs === null ? (
    <NotApplicable />
  ) : (
    <span className={hurts(row, "Old jobs") || hurts(row, "No worker")}>
      {formatSpan(row.oldestWaitingMs)}
    </span>
  );

const columns = (freshness: Freshness["state"]): readonly Column<QueueView>[] => [
  {
    id: "name",
    header: "Queue, worst first",
    sorted: "descending",
    className: `two ${styles.first}`,
    card: "title",
    cell: ({ row }) => <Name row={row} />,
  },
  {
    id: "state",
    header: "State",
    card: "badge",
    cell: (view) => <QueueStatus view={view} freshness={freshness} />,
  },
  {
    id: "waiting",
    header: "Waiting",
    num: true,
    card: "detail",
    cell: ({ row }) => (
      <>
        <Count value={readOrNull(row, row.counts.waiting + row.counts.prioritized)} />
        <span className={`only-phone ${styles.unit}`}> waiting</span>
      </>
    ),
  },
  {
    id: "active",
    header: "Active",
    num: true,
    drop: "second",
    cell: ({ row }) => <Count value={readOrNull(row, row.counts.active)} />,
  },
  {
    id: "delayed",
    header: "Delayed",
    num: true,
    drop: "first",
    cell: ({ row }) => <Count value={readOrNull(row, row.counts.delayed)} />,
  },
  {
    id: "failed",
    header: "Failed",
    num: true,
    cell: ({ row }) => <Count value={readOrNull(row, row.counts.failed)} />,
  },
  { id: "oldest", header: "Oldest job", num: true, card: "age", cell: ({ row }) => lastOldest(row) },
  {
    id: "trend",
    header: "Waiting, 10 m",
    className: styles.trend ?? "",
    drop: "first",
    cell: ({ row, trend }) => (
      <Sparkline
        values={trend}
        height={20}
        label={`${row.name}, jobs waiting in the last 10 minutes`}
        tone={row.state === "down" && !row.paused ? "bad" : "plain"}
      />
    ),
  },
  {
    id: "rate",
    header: "Done, 1 m",
    num: true,
    drop: "second",
    cell: ({ row }) =>
      row.completedPerMinute === null ? <NotApplicable /> : `${formatRate(row.completedPerMinute)} /m`,
  },
  {
    id: "failure-rate",
    header: "Failure rate",
    num: true,
    drop: "first",
    cell: ({ row }) => <FailureRate row={row} />,
  },
  {
    id: "workers",
    header: "Workers",
    num: true,
    cell: ({ row }) =>
      row.workers === 0 && hurts(row, "No worker") !== "" ? (
        <span className="tx-down b">0</span>
      ) : (
        <Count value={row.workers} />
      ),
  },
  { id: "drains", header: "Drains in", num: true, cell: ({ row }) => <DrainsIn row={row} /> },
];

/** Columns by freshness of the data. Each set is a constant, so that unchanged rows do not render again. */
export const queueColumns = {
  fresh: columns("fresh"),
  stale: columns("stale"),
  unknown: columns("unknown"),
} as const;
