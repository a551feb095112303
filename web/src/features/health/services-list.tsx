import type { ServiceRow } from "@wheelhouse/shared/health/health.ts";
import { useMemo } from "react";
import { formatLatency, formatPercent, formatSpanShort } from "#lib/format.ts";
import { useNow } from "#lib/live/now.ts";
import { Status } from "#ui/page/status.tsx";
import type { Column } from "#ui/table/table.tsx";
import { Age, Time } from "#ui/text/time.tsx";
import { Heartbeat } from "./heartbeat.tsx";
import styles from "./services.module.css";
import { isApart, knownSpan, type ServiceView } from "./services-view.ts";

type Currency = "fresh" | "stale" | "unknown";

const StaleStatus = ({ row }: { row: ServiceRow }) => {
  const nowMs = useNow();
  const age = row.observedAt === null ? "" : ` ${formatSpanShort(nowMs - Date.parse(row.observedAt))}`;
  return <Status tone="stale" label={`Stale${age}`} />;
};

/** State badge; without current data it shows the last known state. */
export const ServiceStatus = ({ view, currency }: { view: ServiceView; currency: Currency }) => {
  const { row, isStale } = view;
  if (currency !== "fresh")
    return (
      <Status
        tone={currency}
        label={currency === "stale" ? "Stale" : "Unknown"}
        was={row.state === "ok" ? row.label : row.label.toLowerCase()}
      />
    );
  if (row.maintenance !== null) return <Status tone="paused" label="Maintenance" />;
  if (isStale && row.state === "ok") return <StaleStatus row={row} />;
  // Only root causes get a solid badge.
  return <Status tone={row.state} label={row.label} inRow={row.state !== "ok" && row.explainedBy !== null} />;
};

/** The reason for the state, on the second line under the name; null for healthy services. */
const ServiceReason = ({ view }: { view: ServiceView }) => {
  const { row, isStale, explainedBy } = view;
  if (row.maintenance !== null)
    return (
      <>
        until <Time at={row.maintenance.until} />, {row.maintenance.reason}
      </>
    );
  if (row.state !== "ok" && explainedBy !== null)
    return (
      <>
        affected by <span className={styles.by}>{explainedBy}</span>
      </>
    );
  if (row.state !== "ok") return row.cause;
  if (!isStale || row.observedAt === null) return null;
  return (
    <>
      was OK, last check <Time at={row.observedAt} />
    </>
  );
};

const hasReason = ({ row, isStale }: ServiceView) =>
  row.state !== "ok" || isStale || row.maintenance !== null;

const Name = ({ view }: { view: ServiceView }) => (
  <>
    <span className={styles.name}>{view.row.name}</span>
    {hasReason(view) && (
      <small title={view.row.cause ?? undefined}>
        <ServiceReason view={view} />
      </small>
    )}
  </>
);

type Period = keyof ServiceRow["uptime"];
const periodWords = { day: "24 hours", week: "7 days", month: "30 days" } as const satisfies Record<
  Period,
  string
>;

/** Tolerates short gaps, such as a restart. */
const wholeFrom = 0.99;

/**
 * Partial data shows how much of the period it covers, so that a day's uptime is never mistaken for a month's.
 */
const Uptime = ({ row, period, isHurt = false }: { row: ServiceRow; period: Period; isHurt?: boolean }) => {
  const ratio = row.uptime[period];
  const known = row.uptimeKnown[period];
  if (!isApart(row, period)) return null;
  if (ratio === null)
    return (
      <span className="zero" title="no data yet">
        –
      </span>
    );
  // Rounded down, so that an outage of one second never reads 100%.
  const text = `${(Math.floor(ratio * 10_000 + 1e-6) / 100).toFixed(2)}%`;
  return (
    <span
      className={styles.uptime}
      title={`data for ${formatPercent(known)} of the last ${periodWords[period]}`}
    >
      {isHurt && ratio < 1 ? <span className="tx-down b">{text}</span> : text}
      {known < wholeFrom && <small className={styles.known}>of {knownSpan(row, period)}</small>}
    </span>
  );
};

const isDown = ({ row }: ServiceView) =>
  row.state === "down" && row.explainedBy === null && row.maintenance === null;

const Latency = ({ view }: { view: ServiceView }) => {
  const { row, isStale } = view;
  if (row.latencyMsP95 === null)
    return (
      <span className="zero" title="unknown">
        –
      </span>
    );
  const text = formatLatency(row.latencyMsP95);
  return isStale || row.state === "down" ? <span className="c3">was {text}</span> : text;
};

const columns = (currency: Currency): readonly Column<ServiceView>[] => [
  {
    id: "name",
    header: "Service, worst first",
    sorted: "descending",
    className: `two ${styles.first}`,
    card: "title",
    cell: (view) => <Name view={view} />,
  },
  {
    id: "state",
    header: "State",
    card: "badge",
    cell: (view) => <ServiceStatus view={view} currency={currency} />,
  },
  {
    id: "beats",
    header: "Last 60 checks",
    card: "detail",
    className: styles.beats,
    cell: ({ row }) => <Heartbeat text={row.beats} />,
  },
  {
    id: "day",
    header: "24 h",
    num: true,
    card: "age",
    cell: (view) => <Uptime row={view.row} period="day" isHurt={isDown(view)} />,
  },
  {
    id: "week",
    header: "7 d",
    num: true,
    drop: "first",
    cell: ({ row }) => <Uptime row={row} period="week" />,
  },
  {
    id: "month",
    header: "30 d",
    num: true,
    drop: "second",
    cell: ({ row }) => <Uptime row={row} period="month" />,
  },
  { id: "p95", header: "p95, 1 h", num: true, cell: (view) => <Latency view={view} /> },
  {
    id: "calls",
    header: "Depends on",
    drop: "first",
    className: `c2 cut ${styles.calls}`,
    cell: ({ calls }) => (calls === "" ? <span className="c3">none</span> : calls),
  },
  {
    id: "since",
    header: "Since",
    num: true,
    drop: "second",
    cell: ({ row }) => <Age at={row.since} short />,
  },
];

/** Columns by freshness of the data. Each set is a constant, so that unchanged rows do not render again. */
const serviceColumns = {
  fresh: columns("fresh"),
  stale: columns("stale"),
  unknown: columns("unknown"),
} as const;

/** The columns without periods that say the same as the shorter one for every service. */
export const useServiceColumns = (
  state: keyof typeof serviceColumns,
  views: readonly ServiceView[],
): readonly Column<ServiceView>[] => {
  const hasWeek = views.some(({ row }) => isApart(row, "week"));
  const hasMonth = views.some(({ row }) => isApart(row, "month"));
  return useMemo(
    () =>
      serviceColumns[state].filter(({ id }) => (id !== "week" || hasWeek) && (id !== "month" || hasMonth)),
    [state, hasWeek, hasMonth],
  );
};

/** Healthy rows are muted, rows explained by a root cause are gray. */
export const serviceRowClass = ({ row, isStale }: ServiceView): string => {
  if (row.state !== "ok" && row.explainedBy !== null) return styles.affected ?? "";
  return row.state === "ok" && !isStale ? "quiet" : "";
};
