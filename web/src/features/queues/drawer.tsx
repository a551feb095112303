import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import type { Freshness } from "@wheelhouse/shared/freshness.ts";
import type { QueueRow } from "@wheelhouse/shared/queues.ts";
import { ApiError } from "#lib/api/api.ts";
import { formatCount, formatLatency, formatPercent, formatRate, formatSpan } from "#lib/format.ts";
import { useMoment } from "#lib/live/moment.ts";
import { type HistoryChart, HistoryCharts } from "#ui/chart/history-charts.tsx";
import { Sparkline } from "#ui/chart/sparkline.tsx";
import { TimeAxis } from "#ui/chart/time-axis.tsx";
import { Drawer } from "#ui/dialog/drawer.tsx";
import { Note } from "#ui/page/note.tsx";
import { Empty, Panel } from "#ui/page/panel.tsx";
import { Count, Facts } from "#ui/text/quantity.tsx";
import { Age, Time } from "#ui/text/time.tsx";
import { DrainsIn, failureRatio, QueueStatus, readOrNull } from "./columns.tsx";
import { queueQuery } from "./queries.ts";
import styles from "./queues.module.css";
import { Times } from "./times.tsx";
import type { QueueView } from "./views.ts";

const Stats = ({ row }: { row: QueueRow }) => {
  const isLate = row.label === "Old jobs" || row.label === "No worker";
  return (
    <div className={styles.stats}>
      {(
        [
          ["Waiting", row.counts.waiting + row.counts.prioritized],
          ["Active", row.counts.active],
          ["Delayed", row.counts.delayed],
          ["Failed", row.counts.failed],
        ] as const
      ).map(([label, value]) => (
        <div key={label} className="stat">
          <div className="l">{label}</div>
          <div className="v">
            <Count value={readOrNull(row, value)} />
          </div>
        </div>
      ))}
      <div className="stat">
        <div className="l">Oldest</div>
        <div className={`v ${isLate ? (row.state === "down" ? "tx-down" : "tx-warn") : ""}`}>
          {row.oldestWaitingMs === null ? <span className="zero">–</span> : formatSpan(row.oldestWaitingMs)}
        </div>
      </div>
    </div>
  );
};

type Series = { intervalMs: number; values: readonly (number | null)[] };

const spanMsOf = ({ intervalMs, values }: Series): number => Math.max(values.length - 1, 0) * intervalMs;

const Trends = ({ organization, row }: { organization: string; row: QueueRow }) => {
  const detail = useQuery(queueQuery(organization, row.id));
  return (
    <Panel
      name="Trends"
      query={detail}
      skeletonRows={3}
      isEmpty={({ observedAt }) => observedAt === null}
      empty={<Empty title="No samples yet">The first samples arrive within seconds.</Empty>}
    >
      {({ observedAt, waiting, completedPerMinute }) => (
        <>
          <div className="sec-h">
            <h3 className="h">Last 10 minutes</h3>
            <span className="grow" />
            <span className="key">
              <i className={row.state === "down" ? "bad" : "acc"} />
              waiting
            </span>
            <span className="key">
              <i className={styles.finished} />
              finished per minute
            </span>
          </div>
          <div className={styles.chart}>
            <Sparkline
              values={waiting.values}
              height={72}
              label={`Jobs waiting, now ${waiting.values.at(-1) ?? "unknown"}`}
              tone={row.state === "down" ? "bad" : "accent"}
            />
            <div className={styles.over}>
              <Sparkline
                values={completedPerMinute.values}
                height={72}
                isFilled={false}
                label={`Jobs finished per minute, now ${completedPerMinute.values.at(-1) ?? "unknown"}`}
              />
            </div>
          </div>
          {observedAt !== null && <TimeAxis observedAt={observedAt} spanMs={spanMsOf(waiting)} />}
        </>
      )}
    </Panel>
  );
};

/** The 10 minutes before a past moment, from the list's snapshot. */
const PastTrend = ({ view, observedAt }: { view: QueueView; observedAt: string }) => {
  const series: Series = { intervalMs: 10_000, values: view.trend };
  return (
    <>
      <div className="sec-h">
        <h3 className="h">Waiting, previous 10 minutes</h3>
      </div>
      <div className={styles.chart}>
        <Sparkline
          values={series.values}
          height={72}
          label={`Jobs waiting, then ${series.values.at(-1) ?? "unknown"}`}
          tone={view.row.state === "down" ? "bad" : "accent"}
        />
      </div>
      <TimeAxis observedAt={observedAt} spanMs={spanMsOf(series)} />
    </>
  );
};

