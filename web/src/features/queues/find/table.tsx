import { Link } from "@tanstack/react-router";
import type { FoundJob } from "@wheelhouse/shared/queues/find.ts";
import { useMemo } from "react";
import { formatLatency } from "#lib/format.ts";
import { useMinute } from "#lib/live/now.ts";
import { Status } from "#ui/page/status.tsx";
import { type Column, Table } from "#ui/table/table.tsx";
import { Age, Time, TimeHeader } from "#ui/text/time.tsx";
import css from "./search.module.css";
import { keyOfJob, noteOf, stateTones, stateWords, tookMsOf } from "./view.ts";

const Matched = ({ row, isSought }: { row: FoundJob; isSought: boolean }) => {
  const nowMs = useMinute();
  const note = noteOf(row, nowMs);
  return (
    <>
      {row.matched.slice(0, isSought ? 2 : 1).map(({ path, value }) => (
        <span key={path} className={`mono cut ${css.field}`} title={`data.${path}: ${value}`}>
          data.{path}: {isSought ? <mark className={css.hit}>{value}</mark> : value}
        </span>
      ))}
      <small title={note}>{note}</small>
    </>
  );
};

const Took = ({ row }: { row: FoundJob }) => {
  const tookMs = tookMsOf(row);
  return tookMs === null ? <span className="c3">–</span> : formatLatency(tookMs);
};

/** A job that has left Redis has no page of its own. */
const JobLink = (props: { organization: string; job: Pick<FoundJob, "id" | "name" | "queue" | "state"> }) => {
  const { organization, job } = props;
  if (job.state === "removed") return <b title={job.name}>{job.name}</b>;
  return (
    <Link
      className={`b ${css.job}`}
      to="/o/$org/queues/jobs"
      params={{ org: organization }}
      search={{ queue: job.queue, state: job.state, job: job.id }}
      title={`Open ${job.name} ${job.id}`}
    >
      {job.name}
    </Link>
  );
};

const columnsOf = (organization: string, isSought: boolean): readonly Column<FoundJob>[] => [
  {
    id: "state",
    header: "State",
    card: "badge",
    className: css.colState,
    cell: ({ state }) => <Status tone={stateTones[state]} label={stateWords[state]} inRow />,
  },
  {
    id: "job",
    header: "Job",
    card: "title",
    className: `two cut ${css.colJob}`,
    cell: ({ id, name, queue, state }) => (
      <>
        <JobLink organization={organization} job={{ id, name, queue, state }} />
        <small className="mono" title={id}>
          {id}
        </small>
      </>
    ),
  },
  {
    id: "queue",
    header: "Queue",
    className: `cut ${css.colQueue}`,
    cell: ({ queue, queueName }) => (
      <Link
        className="link"
        to="/o/$org/queues/jobs"
        params={{ org: organization }}
        search={{ queue }}
        title={`Open the queue ${queueName}`}
      >
        {queueName}
      </Link>
    ),
  },
  {
    id: "matched",
    header: isSought ? "Matched field" : "First field",
    card: "detail",
    className: `two cut ${css.colMatched}`,
    cell: (row) => <Matched row={row} isSought={isSought} />,
  },
  {
    id: "added",
    header: <TimeHeader label="Added" />,
    num: true,
    sorted: "descending",
    card: "age",
    className: `two ${css.colAdded}`,
    cell: ({ addedAt }) => (
      <>
        <Time at={addedAt} />
        <small>
          <Age at={addedAt} suffix="ago" />
        </small>
      </>
    ),
  },
  {
    id: "took",
    header: "Took",
    num: true,
    className: css.colTook,
    cell: (row) => <Took row={row} />,
  },
];

const rowClass = ({ state }: FoundJob): string =>
  state === "completed" || state === "removed" ? "quiet" : "";

/** Jobs that match. */
export const FoundTable = (props: {
  organization: string;
  rows: readonly FoundJob[];
  /** The filter has a condition on fields, which the rows then show. */
  isSought: boolean;
}) => {
  const { organization, rows, isSought } = props;
  const columns = useMemo(() => columnsOf(organization, isSought), [organization, isSought]);
  return (
    <Table
      caption="Jobs that match, newest first"
      className={`cards ${css.table}`}
      columns={columns}
      rows={rows}
      keyOf={keyOfJob}
      rowClass={rowClass}
    />
  );
};
