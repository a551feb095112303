import { type JobRow, type JobState, jobStates } from "@wheelhouse/shared/queues/jobs.ts";
import { formatBytes } from "#lib/format.ts";
import { type Column, LiveTable } from "#ui/table/table.tsx";
import { Age, PreciseTime, TimeHeader } from "#ui/text/time.tsx";
import css from "./jobs.module.css";
import { SelectLoaded, SelectOne } from "./selection.tsx";
import { errorParts, momentOf, progressOf, tookOf, tookText } from "./words.ts";

const keyOf = ({ id }: JobRow): string => id;

const ErrorText = ({ row }: { row: JobRow }) => {
  if (row.failedReason === null) return null;
  const { lead, rest } = errorParts(row.failedReason.text);
  return (
    <span title={row.failedReason.text.slice(0, 400)}>
      {lead !== "" && <span className="tx-down b">{lead} </span>}
      <span className="c2">{rest}</span>
    </span>
  );
};

const attemptsText = ({ attemptsMade, attempts }: JobRow): string =>
  attempts === null ? String(attemptsMade) : `${attemptsMade} of ${attempts}`;

/** What tells jobs of a state apart, in the wide column. */
const detailOf = (state: JobState): { header: string; cell: (row: JobRow) => React.ReactNode } => {
  if (state === "failed") return { header: "Error", cell: (row) => <ErrorText row={row} /> };
  if (state === "active")
    return {
      header: "Progress",
      cell: ({ progress }) =>
        progress === null ? <span className="zero">–</span> : progressOf(progress).text,
    };
  return {
    header: "Made by",
    cell: ({ schedule, hasParent }) =>
      schedule !== null ? (
        <span className="c2">schedule {schedule}</span>
      ) : hasParent ? (
        <span className="c2">a flow</span>
      ) : (
        <span className="zero">–</span>
      ),
  };
};

const Dash = () => <span className="zero">–</span>;

const selectColumn: Column<JobRow> = {
  id: "select",
  header: <SelectLoaded />,
  className: css.select,
  isLead: true,
  cell: (row) => <SelectOne row={row} />,
};
const idColumn: Column<JobRow> = {
  id: "id",
  header: "Job",
  className: css.id,
  card: "age",
  cell: ({ id }) => (
    <span className={`mono ${css.cut}`} title={id}>
      {id}
    </span>
  ),
};
const nameColumn: Column<JobRow> = {
  id: "name",
  header: "Name",
  className: css.name,
  card: "title",
  cell: ({ name }) => (
    <span className={css.cut} title={name.text.slice(0, 400)}>
      {name.text}
    </span>
  ),
};
const priorityColumn: Column<JobRow> = {
  id: "priority",
  header: "Priority",
  num: true,
  className: css.short,
  cell: ({ priority }) => (priority === 0 ? <span className="zero">0</span> : priority),
};
const attemptsColumn: Column<JobRow> = {
  id: "attempts",
  header: "Attempts",
  num: true,
  className: css.short,
  cell: attemptsText,
};
const workerColumn: Column<JobRow> = {
  id: "worker",
  header: "Worker",
  drop: "first",
  className: `c2 cut ${css.worker}`,
  cell: ({ worker }) => worker ?? <Dash />,
};

/** How long a job took, has waited or will be: whatever its state leaves to say. */
const lastColumn = (state: JobState): Column<JobRow> => ({
  id: "span",
  header: state === "failed" || state === "completed" ? "Took" : state === "delayed" ? "Size" : "Since",
  num: true,
  drop: "first",
  className: css.short,
  cell: (row) => {
    if (state === "delayed") return formatBytes(row.dataBytes);
    if (state === "failed" || state === "completed") {
      const took = tookOf(row);
      return took === null ? <Dash /> : tookText(took);
    }
    const at = momentOf[state].of(row);
    return at === null ? <Dash /> : <Age at={at} short />;
  },
});

const columnsOf = (
  state: JobState,
  order: "newest" | "oldest",
  canAct: boolean,
): readonly Column<JobRow>[] => {
  const moment = momentOf[state];
  const detail = detailOf(state);
  return [
    ...(canAct ? [selectColumn] : []),
    idColumn,
    nameColumn,
    { id: "detail", header: detail.header, className: "cut", card: "detail", cell: detail.cell },
    ...(state === "prioritized" || state === "delayed" ? [priorityColumn] : []),
    attemptsColumn,
    {
      id: "moment",
      header: <TimeHeader label={moment.header} />,
      num: true,
      className: css.moment,
      card: "badge",
      sorted: order === "newest" ? "descending" : "ascending",
      cell: (row) => {
        const at = moment.of(row);
        return at === null ? <Dash /> : <PreciseTime at={at} />;
      },
    },
    lastColumn(state),
    workerColumn,
  ];
};

/** Each set is a constant, so that unchanged rows do not render again. */
const columns = new Map(
  jobStates.flatMap((state) =>
    (["newest", "oldest"] as const).flatMap((order) =>
      [true, false].map(
        (canAct) => [`${state} ${order} ${canAct}`, columnsOf(state, order, canAct)] as const,
      ),
    ),
  ),
);

/** Jobs of one state; they keep their places while somebody reads. */
export const JobTable = (props: {
  rows: readonly JobRow[];
  state: JobState;
  order: "newest" | "oldest";
  canAct: boolean;
  openKey: string | undefined;
  onOpen: (id: string) => void;
  hrefOf: (id: string) => string;
}) => {
  const { rows, state, order, canAct, openKey, onOpen, hrefOf } = props;
  return (
    <LiveTable
      caption={`Jobs, ${order} first`}
      className={`compact cards ${css.list}`}
      columns={columns.get(`${state} ${order} ${canAct}`) ?? []}
      rows={rows}
      keyOf={keyOf}
      openKey={openKey}
      onOpen={onOpen}
      hrefOf={hrefOf}
    />
  );
};