const charts: readonly HistoryChart[] = [
  {
    title: "Jobs",
    lines: [
      { metric: "waiting", label: "waiting", tone: "accent" },
      { metric: "delayed", label: "delayed", tone: "plain" },
    ],
    format: formatCount,
  },
  {
    title: "Throughput",
    lines: [
      { metric: "completedPerMinute", label: "finished", tone: "accent" },
      { metric: "failedPerMinute", label: "failed", tone: "bad" },
    ],
    format: (value) => `${formatRate(value)} /m`,
  },
  {
    title: "Wait time",
    lines: [
      { metric: "waitP50Ms", label: "p50", tone: "plain" },
      { metric: "waitP95Ms", label: "p95", tone: "accent" },
    ],
    format: formatLatency,
  },
  {
    title: "Run time",
    lines: [
      { metric: "runP50Ms", label: "p50", tone: "plain" },
      { metric: "runP95Ms", label: "p95", tone: "accent" },
    ],
    format: formatLatency,
  },
  {
    title: "Oldest waiting job",
    lines: [{ metric: "oldestWaitingMs", label: "waits", tone: "plain" }],
    format: formatSpan,
  },
];

const rate = (value: number | null): string => (value === null ? "–" : `${formatRate(value)} per minute`);

const consequences: Record<string, string> = {
  "No worker": "Jobs are accepted and wait until a worker connects.",
  Paused: "Jobs are accepted and wait until the queue is resumed.",
};

type DrawerPlace = {
  position: string | undefined;
  onPrevious: (() => void) | undefined;
  onNext: (() => void) | undefined;
  onClose: () => void;
};

const Missing = ({ organization, id, ...drawer }: { organization: string; id: string } & DrawerPlace) => {
  const moment = useMoment();
  const missing = useQuery({ ...queueQuery(organization, id), enabled: moment === null });
  const isGone = moment !== null || (missing.error instanceof ApiError && missing.error.code === "not_found");
  return (
    <Drawer label="Queue" title={isGone ? "No such queue" : id} {...drawer}>
      {isGone ? (
        <Empty title="Queue not found">
          {moment === null
            ? "It was removed, or belongs to another organization."
            : "It was not observed at this moment."}
        </Empty>
      ) : (
        <Panel name="The queue" query={missing}>
          {() => null}
        </Panel>
      )}
    </Drawer>
  );
};

const factsOf = (row: QueueRow) => {
  const ratio = failureRatio(row);
  return [
    { label: "Workers", value: <Count value={row.workers} /> },
    { label: "Finished", value: rate(row.completedPerMinute) },
    { label: "Failed", value: rate(row.failedPerMinute) },
    { label: "Failure rate", value: ratio === null ? "–" : formatPercent(ratio) },
    { label: "Drains in", value: <DrainsIn row={row} /> },
    { label: "Prioritized", value: <Count value={readOrNull(row, row.counts.prioritized)} /> },
    { label: "Waiting for children", value: <Count value={readOrNull(row, row.counts.waitingChildren)} /> },
    { label: "Completed, retained", value: <Count value={readOrNull(row, row.counts.completed)} /> },
    { label: "Redis", value: row.source },
    { label: "Key", value: <span className="mono">{`${row.prefix}:${row.name}`}</span> },
  ];
};

const OpenJobs = ({ organization, id }: { organization: string; id: string }) => (
  <>
    <span className="grow" />
    <Link className="btn" to="/o/$org/queues/jobs" params={{ org: organization }} search={{ queue: id }}>
      Open jobs
    </Link>
  </>
);

/** Details of one queue, beside the list. */
export const QueueDrawer = (
  props: {
    organization: string;
    id: string;
    view: QueueView | undefined;
    freshness: Freshness;
  } & DrawerPlace,
) => {
  const { organization, id, view, freshness, ...drawer } = props;
  const moment = useMoment();
  if (view === undefined) return <Missing organization={organization} id={id} {...drawer} />;
  const { row } = view;
  const isFresh = freshness.state === "fresh";
  const needsNote = isFresh && row.cause !== null && (row.state !== "ok" || row.paused);
  return (
    <Drawer
      label={`Queue ${row.name}`}
      title={row.name}
      status={
        <>
          <QueueStatus view={view} freshness={freshness.state} />
          <span>
            since <Time at={row.since} full />, <Age at={row.since} suffix="ago" />
          </span>
        </>
      }
      footer={moment === null && row.isUnread !== true && <OpenJobs organization={organization} id={id} />}
      {...drawer}
    >
      {needsNote && (
        <Note tone={row.paused ? "plain" : row.state === "down" ? "bad" : "warn"} title={`${row.cause}.`}>
          {consequences[row.label]}
        </Note>
      )}
      <div className={isFresh ? "" : "is-dim"}>
        <Stats row={row} />
        {moment === null ? (
          <Trends organization={organization} row={row} />
        ) : (
          <PastTrend view={view} observedAt={moment} />
        )}
        <Times organization={organization} row={row} isPast={moment !== null} />
        <HistoryCharts
          organization={organization}
          kind="queue"
          id={id}
          subjects={[row.name, id]}
          charts={charts}
        />
      </div>
      <div className={`${styles.facts} ${isFresh ? "" : "is-dim"}`}>
        <Facts facts={factsOf(row)} />
      </div>
    </Drawer>
  );
};
