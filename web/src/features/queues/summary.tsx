import { formatCount } from "#lib/format.ts";
import styles from "./queues.module.css";
import type { QueuesState, QueueView } from "./views.ts";

type Totals = { waiting: number; active: number; delayed: number; failed: number };

/** Jobs of all queues by state. */
const totalJobs = (views: readonly QueueView[]): Totals =>
  views.reduce<Totals>(
    (sum, { row: { counts } }) => ({
      waiting: sum.waiting + counts.waiting + counts.prioritized,
      active: sum.active + counts.active,
      delayed: sum.delayed + counts.delayed,
      failed: sum.failed + counts.failed,
    }),
    { waiting: 0, active: 0, delayed: 0, failed: 0 },
  );

const phrases: readonly { label: string; words: string; tone: string }[] = [
  { label: "No worker", words: "without worker", tone: "tx-down" },
  { label: "Old jobs", words: "with old jobs", tone: "tx-warn" },
  { label: "Failing", words: "failing", tone: "tx-warn" },
  { label: "Paused", words: "paused", tone: "" },
];

/** Number of queues, their problems and the total jobs. */
export const QueuesSummary = ({ views, shown }: { views: readonly QueueView[]; shown: number }) => {
  const unread = views.filter(({ row }) => row.isUnread === true).length;
  const total = totalJobs(views);
  return (
    <div className="sum pad">
      <span>
        <b>{formatCount(shown)}</b>
        {shown === views.length ? "" : ` of ${formatCount(views.length)}`}{" "}
        {views.length === 1 ? "queue" : "queues"}
      </span>
      {phrases.map(({ label, words, tone }) => {
        const count = views.filter(({ row }) => row.label === label).length;
        return count === 0 ? null : (
          <span key={label} className={tone}>
            <b>{count}</b> {words}
          </span>
        );
      })}
      {unread > 0 && (
        <span>
          <b>{unread}</b> cannot be read
        </span>
      )}
      {unread < views.length || unread === 0 ? (
        <span className="c3">
          {formatCount(total.waiting)} waiting · {formatCount(total.active)} active ·{" "}
          {formatCount(total.delayed)} delayed · {formatCount(total.failed)} failed
        </span>
      ) : null}
    </div>
  );
};

/** Columns of the workers, one row per host. */
export const workerColumns = [
  { id: "host", header: "Host", cell: (worker: QueuesState["workers"][number]) => worker.host },
  {
    id: "queues",
    header: "Listens to",
    className: styles.listens ?? "",
    cell: (worker: QueuesState["workers"][number]) => worker.queues.join(", "),
  },
  {
    id: "workers",
    header: "Workers",
    num: true,
    cell: (worker: QueuesState["workers"][number]) => formatCount(worker.workers),
  },
] as const;
