import type { ServiceRow } from "@wheelhouse/shared/health/health.ts";
import { useState } from "react";
import { formatBytes, formatCount, formatLatency, formatPercent } from "#lib/format.ts";
import { type HistoryChart, HistoryCharts } from "#ui/chart/history-charts.tsx";
import { Select } from "#ui/form/select.tsx";
import styles from "./services.module.css";

const up: HistoryChart = {
  title: "Uptime",
  lines: [{ metric: "up", label: "uptime", tone: "plain" }],
  format: formatPercent,
  top: 1,
};
const latency = (metric: string, title: string): HistoryChart => ({
  title,
  lines: [{ metric, label: title.toLowerCase(), tone: "accent" }],
  format: formatLatency,
  hasPercentiles: true,
});
const serviceCharts: readonly HistoryChart[] = [latency("latencyMs", "Latency"), up];
const certificate: HistoryChart = {
  title: "Certificate, days left",
  lines: [{ metric: "certificateDaysLeft", label: "days left", tone: "plain" }],
  format: formatCount,
};

const roundTrip = latency("roundTripMs", "Round trip");
const redisCharts: readonly HistoryChart[] = [roundTrip, up];
const postgresCharts: readonly HistoryChart[] = [
  roundTrip,
  {
    title: "Connections",
    lines: [
      { metric: "connections", label: "open", tone: "accent" },
      { metric: "poolWaiting", label: "waiting for Wheelhouse's pool", tone: "warn" },
    ],
    format: formatCount,
  },
  {
    title: "Longest transaction",
    lines: [{ metric: "longestTransactionMs", label: "longest transaction", tone: "plain" }],
    format: formatLatency,
  },
  {
    title: "Database",
    lines: [{ metric: "databaseSizeBytes", label: "size", tone: "plain" }],
    format: formatBytes,
  },
  up,
];

/** Event loop lag p99 above which Wheelhouse reports its own processes as degraded. */
const lateMs = 250;
const eventLoopCharts: readonly HistoryChart[] = [
  {
    ...latency("eventLoopDelayMsP99", "Event loop lag, p99 over 2 s"),
    threshold: lateMs,
  },
  {
    title: "Event loop lag, maximum",
    lines: [{ metric: "eventLoopDelayMsMax", label: "maximum", tone: "plain" }],
    format: formatLatency,
  },
  {
    title: "Event loop utilization",
    lines: [{ metric: "eventLoopBusyRatio", label: "utilization", tone: "plain" }],
    format: formatPercent,
    top: 1,
  },
];

const allProcesses = "";

/** Wheelhouse's own history: the worst of all processes at each time, or a single process. */
const OwnHistory = ({ organization, row }: { organization: string; row: ServiceRow }) => {
  const [chosen, choose] = useState(allProcesses);
  // A replaced process is no longer listed.
  const process = row.instances.some(({ id }) => id === chosen) ? chosen : allProcesses;
  return (
    <>
      <label className={styles.process}>
        <span className="c3 t12">History of</span>
        <Select className="btn" value={process} onChange={(event) => choose(event.target.value)}>
          <option value={allProcesses}>All processes (worst value)</option>
          {row.instances.map(({ id }) => (
            <option key={id} value={id}>
              {id}
            </option>
          ))}
        </Select>
      </label>
      <HistoryCharts
        organization={organization}
        kind={process === allProcesses ? "service" : "process"}
        id={process === allProcesses ? row.id : process}
        subjects={[row.name, row.id]}
        charts={process === allProcesses ? [...eventLoopCharts, up] : eventLoopCharts}
      />
    </>
  );
};

/** Charts of the metrics of one service or server over time. */
export const ServiceHistory = ({ organization, row }: { organization: string; row: ServiceRow }) => {
  const isServer = row.kind === "redis" || row.kind === "postgres";
  // No watched service can have this id.
  if (row.id === "wheelhouse" && row.target === null && !isServer)
    return <OwnHistory organization={organization} row={row} />;
  const charts =
    row.kind === "postgres"
      ? postgresCharts
      : row.kind === "redis"
        ? redisCharts
        : row.certificateExpiresAt === null
          ? serviceCharts
          : [...serviceCharts, certificate];
  return (
    <HistoryCharts
      organization={organization}
      kind={isServer ? "server" : "service"}
      id={row.id}
      subjects={[row.name, row.id]}
      charts={charts}
    />
  );
};
