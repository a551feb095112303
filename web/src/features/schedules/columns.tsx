import type { Freshness } from "@wheelhouse/shared/freshness.ts";
import type { ScheduleRow } from "@wheelhouse/shared/queues/schedules.ts";
import { formatDateTime, formatLatency, formatSpanShort, formatTime } from "#lib/format.ts";
import { useNow } from "#lib/live/now.ts";
import { usePreferences } from "#lib/preferences.ts";
import { Status, type Tone } from "#ui/page/status.tsx";
import type { Column } from "#ui/table/table.tsx";
import { Age, TimeHeader } from "#ui/text/time.tsx";
import { RunBar } from "./run-bar.tsx";
import styles from "./schedules.module.css";

const tones: Record<string, Tone> = {
  Failed: "down",
  "Timed out": "down",
  Missed: "unknown",
  Overdue: "degraded",
  Unknown: "unknown",
  Paused: "paused",
  Running: "run",
  Waiting: "run",
  "Not run yet": "neutral",
  Ran: "neutral",
};

/** The state of a schedule; without current data it shows the last known one. */
export const ScheduleStatus = ({ row, freshness }: { row: ScheduleRow; freshness: Freshness["state"] }) =>
  freshness === "fresh" ? (
    <Status tone={tones[row.label] ?? "ok"} label={row.label} inRow={row.label !== "Paused"} />
  ) : (
    <Status tone={freshness} label={freshness === "stale" ? "Stale" : "Unknown"} was={row.label} />
  );

const None = ({ why }: { why: string }) => (
  <span className="zero" title={why}>
    –
  </span>
);

const dayMs = 86_400_000;

/** Time of day, with the date unless it is within a day. */
export const Moment = ({ at }: { at: string }) => {
  const { zone } = usePreferences();
  const nowMs = useNow();
  const isNear = Math.abs(Date.parse(at) - nowMs) < dayMs / 2;
  const full = formatDateTime(at, zone);
  return (
    <time dateTime={at} title={full}>
      {isNear ? formatTime(at, zone).slice(0, 5) : full.slice(5, 16)}
    </time>
  );
};

/** `in 16 m`, or `16 m` if short; counts down. */
export const Until = ({ at, isShort = false }: { at: string; isShort?: boolean }) => {
  const leftMs = Date.parse(at) - useNow();
  if (leftMs <= 0) return <>now</>;
  return (
    <>
      {isShort ? "" : "in "}
      {formatSpanShort(leftMs)}
    </>
  );
};

const Name = ({ row }: { row: ScheduleRow }) => {
  const line =
    row.label === "Paused" && row.paused !== null
      ? `since ${row.paused.at.slice(0, 10)}, ${row.paused.by}`
      : row.state === "ok"
        ? (row.queue?.name ?? "")
        : (row.cause ?? "");
  return (
    <>
      <span className={styles.name}>{row.name}</span>
      {line !== "" && <small title={line}>{line}</small>}
    </>
  );
};

const Next = ({ row }: { row: ScheduleRow }) =>
  row.nextAt === null ? (
    <None why={row.paused === null ? "not known" : "paused"} />
  ) : (
    <>
      <Moment at={row.nextAt} />
      <small>
        <Until at={row.nextAt} />
      </small>
    </>
  );

/** How long a run took, or has run so far. */
export const tookMs = (run: NonNullable<ScheduleRow["last"]>): number | null =>
  run.startedAt === null || run.endedAt === null ? null : Date.parse(run.endedAt) - Date.parse(run.startedAt);

const Took = ({ row }: { row: ScheduleRow }) => {
  const took = row.last === null ? null : tookMs(row.last);
  return (
    <>
      {took === null ? <None why="not known" /> : formatLatency(took)}
      <small>{row.usualMs === null ? "" : `usual ${formatLatency(row.usualMs)}`}</small>
    </>
  );
};

const columns = (freshness: Freshness["state"]): readonly Column<ScheduleRow>[] => [
  {
    id: "name",
    header: "Schedule, worst first",
    sorted: "descending",
    className: `two ${styles.first}`,
    card: "title",
    cell: (row) => <Name row={row} />,
  },
  {
    id: "runs",
    header: "Runs",
    className: `two ${styles.runs}`,
    card: "detail",
    cell: (row) => (
      <>
        {row.runs}
        <small>{row.timeZone ?? (row.pattern === null ? "" : "zone of its program")}</small>
      </>
    ),
  },
  {
    id: "next",
    header: <TimeHeader label="Next" />,
    num: true,
    className: "two",
    card: "age",
    cell: (row) => <Next row={row} />,
  },
  {
    id: "state",
    header: "Last run",
    card: "badge",
    cell: (row) => <ScheduleStatus row={row} freshness={freshness} />,
  },
  {
    id: "planned",
    header: <TimeHeader label="Planned" />,
    num: true,
    className: "two",
    drop: "first",
    cell: ({ last }) =>
      last === null ? (
        <None why="it has not run yet" />
      ) : (
        <>
          <Moment at={last.dueAt} />
          <small>
            <Age at={last.dueAt} short suffix="ago" />
          </small>
        </>
      ),
  },
  {
    id: "took",
    header: "Took",
    num: true,
    className: "two",
    drop: "second",
    cell: (row) => <Took row={row} />,
  },
  { id: "recent", header: "Last 20 runs", cell: ({ recent }) => <RunBar recent={recent} /> },
];

/** Columns by freshness of the data; constants, so that unchanged rows do not render again. */
export const scheduleColumns = {
  fresh: columns("fresh"),
  stale: columns("stale"),
  unknown: columns("unknown"),
} as const;
